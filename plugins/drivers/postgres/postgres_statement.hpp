// SPDX-License-Identifier: Apache-2.0
// A statement that is prepared on the server: under a name that is made of its text, or without one in each exchange
// that executes it (Connection::is_one_shot).
#pragma once

#include <kdeps/cpp/driver.hpp>
#include <kdeps/cpp/sets.hpp>
#include <list>
#include <optional>
#include <span>
#include <string>

#include "postgres_copy.hpp"
#include "postgres_rows.hpp"

namespace kdeps::postgres {

// One thread; dies before its connection.
class Statement {
public:
    Statement(Connection& connection, const Call& call, std::string_view sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    // The slots of kdeps.driver/1.
    void describe(Call& call, ArrowSchema* parameters, ArrowSchema* columns);
    // True if it was sent: the execute that follows only receives.
    bool send(Call& call, std::span<const kdeps_cell> parameters);
    Outcome execute(Call& call, std::span<const kdeps_cell> parameters, ArrowArrayStream* rows);
    void execute_batch(Call& call, columns::Stream parameters, ArrowArrayStream* rows, kdeps_batch& batch);
    std::uint32_t effects() const noexcept;

private:
    // The statement with some types of parameters declared: where the server finds none, or takes a number for a text,
    // the type is that of the value.
    struct Form {
        std::vector<Oid> declared;  // 0 = the server's to find
        std::string name;
        Description description;
        std::optional<RowReader> reader = std::nullopt;  // of its rows
        std::optional<Error> fault = std::nullopt;       // why the server does not take it
        bool has_run = false;                            // well, since it was prepared
    };
    // How types of parameters that follow a table's columns are kept from outliving a change of the table.
    enum class Guard { not_asked, not_needed, witness, parse_each_time };

    void ask_surroundings(const Call& call);
    void prepare(const Call& call, Form& form, Exchange exchange = Exchange::ends);
    void prepare_anew(const Call& call);
    void drop_forms();
    void note_lost_names(const Call& call);
    bool is_out_of_date(const PGresult* failed) const;
    // The form that suits the values, prepared.
    Form& form_for(const Call& call, std::span<const kdeps_cell> parameters);
    Form& declared_form(const Call& call, std::vector<Oid> declared);
    Form& form_of_undetermined(const Call& call, std::span<const kdeps_cell> parameters);
    static std::vector<Oid> declared_for(const std::vector<Oid>& found, std::span<const kdeps_cell> parameters);
    void bind(const Form& form, std::span<const kdeps_cell> parameters);
    // False if the types were others, and the forms are new.
    bool set_guard(const Call& call, const Form& form);
    // Opens the exchange that executes the form, in which it is prepared, or its guard looks on.
    void open_exchange(const Call& call, Form& form, bool is_guarded);
    // The same for one-shot: with the types that suit the values.
    void open_one_shot(const Call& call, std::span<const kdeps_cell> parameters);
    Effect effect_alone(const Call& call);
    void send_now(const Call& call, std::span<const kdeps_cell> parameters);
    // Nothing if the plan was stale and the statement may be prepared and run again.
    std::optional<Outcome> run(const Call& call, ArrowArrayStream* rows);
    Form& form_for_batch(const Call& call, const Sets& sets);
    void read_guard_of_batch();
    void run_batch(Call& call, const Sets& sets, ArrowArrayStream* rows, kdeps_batch& batch);
    // COPY instead of the statement; false if it was not done, and nothing of it is left.
    bool copy_batch(Call& call, const Sets& sets, kdeps_batch& batch);
    bool copy_behind_savepoint(Call& call, const Sets& sets, std::size_t count);
    bool copy_rows(const Call& call, const Sets& sets, std::size_t count);
    bool suits_copy(const Call& call, const char* before);
    // Ends the exchange; returns if `failed` says that the statement did not run, is out of date and may be run again,
    // else throws.
    void end_failed(const Call& call, Result failed);

    Connection& connection_;
    std::string sql_;
    std::list<Form> forms_;  // the first declares nothing
    Form* form_ = nullptr;   // that was sent last
    Form unnamed_;           // of the running exchange, where it is prepared there
    std::optional<Surroundings> surroundings_;
    Guard guard_ = Guard::not_asked;
    std::string witness_;  // its name
    unsigned generation_ = 0;
    Parameters parameters_;
    std::optional<CopyTarget> copy_;  // none if the text is not a plain INSERT
    bool is_copy_known_ = false;      // its table was such that COPY does the same
    bool is_copy_refused_ = false;
    bool has_odd_value_ = false;        // that has no binary form here
    std::optional<Error> out_of_date_;  // why it was prepared again last
    bool is_stale_ = false;             // must be prepared again before it runs
    bool is_guard_sent_ = false;        // its answer is to come
    // A pooler gives the same statement of the server for the same text, also after the tables were altered.
    bool is_always_unnamed_ = false;
    bool is_sent_ = false;  // by send(), and not received
};

// Throws Error (INVALID_ARGUMENT) if a statement with `wanted` parameters was given another number of values.
void expect_count(std::size_t wanted, std::size_t given);

// The statement has not run, because the server has forgotten it or the table's columns are others.
bool is_stale_plan(const PGresult* failed);

}  // namespace kdeps::postgres

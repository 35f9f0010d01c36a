// SPDX-License-Identifier: Apache-2.0
// One session: its transaction, its prepared statements, the types that it has met.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "postgres_link.hpp"
#include "postgres_options.hpp"
#include "postgres_surroundings.hpp"
#include "postgres_types.hpp"

namespace kdeps::postgres {

class Statement;

// Where the exchange that prepares a statement ends: with it, or after what is sent next.  Behind a pooler an exchange
// that stays open keeps the session, and with it the statement.
enum class Exchange { ends, stays_open };

// What the server says about a prepared statement.
struct Description {
    struct Column {
        std::string name;
        Oid type;
    };
    std::vector<Oid> parameters;
    std::vector<Column> columns;
};

// Servers that were found not to keep prepared statements between transactions: poolers.  Any thread.
class ForgetfulServers {
public:
    void add(const std::string& address);
    bool has(const std::string& address) const;

private:
    mutable std::mutex mutex_;  // guards addresses_
    std::set<std::string> addresses_;
};

// The name of a statement, or another that it got, is unknown in this session or means another statement: a pooler
// stands between, and statements need none from now on.  Nothing of the statement has run.
struct NamesAreNotKept {};

// One thread, but for cancel().  Outlives its statements.
class Connection {
public:
    // The servers outlive it.
    Connection(const Call& call, const Options& options, ForgetfulServers& forgetful);

    // The slots of kdeps.driver/1.
    std::string_view server() const { return server_; }
    void ping(Call& call);
    // Does not wait for the answers: the next exchange reads them first.
    void reset(Call& call);
    void cancel() noexcept { link_.wake(); }
    std::unique_ptr<Statement> prepare(Call& call, std::string_view sql);
    // Sends nothing: it goes with the next statement.
    void begin(Call& call, std::uint32_t isolation, bool is_read_only);
    void commit(Call& call);
    void rollback(Call& call);
    State state() const noexcept;

    // For statements.
    Link& link() { return link_; }
    const Types& types() const { return types_; }
    // The session may be another after each transaction: a statement is prepared in the exchange that executes it.
    bool is_one_shot() const { return is_one_shot_; }
    // In a transaction that `begin` began READ ONLY, and that nothing has made another since.
    bool is_read_only() const { return is_read_only_ && begun_ == Begun::open; }
    // Of a prepared statement that is new in this session.
    std::string new_name(const std::string& sql, const std::vector<Oid>& declared);
    // Prepares on the server, in one round trip; another one when a type of the database is met for the first time.
    // Throws NamesAreNotKept.
    Description describe(const Call& call, const std::string& name, const std::string& sql,
                         const std::vector<Oid>& declared, Exchange exchange);
    // The same, but where it fails the transaction goes on.
    Description try_describe(const Call& call, const std::string& name, const std::string& sql,
                             const std::vector<Oid>& declared);
    // Prepares the witness, and tells whether the statement's parameters are of these types while it stands.
    bool prepare_witness(const Call& call, const std::string& name, const std::string& witness, const std::string& sql,
                         const std::vector<Oid>& declared, const std::vector<Oid>& types);
    Surroundings surroundings(const Call& call, const std::string& sql);
    // Deallocated together with the next exchange outside of a transaction.
    void forget(std::string name) {
        if (names_.contains(name)) forgotten_.push_back(std::move(name));
    }
    // The session has no statement of that name.  A pooler may go on to keep it for this client, and is given another.
    void release_name(const std::string& name) {
        if (!is_pooled_) names_.erase(name);
    }
    // Statements that were prepared in another generation are to be prepared again.
    unsigned generation() const { return generation_; }
    // A transaction that a batch began was committed by its own exchange.
    void end_own() { begun_ = Begun::none; }
    // A statement of the user has been executed to its end.
    void note_statement(std::string_view sql);
    void note_touched() { is_untouched_ = false; }
    // Statements have no names from now on.
    void give_up_names();
    // The session does not know a name: a statement of the user has deallocated all, or a pooler has given another
    // session, and then statements have no names from now on.
    void note_missing_name();

    // Starts an exchange with what waits to be sent: deallocations, BEGIN.
    void open_exchange(const Call& call, Effect effect);
    // Reads the answers to that; of no effect if they were read.
    void read_preface();
    // Ends the exchange and throws what `failed` tells.
    [[noreturn]] void fail(Result failed, std::string_view doing, std::string_view sql = {});

    bool is_pooled() const { return is_pooled_; }
    bool is_failed() const { return !is_resetting_ && link_.transaction() == PQTRANS_INERROR; }
    bool is_idle() const { return pending_begin_.empty() && (is_resetting_ || link_.transaction() == PQTRANS_IDLE); }
    // After a failure: if the transaction began with this exchange, nothing of it is lost, and it is made to begin
    // again.
    bool begin_again(const Call& call);

private:
    // What has become of the transaction that `begin` began.
    enum class Begun { none, open, ended };

    void run_alone(const char* sql, std::string_view doing);
    void queue_undo();
    Result read_undo();
    void finish_reset(const Call& call);
    Description read_description(const std::string& sql);
    bool has_text_format(const Description& description) const;
    void expect_not_stopped();
    void look_up(const Call& call, std::vector<Oid> oids);
    std::vector<std::string> session_parameters() const;

    Link link_;
    Types types_;
    std::string server_;
    ForgetfulServers& forgetful_;
    const std::string address_;
    bool is_one_shot_ = false;
    bool is_pooled_ = false;  // seen: the process that answers is not the one that the connection was opened to
    bool needs_iso_dates_ = false;
    std::string pending_begin_;  // not sent yet; empty = none
    std::string begun_with_;     // sent with the running exchange
    Begun begun_ = Begun::none;
    bool is_read_only_ = false;
    std::size_t prefaces_ = 0;   // deallocations whose answers are to come
    bool has_begun_ = false;     // the answer to BEGIN is to come
    bool is_resetting_ = false;  // the answers to the reset are to come
    bool is_untouched_ = true;
    std::vector<std::string> opened_with_;  // session_parameters
    std::vector<std::string> forgotten_;
    std::set<std::string> names_;          // that the session has
    std::vector<std::string> undo_names_;  // of what a reset runs; empty until the first
    std::map<std::string, Surroundings, std::less<>> surroundings_;
    unsigned generation_ = 0;
};

}  // namespace kdeps::postgres

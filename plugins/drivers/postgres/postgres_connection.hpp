// SPDX-License-Identifier: Apache-2.0
// One session: its transaction, its prepared statements, the types that it has met.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "postgres_link.hpp"
#include "postgres_options.hpp"
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

// One thread, but for cancel().  Outlives its statements.
class Connection {
public:
    Connection(const Call& call, const Options& options);

    // The slots of kdeps.driver/1.
    std::string_view server() const { return server_; }
    void ping(Call& call);
    void reset(Call& call);
    void cancel() noexcept { link_.wake(); }
    std::unique_ptr<Statement> prepare(Call& call, std::string_view sql);
    // Sends nothing: it goes with the next statement.
    void begin(Call& call, std::uint32_t isolation, bool is_read_only);
    void commit(Call& call);
    void rollback(Call& call);

    // For statements.
    Link& link() { return link_; }
    const Types& types() const { return types_; }
    // The session may be another after each transaction: a statement is prepared in the exchange that executes it.
    bool is_one_shot() const { return is_one_shot_; }
    // Of a prepared statement; empty, the one that the next replaces, if it is one-shot.
    std::string new_name();
    // Prepares on the server, in one round trip; another one when a type of the database is met for the first time.
    Description describe(const Call& call, const std::string& name, const std::string& sql, Exchange exchange);
    // Deallocated together with the next exchange outside of a transaction.
    void forget(std::string name) {
        if (!name.empty()) forgotten_.push_back(std::move(name));
    }

    // Starts an exchange with what waits to be sent: deallocations, BEGIN.
    void open_exchange(const Call& call, Effect effect);
    // Reads the answers to that; of no effect if they were read.
    void read_preface();
    // Ends the exchange and throws what `failed` tells.
    [[noreturn]] void fail(Result failed, std::string_view doing, std::string_view sql = {});

    bool is_idle() const { return pending_begin_.empty() && link_.transaction() == PQTRANS_IDLE; }
    // After a failure: if the transaction began with this exchange, nothing of it is lost, and it is made to begin
    // again.
    bool begin_again(const Call& call);

private:
    void run_alone(const char* sql, std::string_view doing);
    Description read_description(const std::string& sql);
    bool has_text_format(const Description& description) const;
    void expect_not_stopped();
    void look_up(const Call& call, std::vector<Oid> oids);

    Link link_;
    Types types_;
    std::string server_;
    const bool is_one_shot_;
    bool needs_iso_dates_ = false;
    std::string pending_begin_;  // not sent yet; empty = none
    std::string begun_with_;     // sent with the running exchange
    bool has_preface_ = false;   // the answers to the deallocations are to come
    bool has_begun_ = false;     // the answer to BEGIN is to come
    std::vector<std::string> forgotten_;
    unsigned names_ = 0;
};

}  // namespace kdeps::postgres

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
    std::string new_name();
    // Prepares on the server, in one round trip; another one when a type of the database is met for the first time.
    Description describe(const Call& call, const std::string& name, const std::string& sql);
    // Deallocated together with the next exchange outside of a transaction.
    void forget(std::string name) { forgotten_.push_back(std::move(name)); }

    // Starts an exchange with what waits to be sent: deallocations, BEGIN.
    void open_exchange(const Call& call, Effect effect);
    // Reads the answers to that.
    void read_preface();
    // Ends the exchange and throws what `failed` tells.
    [[noreturn]] void fail(Result failed, std::string_view doing, std::string_view sql = {});

    bool is_idle() const { return pending_begin_.empty() && link_.transaction() == PQTRANS_IDLE; }
    // After a failure: if the transaction began with this exchange, nothing of it is lost, and it is made to begin
    // again.
    bool begin_again(const Call& call);

private:
    void run_alone(const char* sql, std::string_view doing);
    void look_up(const Call& call, std::vector<Oid> oids);

    Link link_;
    Types types_;
    std::string server_;
    bool needs_iso_dates_ = false;
    std::string pending_begin_;  // not sent yet; empty = none
    std::string begun_with_;     // sent with the running exchange
    bool has_preface_ = false;
    std::vector<std::string> forgotten_;
    unsigned names_ = 0;
};

}  // namespace kdeps::postgres

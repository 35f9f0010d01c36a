// SPDX-License-Identifier: Apache-2.0
#include "step.hpp"

#include <algorithm>
#include <charconv>
#include <random>
#include <thread>

#include "lease.hpp"

namespace kdeps::sql {

namespace {

// Sets per transaction of a batch that commits by itself in chunks.
constexpr std::size_t kChunk = 5000;

std::optional<bool> truth(const Config& config) {
    if (const auto given = config.boolean()) return given;
    const std::string_view text = config.string();
    if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
    if (text == "false" || text == "no" || text == "off" || text == "0") return false;
    return std::nullopt;
}

std::optional<std::size_t> number(const Config& config) {
    std::int64_t out = 0;
    if (const auto given = config.integer()) {
        out = *given;
    } else {
        const std::string_view text = config.string();
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
        if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
    }
    return out < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(out));
}

constexpr std::pair<std::string_view, std::uint32_t> kIsolations[] = {
    {"read uncommitted", KDEPS_ISOLATION_READ_UNCOMMITTED},
    {"read committed", KDEPS_ISOLATION_READ_COMMITTED},
    {"repeatable read", KDEPS_ISOLATION_REPEATABLE_READ},
    {"serializable", KDEPS_ISOLATION_SERIALIZABLE},
    {"snapshot", KDEPS_ISOLATION_SNAPSHOT}};

// Some rows of a stream of batches, so that a batch can be sent in chunks.
class SomeSets final : public BatchSource {
public:
    SomeSets(columns::Array& all, const columns::Schema& schema, std::int64_t from, std::int64_t count)
        : all_(all), schema_(schema), from_(from), count_(count) {}

    void schema(ArrowSchema* out) override { borrow(schema_.get(), out); }
    bool next(ArrowArray* out) override {
        if (is_given_) return false;
        is_given_ = true;
        borrow(all_.get(), out);
        out->length = count_;
        // Every child starts further in; a struct's own offset would be added by some readers and not by others.
        children_.assign(all_->children, all_->children + all_->n_children);
        copies_.clear();
        for (const ArrowArray* child : children_) {
            ArrowArray copy = *child;
            copy.offset += from_;
            copy.length = count_;
            copy.release = [](ArrowArray* array) { array->release = nullptr; };
            copies_.push_back(copy);
        }
        pointers_.clear();
        for (ArrowArray& copy : copies_) pointers_.push_back(&copy);
        out->children = pointers_.data();
        return true;
    }

private:
    // The chunks share what the whole batch owns, which outlives them.
    template <typename Struct>
    static void borrow(const Struct* from, Struct* out) {
        *out = *from;
        out->release = [](Struct* borrowed) { borrowed->release = nullptr; };
    }

    columns::Array& all_;
    const columns::Schema& schema_;
    const std::int64_t from_;
    const std::int64_t count_;
    bool is_given_ = false;
    std::vector<ArrowArray*> children_;
    std::vector<ArrowArray> copies_;
    std::vector<ArrowArray*> pointers_;
};

}  // namespace

const char* const kStepSchema = R"({
  "type": "object",
  "properties": {
    "connectionName": {"type": "string", "x-kdeps-read": "literal", "examples": ["analytics"]},
    "connection": {"type": "string", "x-kdeps-read": "template", "examples": ["sqlite://./cache.db"]},
    "query": {"type": "string", "x-kdeps-read": "template", "examples": ["SELECT * FROM users WHERE id = $1"]},
    "params": {"type": ["array", "object", "string"], "examples": ["[get('id')]"]},
    "paramsBatch": {"type": ["array", "string"], "examples": ["[[1, a], [2, b]]"]},
    "queries": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["query"],
        "properties": {
          "name": {"type": "string", "x-kdeps-read": "literal"},
          "query": {"type": "string", "x-kdeps-read": "template"},
          "params": {"type": ["array", "object", "string"]},
          "paramsBatch": {"type": ["array", "string"]}
        }
      }
    },
    "transaction": {
      "type": ["boolean", "object"],
      "x-kdeps-read": "literal",
      "properties": {
        "isolation": {"type": "string", "examples": ["serializable"]},
        "readOnly": {"type": "boolean"},
        "retries": {"type": "integer", "minimum": 0, "maximum": 100}
      }
    },
    "format": {"type": "string", "x-kdeps-read": "literal", "enum": ["json", "csv", "table"]},
    "maxRows": {"type": "integer", "x-kdeps-read": "literal", "minimum": 0},
    "maxResultBytes": {"type": "integer", "x-kdeps-read": "literal", "minimum": 1},
    "pool": {
      "type": "object",
      "x-kdeps-read": "literal",
      "properties": {
        "maxConnections": {"type": "integer", "minimum": 1, "maximum": 10000},
        "minConnections": {"type": "integer", "minimum": 0, "maximum": 10000},
        "maxIdleTime": {"type": "string"},
        "maxLifetime": {"type": "string"},
        "connectionTimeout": {"type": "string"}
      }
    }
  }
})";

Step::Step(Connections& connections, const Config& config, const Call& call)
    : connections_(connections), config_(config) {
    read_connection(call);
    const kdeps_driver* driver =
        named_ != nullptr && named_->pool != nullptr ? named_->pool->database().driver : nullptr;
    const Config queries = config["queries"];
    if (queries.is_list()) {
        is_list_ = true;
        if (config.has("query")) {
            call.report(KDEPS_FAULT_ERROR, config["query"], "query and queries cannot stand together");
        }
        if (queries.size() == 0) call.report(KDEPS_FAULT_ERROR, queries, "queries is empty");
        for (std::size_t i = 0; i < queries.size(); ++i)
            queries_.push_back(std::make_unique<Query>(call, queries.at(i), driver));
    } else {
        queries_.push_back(std::make_unique<Query>(call, config, driver));
    }
    read_transaction(call);
    const std::string_view format = config["format"].string();
    format_ = format == "csv" ? Format::csv : format == "table" ? Format::table : Format::json;
    max_rows_ = number(config["maxRows"]);
    max_bytes_ = number(config["maxResultBytes"]);
    const Config pool = config["pool"];
    if (pool.is_map()) {
        const PoolOptions given =
            read_pool_options(call, pool, named_ == nullptr ? PoolOptions() : named_->options.pool);
        url_pool_ = given;
        if (pool.has("connectionTimeout")) connection_timeout_ = given.connection_timeout;
        if (named_ != nullptr && given.max_connections < named_->options.pool.max_connections) {
            limiter_ = std::make_unique<Limiter>(given.max_connections);
        }
    }
}

void Step::read_connection(const Call& call) {
    const Config name = config_["connectionName"];
    url_ = config_["connection"];
    const auto known = [&](const Config& at) {
        const std::string wanted(at.string());
        named_ = connections_.find(wanted);
        if (named_ == nullptr) {
            const std::vector<std::string> names = connections_.names();
            call.report(KDEPS_FAULT_ERROR, at,
                        "connection '" + wanted + "' is not declared" + call.did_you_mean(wanted, names) +
                            (names.empty() ? "; settings.sqlConnections is missing" : ""));
        }
    };
    if (name.get() != nullptr && !name.is_null()) {
        known(name);
        url_ = {};
    } else if (url_.get() == nullptr || url_.is_null()) {
        call.report(KDEPS_FAULT_ERROR, config_,
                    "connectionName is required (or connection, a URL). Example: connectionName: analytics");
    } else if (url_.is_string() && url_.string().find("://") == std::string_view::npos) {
        known(url_);
        url_ = {};
    } else if (url_.is_string()) {
        try {
            connections_.open_database(call, url_.string(), "connection");
        } catch (const Error& error) {
            call.report(KDEPS_FAULT_ERROR, url_, "connection: " + error.message);
        }
    }
}

void Step::read_transaction(const Call& call) {
    const Config given = config_["transaction"];
    if (given.get() == nullptr || given.is_null()) return;
    if (!given.is_map()) {
        if (truth(given).value_or(false)) transaction_ = TransactionOptions();
        return;
    }
    TransactionOptions options;
    options.is_read_only = truth(given["readOnly"]).value_or(false);
    options.retries = static_cast<int>(number(given["retries"]).value_or(0));
    if (const std::string_view text = given["isolation"].string(); !text.empty()) {
        std::string word(text);
        for (char& c : word)
            c = c == '_' || c == '-' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        const auto* found = std::find_if(std::begin(kIsolations), std::end(kIsolations),
                                         [&](const auto& one) { return one.first == word; });
        if (found != std::end(kIsolations)) {
            options.isolation = found->second;
        } else {
            call.report(KDEPS_FAULT_ERROR, given["isolation"],
                        "isolation: '" + std::string(text) +
                            "' is not accepted. Available options: [read uncommitted, read committed, repeatable read, "
                            "serializable, snapshot]");
        }
    }
    transaction_ = options;
}

std::shared_ptr<Pool> Step::pool_for(const Call& call, ResultLimits& limits) const {
    limits.max_rows = max_rows_;
    limits.max_bytes = max_bytes_.value_or(ConnectionOptions().max_result_bytes);
    const Named* named = named_;
    std::shared_ptr<Pool> pool;
    if (named == nullptr) {
        std::string text(url_.is_string() ? url_.string() : std::string_view());
        if (url_.is_evaluated()) text = std::string(call.evaluate(url_).string());
        if (text.find("://") != std::string::npos) {
            pool = connections_.for_url(call, text, url_pool_);
        } else if ((named = connections_.find(text)) == nullptr) {
            throw Error(KDEPS_INVALID_ARGUMENT,
                        "connection '" + text + "' is not declared" + call.did_you_mean(text, connections_.names()));
        }
    }
    if (named != nullptr) {
        pool = named->pool;
        if (!max_bytes_) limits.max_bytes = named->options.max_result_bytes;
    }
    return pool;
}

// What a call has under way.
struct Step::Running {
    struct Sent {
        Lease lease;
        Bound bound;
        kdeps_statement* statement;
    };

    Activity activity;
    std::unique_ptr<Sent> sent;
};

std::shared_ptr<Step::Running> Step::register_call(const Call& call) {
    const std::lock_guard lock(mutex_);
    auto& running = running_[call.get()];
    if (running == nullptr) running = std::make_shared<Running>();
    return running;
}

void Step::forget_call(const Call& call) {
    const std::lock_guard lock(mutex_);
    running_.erase(call.get());
}

kdeps_status Step::start(Call& call) {
    if (is_list_ || transaction_ || limiter_ != nullptr || named_ == nullptr || queries_[0]->is_batch())
        return KDEPS_UNSUPPORTED;
    const std::shared_ptr<Pool>& pool = named_->pool;
    const kdeps_driver& driver = *pool->database().driver;
    const StatementText& text = queries_[0]->text_for(driver);
    if (!text.is_fixed()) return KDEPS_UNSUPPORTED;
    bool is_full = false;
    auto connection = pool->try_acquire(call, is_full);
    if (connection == nullptr) return is_full ? KDEPS_EXHAUSTED : KDEPS_UNSUPPORTED;
    const std::shared_ptr<Running> running = register_call(call);
    auto sent = std::unique_ptr<Running::Sent>(
        new Running::Sent{{call, pool, std::move(connection), running->activity}, {}, nullptr});
    sent->statement = sent->lease.find_prepared(text.pieces[0].sql);
    bool is_sent = false;
    try {
        if (sent->statement != nullptr) {
            queries_[0]->bind(call, text, sent->bound);
            const kdeps_status status =
                driver.send(sent->statement, call.get(), sent->bound.cells.data(), sent->bound.cells.size());
            if (status != KDEPS_UNSUPPORTED) sent->lease.expect(status);
            is_sent = status == KDEPS_OK;
        }
    } catch (const Error& error) {
        // run meets it again, and reports it.
        if (sent->statement != nullptr) sent->lease.forget(sent->statement);
    }
    if (is_sent) {
        running->sent = std::move(sent);
    } else {
        sent.reset();
        forget_call(call);
    }
    return is_sent ? KDEPS_OK : KDEPS_UNSUPPORTED;
}

Value Step::run(Call& call) {
    ResultLimits limits;
    const std::shared_ptr<Pool> pool = pool_for(call, limits);
    const nanoseconds timeout = connection_timeout_ ? std::min(*connection_timeout_, pool->options().connection_timeout)
                                                    : pool->options().connection_timeout;

    const std::shared_ptr<Running> running = register_call(call);
    struct Registered {
        Step& step;
        const Call& call;
        ~Registered() { step.forget_call(call); }
    };
    const Registered registered{*this, call};
    if (running->sent != nullptr) {
        const std::unique_ptr<Running::Sent> sent = std::move(running->sent);
        return execute(call, sent->lease, sent->statement, sent->bound, limits);
    }

    std::optional<Limiter::Place> place;
    if (limiter_ != nullptr) {
        if (!limiter_->enter(call, timeout)) {
            if (call.state() == KDEPS_CANCELLED) call.check();
            throw Error(KDEPS_EXHAUSTED,
                        "'" + std::string(call.resource()) +
                            "' may use only the connections of run.sql.pool at once, and all were in use");
        }
        place.emplace(limiter_.get());
    }
    for (int attempt = 0;; ++attempt) {
        try {
            Lease lease(call, pool, timeout, running->activity);
            return transaction_ ? run_in_transaction(call, lease, limits) : run_all(call, lease, limits);
        } catch (const Error& error) {
            if (!transaction_ || attempt >= transaction_->retries || error.retry != KDEPS_RETRY_SAME ||
                call.state() != KDEPS_OK)
                throw;
        }
        // Those that met once should not meet again.
        thread_local std::minstd_rand random(std::random_device{}());
        const int most = 10 << std::min(attempt, 6);
        std::this_thread::sleep_for(std::min<nanoseconds>(
            call.remaining(), std::chrono::milliseconds(std::uniform_int_distribution(1, most)(random))));
    }
}

void Step::cancel(Call& call) {
    std::shared_ptr<Running> running;
    {
        const std::lock_guard lock(mutex_);
        const auto found = running_.find(call.get());
        if (found != running_.end()) running = found->second;
    }
    if (running != nullptr) running->activity.cancel();
}

void Step::fail(Error error, std::size_t query) const {
    if (is_list_) {
        const std::string& name = queries_[query]->name();
        error.message =
            "query " + std::to_string(query) + (name.empty() ? "" : " ('" + name + "')") + ": " + error.message;
    }
    throw Error(std::move(error));
}

Value Step::run_all(const Call& call, Lease& lease, const ResultLimits& limits) const {
    if (!is_list_) return run_query(call, lease, *queries_[0], limits, false);
    const Value list = call.list();
    for (std::size_t i = 0; i < queries_.size(); ++i) {
        try {
            call.push(list, run_query(call, lease, *queries_[i], limits, false));
        } catch (Error& error) {
            fail(std::move(error), i);
        }
    }
    return list;
}

Value Step::run_in_transaction(const Call& call, Lease& lease, const ResultLimits& limits) const {
    const kdeps_driver& driver = lease.driver();
    const kdeps_status began =
        driver.begin(lease.handle(), call.get(), transaction_->isolation, transaction_->is_read_only ? 1 : 0);
    if (began == KDEPS_UNSUPPORTED)
        throw Error(KDEPS_UNSUPPORTED, "the driver '" + std::string(to_view(driver.name)) + "' has no transactions");
    lease.expect(began);
    try {
        Value out = is_list_ ? call.list() : Value();
        for (std::size_t i = 0; i < queries_.size(); ++i) {
            try {
                Value one = run_query(call, lease, *queries_[i], limits, true);
                if (is_list_) {
                    call.push(out, one);
                } else {
                    out = one;
                }
            } catch (Error& error) {
                fail(std::move(error), i);
            }
        }
        lease.expect(driver.commit(lease.handle(), call.get()));
        return out;
    } catch (const Error& error) {
        // A failed commit has ended the transaction; a rollback is harmless then.  Its own error would hide the cause.
        if (lease.is_usable()) {
            const Error cause = error;
            if (driver.rollback(lease.handle(), call.get()) == KDEPS_OK) {
                lease.repair();
            } else {
                Error broken(KDEPS_INTERNAL, "");
                broken.damage = KDEPS_DAMAGE_CONNECTION;
                lease.note(broken);
            }
            throw Error(cause);
        }
        throw;
    }
}

Value Step::run_query(const Call& call, Lease& lease, const Query& query, const ResultLimits& limits,
                      bool is_in_transaction) const {
    if (query.is_batch()) return run_batch(call, lease, query, limits, is_in_transaction);
    const StatementText& text = query.text_for(lease.driver());
    Bound bound;
    query.bind(call, text, bound);
    kdeps_statement* statement =
        text.is_fixed() ? lease.prepare(text.pieces[0].sql) : lease.prepare(query.sql(call, text, lease.driver()));
    return execute(call, lease, statement, bound, limits);
}

Value Step::execute(const Call& call, Lease& lease, kdeps_statement* statement, const Bound& bound,
                    const ResultLimits& limits) const {
    try {
        ArrowArrayStream raw{};
        kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
        lease.expect(
            lease.driver().execute(statement, call.get(), bound.cells.data(), bound.cells.size(), &raw, &outcome));
        if (raw.release == nullptr) return counts(call, outcome);
        return read_rows(call, columns::Stream(&raw), format_, limits);
    } catch (const Error& error) {
        lease.note(error);
        lease.forget(statement);
        throw;
    }
}

Value Step::run_batch(const Call& call, Lease& lease, const Query& query, const ResultLimits& limits,
                      bool is_in_transaction) const {
    const kdeps_driver& driver = lease.driver();
    const StatementText& text = query.text_for(driver);
    Batch batch = query.bind_batch(call, text);
    std::vector<std::int64_t> affected(batch.count, -1);
    if (batch.count == 0) return batch_counts(call, affected);
    ArrowSchema raw_schema{};
    ArrowArray raw_array{};
    if (batch.sets->get_schema(batch.sets.get(), &raw_schema) != 0) throw call.error(KDEPS_INTERNAL);
    const columns::Schema schema(&raw_schema);
    if (batch.sets->get_next(batch.sets.get(), &raw_array) != 0) throw call.error(KDEPS_INTERNAL);
    columns::Array all(&raw_array);
    kdeps_statement* statement =
        text.is_fixed() ? lease.prepare(text.pieces[0].sql) : lease.prepare(query.sql(call, text, driver));

    // Within a transaction all at once; else chunks that commit by themselves.
    const std::size_t chunk = is_in_transaction ? batch.count : kChunk;
    std::optional<Value> rows;
    std::size_t done = 0;
    bool is_open = false;
    try {
        while (done < batch.count) {
            const std::size_t count = std::min(chunk, batch.count - done);
            if (!is_in_transaction) {
                const kdeps_status began = driver.begin(lease.handle(), call.get(), KDEPS_ISOLATION_DEFAULT, 0);
                if (began != KDEPS_UNSUPPORTED) {
                    lease.expect(began);
                    is_open = true;
                }
            }
            ArrowArrayStream sets{};
            make_stream(std::make_unique<SomeSets>(all, schema, static_cast<std::int64_t>(done),
                                                   static_cast<std::int64_t>(count)),
                        call, &sets);
            ArrowArrayStream returned{};
            kdeps_batch counts_of{sizeof(kdeps_batch), 0, count, affected.data() + done};
            lease.expect(driver.execute_batch(statement, call.get(), &sets, &returned, &counts_of));
            if (returned.release != nullptr) {
                Value more = read_rows(call, columns::Stream(&returned), format_, limits);
                if (!rows) {
                    rows = more;
                } else if (rows->is_string()) {
                    // The header of a further chunk is not repeated.
                    const std::string_view next = more.string();
                    rows = call.string(std::string(rows->string()) +
                                       std::string(next.substr(std::min(next.find('\n') + 1, next.size()))));
                } else {
                    const Value joined = call.list();
                    for (const Value& part : {*rows, more}) {
                        for (std::size_t i = 0; i < part.size(); ++i) call.push(joined, part.at(i));
                    }
                    rows = joined;
                }
            }
            if (is_open) {
                lease.expect(driver.commit(lease.handle(), call.get()));
                is_open = false;
            }
            done += count;
        }
    } catch (Error& error) {
        lease.note(error);
        if (is_open && lease.is_usable()) {
            if (driver.rollback(lease.handle(), call.get()) == KDEPS_OK) lease.repair();
        }
        lease.forget(statement);
        if (error.batch_set >= 0) {
            error.batch_set += static_cast<std::int64_t>(done);
            error.message = "paramsBatch[" + std::to_string(error.batch_set) + "]: " + error.message;
            if (!is_in_transaction && done > 0)
                error.message += "; the first " + std::to_string(done) + " sets are committed";
        }
        throw Error(std::move(error));
    }
    return rows ? *rows : batch_counts(call, affected);
}

}  // namespace kdeps::sql

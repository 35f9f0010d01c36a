// SPDX-License-Identifier: Apache-2.0
#include "step.hpp"

#include <algorithm>
#include <charconv>

#include "seconds_text.hpp"

namespace kdeps::sql {

namespace {

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

}  // namespace

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
    for (const auto& query : queries_) {
        const std::string_view sql = query->source().source();
        const std::size_t word = std::min(sql.find_first_not_of(" \t\r\n"), sql.size());
        if (sql.size() - word > 6 && (sql.substr(word, 6) == "CREATE" || sql.substr(word, 6) == "create"))
            connections_.note_created(sql);
    }
    read_transaction(call);
    if (transaction_ && driver != nullptr) {
        // Not an error: onError may be there for it.  The step refuses itself before it sends anything.
        for (const auto& query : queries_) {
            const StatementText& text = query->look(*driver);
            const std::string fault = transaction_fault(text);
            if (!fault.empty()) call.report(KDEPS_FAULT_WARNING, query->source(), fault, text.transaction.offset);
        }
    }
    const std::string_view format = config["format"].string();
    format_ = format == "csv" ? Format::csv : format == "table" ? Format::table : Format::json;
    max_rows_ = number(config["maxRows"]);
    max_bytes_ = number(config["maxResultBytes"]);
    if (config["pool"].is_map()) read_pool(call);
}

// Narrows the pool of a named connection, or tells what the one of a URL is like.
void Step::read_pool(const Call& call) {
    const Config pool = config_["pool"];
    const PoolOptions of_connection = named_ == nullptr ? PoolOptions() : named_->options.pool;
    const PoolOptions given = read_pool_options(call, pool, of_connection);
    url_pool_ = given;
    if (pool.has("connectionTimeout")) connection_timeout_ = given.connection_timeout;
    if (named_ == nullptr || named_->pool == nullptr) return;
    const std::string& name = named_->pool->database().name;
    const auto warn = [&](std::string_view key, const std::string& why) {
        if (!pool.has(key)) return;
        call.report(KDEPS_FAULT_WARNING, pool[key], "run.sql.pool." + std::string(key) + " has no effect: " + why);
    };
    if (given.max_connections > of_connection.max_connections) {
        warn("maxConnections", "connection '" + name + "' has " + std::to_string(of_connection.max_connections) +
                                   ", which a resource can only narrow");
    }
    if (given.connection_timeout > of_connection.connection_timeout) {
        warn("connectionTimeout", "connection '" + name + "' has " + seconds_text(of_connection.connection_timeout) +
                                      ", which a resource can only narrow");
    }
    for (const char* key : {"minConnections", "maxIdleTime", "maxLifetime"}) {
        warn(key, "all resources share the connections; write it in settings.sqlConnections." + name + ".pool");
    }
    if (given.max_connections < of_connection.max_connections) {
        limiter_ = std::make_unique<Limiter>(name, given.max_connections);
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

bool Step::is_read_only_request(const Call& call, const ConnectionOptions& options) {
    if (!options.is_read_only_on_get || call.info("route").is_null()) return false;
    const Value method = call.info("method");
    return method.string() == "GET" || method.string() == "HEAD";
}

Step::Target Step::target(const Call& call) const {
    Target out;
    out.limits.max_rows = max_rows_;
    out.limits.max_bytes = max_bytes_.value_or(ConnectionOptions().max_result_bytes);
    out.transaction = transaction_;
    const Named* named = named_;
    if (named == nullptr) {
        std::string text(url_.is_string() ? url_.string() : std::string_view());
        if (url_.is_evaluated()) text = std::string(call.evaluate(url_).string());
        if (text.find("://") != std::string::npos) {
            out.pool = connections_.for_url(call, text, url_pool_);
        } else if ((named = connections_.find(text)) == nullptr) {
            throw Error(KDEPS_INVALID_ARGUMENT,
                        "connection '" + text + "' is not declared" + call.did_you_mean(text, connections_.names()));
        }
    }
    if (named != nullptr) {
        out.pool = named->pool;
        if (!max_bytes_) out.limits.max_bytes = named->options.max_result_bytes;
        if (is_read_only_request(call, named->options)) {
            out.is_read_only_request = true;
            if (!out.transaction) out.transaction = TransactionOptions();
            out.transaction->is_read_only = true;
        }
    }
    out.timeout = out.pool->options().connection_timeout;
    if (connection_timeout_) out.timeout = std::min(out.timeout, *connection_timeout_);
    return out;
}

}  // namespace kdeps::sql

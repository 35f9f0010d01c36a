// SPDX-License-Identifier: Apache-2.0
#include "core/engine/session_file.hpp"

#include <kdeps/arrow.h>

#include "core/engine/lease.hpp"

namespace kdeps::engine {

using value::Value;

namespace {

// The row of the session itself, with its version and the time of its last use: a session may exist before its first
// value.
constexpr const char* kMark = "";

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

kdeps_cell to_cell(const Value& value) {
    kdeps_cell cell{};
    if (value.is_int()) {
        cell.kind = KDEPS_INT;
        cell.as.i = value.integer();
    } else {
        cell.kind = KDEPS_STRING;
        cell.as.s = {value.text().data(), value.text().size()};
    }
    return cell;
}

}  // namespace

SessionFile::SessionFile(plugin::Registry& plugins, std::string folder, const std::string& path,
                         std::chrono::nanoseconds ttl)
    : plugins_(plugins), folder_(std::move(folder)), ttl_(ttl) {
    const auto driver = plugins.bind<kdeps_driver>(KDEPS_DRIVER_ID, "sqlite");
    if (!driver) {
        throw Error(Status::not_found,
                    "sessions in a file need the sqlite driver; install the package kdeps-driver-sqlite, or set "
                    "KDEPS_PLUGIN_PATH");
    }
    driver_ = *driver;
    const std::string url =
        "sqlite://" + std::string(path.starts_with('/') || path.starts_with('.') ? "" : "./") + path;
    try {
        open(writer_, url);
        // Readers and one writer do not wait for each other.
        execute(writer_, "PRAGMA journal_mode = WAL", {}, {});
        execute(writer_, "PRAGMA synchronous = NORMAL", {}, {});
        execute(writer_,
                "CREATE TABLE IF NOT EXISTS sessions (session_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT, used_at "
                "INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (session_id, key)) WITHOUT ROWID",
                {}, {});
        // A file of the first form has no versions.
        const Value columns =
            execute(writer_, "SELECT 1 AS there FROM pragma_table_info('sessions') WHERE name = 'version'", {}, {});
        if (columns.size() == 0)
            execute(writer_, "ALTER TABLE sessions ADD COLUMN version INTEGER NOT NULL DEFAULT 0", {}, {});
        execute(writer_, "DROP INDEX IF EXISTS sessions_used_at", {}, {});
        execute(writer_, "CREATE INDEX IF NOT EXISTS sessions_age ON sessions (used_at) WHERE key = ''", {}, {});
        open(reader_, url);
    } catch (...) {
        close();
        throw;
    }
}

SessionFile::~SessionFile() { close(); }

void SessionFile::open(Connection& connection, const std::string& url) {
    kdeps_target target{};
    target.struct_size = sizeof(target);
    target.url = {url.data(), url.size()};
    target.folder = {folder_.data(), folder_.size()};
    target.name = {"sessions", 8};
    kdeps_call_ call(plugins_, "sessions", folder_);
    call.deadline = Deadline::after(kLongestWait);
    const kdeps_status status = driver_.table->open(driver_.instance, &call, &target, &connection.handle);
    if (status != KDEPS_OK) {
        connection.handle = nullptr;
        throw call.failure(status, driver_.plugin->manifest().id);
    }
}

void SessionFile::close() {
    for (Connection* connection : {&reader_, &writer_}) {
        if (connection->handle != nullptr) driver_.table->close(std::exchange(connection->handle, nullptr));
    }
}

Value SessionFile::execute(const Connection& connection, const std::string& sql, const std::vector<Value>& parameters,
                           const Patience& patience) {
    kdeps_call_ call(plugins_, "sessions", folder_);
    call.deadline = earlier(patience.deadline, Deadline::after(kLongestWait));
    call.stop = patience.stop;
    const auto expect = [&](kdeps_status status) {
        if (status != KDEPS_OK) {
            Error error = call.failure(status, driver_.plugin->manifest().id);
            error.message = "sessions: " + error.message;
            throw Error(std::move(error));
        }
    };
    struct Prepared {
        const kdeps_driver& driver;
        kdeps_statement* statement = nullptr;
        ~Prepared() {
            if (statement != nullptr) driver.finalize(statement);
        }
    } prepared{*driver_.table};
    expect(driver_.table->prepare(connection.handle, &call, {sql.data(), sql.size()}, &prepared.statement));
    std::vector<kdeps_cell> cells;
    for (const Value& parameter : parameters) cells.push_back(to_cell(parameter));
    ArrowArrayStream rows{};
    kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
    expect(driver_.table->execute(prepared.statement, &call, cells.data(), cells.size(), &rows, &outcome));
    return rows.release == nullptr ? Value() : Value::table(value::Table::from_stream(&rows));
}

std::int64_t SessionFile::oldest() const {
    return now_ms() - std::chrono::duration_cast<std::chrono::milliseconds>(ttl_).count();
}

std::optional<SessionFile::News> SessionFile::load(const std::string& id, std::int64_t since,
                                                   const Patience& patience) {
    const Lease lease(reader_.mutex, patience);
    const Value rows = execute(reader_,
                               "SELECT key, value, version FROM sessions WHERE session_id = ? AND (key = '' OR version "
                               "> ?) AND (SELECT used_at FROM sessions WHERE session_id = ? AND key = '') >= ?",
                               {id, since, id, oldest()}, patience);
    if (rows.size() == 0) return std::nullopt;
    News news;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Value row = rows.at(i);
        const Value key = row.find("key").value_or(Value());
        const Value text = row.find("value").value_or(Value());
        if (key.is_string() && key.text() == kMark) {
            const Value version = row.find("version").value_or(Value());
            news.version = version.is_int() ? version.integer() : 0;
        } else if (key.is_string() && text.is_string()) {
            news.values.emplace_back(key.text(), value::parse_json(text.text()));
        }
    }
    return news;
}

std::optional<Value> SessionFile::update(const std::string& id, const std::string& key, const Change& change,
                                         const Patience& patience) {
    const Lease lease(writer_.mutex, patience);
    execute(writer_, "BEGIN IMMEDIATE", {}, patience);
    try {
        const Value rows =
            execute(writer_, "SELECT value FROM sessions WHERE session_id = ? AND key = ?", {id, key}, patience);
        const Value text = rows.size() == 0 ? Value() : rows.at(0).find("value").value_or(Value());
        Value value = text.is_string() ? value::parse_json(text.text()) : Value();
        if (!change(value)) {
            execute(writer_, "ROLLBACK", {}, {});
            return std::nullopt;
        }
        constexpr const char* kUpsert =
            "INSERT INTO sessions (session_id, key, value, used_at, version) VALUES (?, ?, ?, ?, 1 + coalesce((SELECT "
            "max(version) FROM sessions WHERE session_id = ?), 0)) ON CONFLICT (session_id, key) DO UPDATE SET value = "
            "excluded.value, used_at = excluded.used_at, version = excluded.version";
        // The row of the session comes last: its version is the highest.
        execute(writer_, kUpsert, {id, key, value::to_json(value), now_ms(), id}, patience);
        execute(writer_, kUpsert, {id, kMark, "null", now_ms(), id}, patience);
        execute(writer_, "COMMIT", {}, patience);
        return value;
    } catch (...) {
        try {
            execute(writer_, "ROLLBACK", {}, {});
        } catch (const Error&) {  // it has ended by itself
        }
        throw;
    }
}

void SessionFile::write(const std::string& sql, const std::vector<Value>& parameters, const Patience& patience) {
    const Lease lease(writer_.mutex, patience);
    execute(writer_, sql, parameters, patience);
}

void SessionFile::make(const std::string& id, const Patience& patience) {
    write("INSERT INTO sessions (session_id, key, value, used_at) VALUES (?, ?, ?, ?)", {id, kMark, "null", now_ms()},
          patience);
}

void SessionFile::touch(const std::string& id, const Patience& patience) {
    // Others may be writing: a request that only reads does not wait for them long.
    constexpr auto kPatience = std::chrono::milliseconds(100);
    try {
        write("UPDATE sessions SET used_at = ? WHERE session_id = ? AND key = ?", {now_ms(), id, kMark},
              {earlier(patience.deadline, Deadline::after(kPatience)), patience.stop});
    } catch (...) {
        log::debug("the use of a session is not noted: " + current_error().message);
    }
}

void SessionFile::forget_old() {
    constexpr std::int64_t kAtOnce = 200;  // between two batches others may write
    while (true) {
        const Lease lease(writer_.mutex, {});
        const Value old = execute(writer_, "SELECT session_id FROM sessions WHERE key = '' AND used_at < ? LIMIT ?",
                                  {oldest(), kAtOnce}, {});
        if (old.size() == 0) return;
        execute(writer_,
                "DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE key = '' AND used_at "
                "< ? LIMIT ?)",
                {oldest(), kAtOnce}, {});
    }
}

}  // namespace kdeps::engine

// SPDX-License-Identifier: Apache-2.0
#include "core/engine/session_file.hpp"

#include <kdeps/arrow.h>

namespace kdeps::engine {

using value::Value;

namespace {

// An empty row keeps the session itself: a session may exist before its first value.
constexpr const char* kMark = "";
constexpr auto kTimeout = std::chrono::seconds(5);

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
    kdeps_target target{};
    target.struct_size = sizeof(target);
    target.url = {url.data(), url.size()};
    target.folder = {folder_.data(), folder_.size()};
    target.name = {"sessions", 8};
    kdeps_call_ call(plugins_, "sessions", folder_);
    call.deadline = Deadline::after(kTimeout);
    const kdeps_status status = driver_.table->open(driver_.instance, &call, &target, &connection_);
    if (status != KDEPS_OK) {
        throw call.failure(status, driver_.plugin->manifest().id);
    }
    try {
        execute(
            "CREATE TABLE IF NOT EXISTS sessions (session_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT, used_at "
            "INTEGER NOT NULL, PRIMARY KEY (session_id, key)) WITHOUT ROWID",
            {});
        execute("CREATE INDEX IF NOT EXISTS sessions_used_at ON sessions (used_at)", {});
    } catch (...) {
        driver_.table->close(connection_);
        throw;
    }
}

SessionFile::~SessionFile() { driver_.table->close(connection_); }

Value SessionFile::execute(const std::string& sql, const std::vector<Value>& parameters) {
    const std::lock_guard lock(mutex_);
    kdeps_call_ call(plugins_, "sessions", folder_);
    call.deadline = Deadline::after(kTimeout);
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
    expect(driver_.table->prepare(connection_, &call, {sql.data(), sql.size()}, &prepared.statement));
    std::vector<kdeps_cell> cells;
    for (const Value& parameter : parameters) cells.push_back(to_cell(parameter));
    ArrowArrayStream rows{};
    kdeps_outcome outcome{sizeof(kdeps_outcome), 0, -1, -1};
    expect(driver_.table->execute(prepared.statement, &call, cells.data(), cells.size(), &rows, &outcome));
    return rows.release == nullptr ? Value() : Value::table(value::Table::from_stream(&rows));
}

std::optional<std::vector<std::pair<std::string, Value>>> SessionFile::load(const std::string& id) {
    const std::int64_t oldest = now_ms() - std::chrono::duration_cast<std::chrono::milliseconds>(ttl_).count();
    const Value rows = execute(
        "SELECT key, value FROM sessions WHERE session_id = ? AND (SELECT max(used_at) FROM sessions WHERE session_id "
        "= ?) >= ?",
        {id, id, oldest});
    if (rows.size() == 0) {
        return std::nullopt;
    }
    std::vector<std::pair<std::string, Value>> out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Value row = rows.at(i);
        const Value key = row.find("key").value_or(Value());
        const Value text = row.find("value").value_or(Value());
        if (key.is_string() && !key.text().empty() && text.is_string())
            out.emplace_back(key.text(), value::parse_json(text.text()));
    }
    touch(id);
    return out;
}

void SessionFile::save(const std::string& id, const std::string& key, const Value& value) {
    execute(
        "INSERT INTO sessions (session_id, key, value, used_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (session_id, key) DO UPDATE SET value = excluded.value, used_at = excluded.used_at",
        {id, key, value::to_json(value), now_ms()});
}

void SessionFile::touch(const std::string& id) { save(id, kMark, Value()); }

void SessionFile::forget_old() {
    const std::int64_t oldest = now_ms() - std::chrono::duration_cast<std::chrono::milliseconds>(ttl_).count();
    execute(
        "DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions GROUP BY session_id HAVING "
        "max(used_at) < ?)",
        {oldest});
}

}  // namespace kdeps::engine

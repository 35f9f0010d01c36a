// SPDX-License-Identifier: Apache-2.0
#include "sqlite_open.hpp"

#include <unistd.h>

#include <cstdio>

namespace kdeps::sqlite {
namespace {

constexpr std::string_view kDoing = "cannot open the database";

// RFC 3986: everything but unreserved characters and '/'.
std::string percent_encode(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                              std::string_view("-._~/").find(c) != std::string_view::npos;
        if (is_plain) {
            out += c;
        } else {
            out += '%';
            out += kHex[byte >> 4U];
            out += kHex[byte & 15U];
        }
    }
    return out;
}

std::string uri_of(const Options& options) {
    std::string uri = "file:" + percent_encode(options.file.native());
    uri += options.mode == Mode::read_only ? "?mode=ro" : options.mode == Mode::read_write ? "?mode=rw" : "?mode=rwc";
    if (options.has_shared_cache) uri += "&cache=shared";
    if (options.is_immutable) uri += "&immutable=1";
    return uri;
}

int open_uri(const std::string& uri, Database& out) {
    sqlite3* raw = nullptr;
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(uri.c_str(), &raw, flags, nullptr);
    out.reset(raw);
    return code;
}

// Why a file cannot be opened, better than SQLite's "unable to open database file".
std::string why_not(const Options& options, sqlite3* db) {
    const std::filesystem::path folder = options.file.parent_path();
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored)) {
        const std::string shown = std::filesystem::path(options.path).parent_path().native();
        return "its folder '" + shown + "' does not exist; create the folder or mend the path";
    }
    if (std::filesystem::is_directory(options.file, ignored)) return "it is a folder; add the name of the file";
    if (!std::filesystem::exists(options.file, ignored)) {
        if (options.mode != Mode::create) return "the file does not exist, and mode=ro and mode=rw do not create it";
        if (access(folder.c_str(), W_OK | X_OK) != 0) return "permission denied to create it in its folder";
    } else if (access(options.file.c_str(), R_OK) != 0) {
        return "permission denied to read it";
    } else if (options.mode != Mode::read_only && access(folder.c_str(), W_OK | X_OK) != 0) {
        return "permission denied to write in its folder, where SQLite keeps its journal; or say mode=ro";
    }
    return sqlite3_errmsg(db);
}

std::string cannot_open(const Options& options, sqlite3* db) {
    return "cannot open the database file '" + options.file.filename().native() + "': " + why_not(options, db);
}

Error open_error(const Options& options, Database& db, int code) {
    if (db == nullptr) throw std::bad_alloc();
    Error error = error_of(db.get(), code, {.doing = kDoing});
    if (!options.is_memory && (code & 0xFF) == SQLITE_CANTOPEN) error.message = cannot_open(options, db.get());
    return error;
}

// Sets a PRAGMA and returns what SQLite says that it is now; empty if it says nothing.
std::string set(Link& link, const std::string& name, const std::string& value) {
    std::string now;
    const std::string sql = "PRAGMA " + name + "=" + value;
    const auto keep = [](void* out, int count, char** values, char**) {
        if (count > 0 && values[0] != nullptr) *static_cast<std::string*>(out) = values[0];
        return 0;
    };
    if (const int code = sqlite3_exec(link.db(), sql.c_str(), keep, &now, nullptr); code != SQLITE_OK) {
        throw link.error(code, "cannot set " + name + " of the database");
    }
    return now;
}

void set_journal(Link& link, const Options& options) {
    const std::string* wanted = options.pragma("journal_mode");
    if (wanted != nullptr) {
        if (const std::string now = set(link, "journal_mode", *wanted); now != *wanted) {
            throw Error(KDEPS_UNSUPPORTED, "journal_mode=" + *wanted +
                                               " is not possible for this database, which stays in mode " + now +
                                               "; remove the option");
        }
        return;
    }
    // A wish of this driver only: a folder that cannot be written, or a lock, leaves the file as it is.
    try {
        set(link, "journal_mode", "wal");
    } catch (const Error& error) {
        if (error.status != KDEPS_FORBIDDEN && error.sqlstate != "55P03" && error.sqlstate != "08001") throw;
    }
}

bool is_wal(sqlite3* db) {
    std::string mode;
    const auto keep = [](void* out, int, char** values, char**) {
        *static_cast<std::string*>(out) = values[0];
        return 0;
    };
    return sqlite3_exec(db, "PRAGMA journal_mode", keep, &mode, nullptr) == SQLITE_OK && mode == "wal";
}

// The first read: whether it is a database at all.
void check_file(Link& link, const Options& options) {
    const int code = sqlite3_exec(link.db(), "PRAGMA schema_version", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return;
    Error error = link.error(code, kDoing);
    if ((code & 0xFF) == SQLITE_CANTOPEN) error.message = cannot_open(options, link.db());
    throw error;
}

}  // namespace

std::string MemoryDatabases::uri(std::string_view pool) {
    // The address makes it unique in this process, and a database in memory is not seen by any other.
    char owner[32];
    std::snprintf(owner, sizeof(owner), "%p", static_cast<const void*>(this));
    std::string uri = "file:/kdeps-" + std::string(owner) + "-" + percent_encode(pool) + "?vfs=memdb";
    const std::lock_guard lock(mutex_);
    Database& kept = kept_[std::string(pool)];
    if (kept == nullptr) {
        if (const int code = open_uri(uri, kept); code != SQLITE_OK) {
            throw Error(KDEPS_EXHAUSTED, "cannot open a database in memory: " + std::string(sqlite3_errstr(code)));
        }
    }
    return uri;
}

void open_link(const Call& call, const Options& options, const std::string& memory_uri, Link& link) {
    link.close();  // first: it may hold a lock on the whole file
    Database db;
    if (const int code = open_uri(options.is_memory ? memory_uri : uri_of(options), db); code != SQLITE_OK) {
        throw open_error(options, db, code);
    }
    link.open(std::move(db));
    const Link::Use use(link, call);
    if (!options.is_memory) check_file(link, options);
    const bool can_write = sqlite3_db_readonly(link.db(), "main") == 0 && !options.is_immutable;
    const auto apply = [&](bool before_journal) {
        for (const auto& [name, value] : options.pragmas) {
            const bool is_before = name == "page_size" || name == "auto_vacuum" || name == "locking_mode";
            if (name != "journal_mode" && is_before == before_journal) set(link, name, value);
        }
    };
    apply(true);
    if (can_write && !options.is_memory) set_journal(link, options);
    if (options.pragma("foreign_keys") == nullptr) set(link, "foreign_keys", "on");
    // In WAL mode normal cannot damage the database, only lose the last commits when the power fails
    // (sqlite.org/pragma.html).
    if (options.pragma("synchronous") == nullptr && can_write && is_wal(link.db())) set(link, "synchronous", "normal");
    apply(false);
    link.set_untouched();
}

}  // namespace kdeps::sqlite

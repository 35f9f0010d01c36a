// SPDX-License-Identifier: Apache-2.0
// A driver without a database that breaks the contract in one way, which CRIME names.  Otherwise it answers every
// statement with 900 rows of one column, or one row with a 1 for the text "SELECT 1 AS one".
#include <fcntl.h>
#include <kdeps/kdeps.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace {

enum class Crime {
    leaks_a_stream,
    stream_fails_silently,
    foreign_format,
    shows_the_password,
    close_leaks_a_file,
    accepts_nonsense,
    describes_nothing
};
constexpr Crime kCrime = Crime::CRIME;
constexpr bool is(Crime crime) { return kCrime == crime; }

constexpr kdeps_str str(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(kdeps_str text) { return {text.data, text.size}; }

const kdeps_host* host = nullptr;

struct Connection {
    int file = -1;
};

struct Statement {
    std::int64_t rows = 0;
};

// A result of one column of integers.
struct Result {
    std::int64_t rows;
    std::array<std::int64_t, 900> values;
    std::array<const void*, 2> buffers;
    std::array<const void*, 1> no_nulls;
    ArrowArray column;
    ArrowArray* children[1];
};

kdeps_status fail(kdeps_call* call, kdeps_status status, std::string_view message) {
    kdeps_error error{};
    error.struct_size = sizeof(error);
    error.status = status;
    error.sql_offset = -1;
    error.batch_set = -1;
    error.message = str(message);
    return host->fail(call, &error);
}

kdeps_status open_connection(kdeps_instance*, kdeps_call* call, const kdeps_target* target, kdeps_connection** out) {
    if (view(target->url).find(".invalid") != std::string_view::npos) {
        const std::string shown = is(Crime::shows_the_password) ? std::string(view(target->url)) : "the host";
        return fail(call, KDEPS_UNAVAILABLE,
                    "cannot reach " + shown.substr(shown.find("://") == std::string::npos ? 0 : shown.find("://") + 3));
    }
    *out = reinterpret_cast<kdeps_connection*>(
        new Connection{is(Crime::close_leaks_a_file) ? open("/dev/null", O_RDONLY) : -1});
    return KDEPS_OK;
}

kdeps_status prepare(kdeps_connection*, kdeps_call* call, kdeps_str sql, kdeps_statement** out) {
    if (view(sql).starts_with("THIS") && !is(Crime::accepts_nonsense))
        return fail(call, KDEPS_INVALID_ARGUMENT, "the statement is wrong");
    *out = reinterpret_cast<kdeps_statement*>(new Statement{view(sql).ends_with("AS one") ? 1 : 900});
    return KDEPS_OK;
}

int get_schema(ArrowArrayStream*, ArrowSchema* out) {
    static thread_local ArrowSchema column;
    static thread_local std::array<ArrowSchema*, 1> children = {&column};
    const auto release = [](ArrowSchema* schema) { schema->release = nullptr; };
    column = {is(Crime::foreign_format) ? "+w:3" : "l", "one", nullptr, 0, 0, nullptr, nullptr, release, nullptr};
    *out = {"+s", "", nullptr, 0, 1, children.data(), nullptr, release, nullptr};
    return 0;
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
    if constexpr (is(Crime::stream_fails_silently)) return EIO;
    *out = {};
    if (stream->private_data == nullptr) return 0;
    // The batch owns it from here: it may outlive the stream.
    auto& result = *static_cast<Result*>(std::exchange(stream->private_data, nullptr));
    const auto release = [](ArrowArray* array) { array->release = nullptr; };
    const auto release_all = [](ArrowArray* array) {
        delete static_cast<Result*>(array->private_data);
        array->release = nullptr;
    };
    for (std::size_t i = 0; i < result.values.size(); ++i) result.values[i] = static_cast<std::int64_t>(i + 1);
    result.buffers = {nullptr, result.values.data()};
    result.no_nulls = {nullptr};
    result.column = {result.rows, 0, 0, 2, 0, result.buffers.data(), nullptr, nullptr, release, nullptr};
    result.children[0] = &result.column;
    *out = {result.rows, 0, 0, 1, 1, result.no_nulls.data(), result.children, nullptr, release_all, &result};
    return 0;
}

void give(std::int64_t rows, ArrowArrayStream* out) {
    auto* const result = new Result{};
    result->rows = rows;
    *out = {get_schema, get_next, [](ArrowArrayStream*) -> const char* { return "the stream broke"; },
            [](ArrowArrayStream* stream) {
                delete static_cast<Result*>(stream->private_data);
                stream->release = nullptr;
            },
            result};
}

kdeps_status execute(kdeps_statement* statement, kdeps_call*, const kdeps_cell*, size_t, ArrowArrayStream* rows,
                     kdeps_outcome*) {
    give(reinterpret_cast<Statement*>(statement)->rows, rows);
    return KDEPS_OK;
}

kdeps_status execute_batch(kdeps_statement*, kdeps_call*, ArrowArrayStream* parameters, ArrowArrayStream* rows,
                           kdeps_batch*) {
    if constexpr (!is(Crime::leaks_a_stream)) parameters->release(parameters);
    give(1, rows);
    return KDEPS_OK;
}

constexpr kdeps_driver driver() {
    kdeps_driver out{};
    out.struct_size = sizeof(out);
    out.name = str(CRIME_NAME);
    out.schemes = str(CRIME_NAME);
    out.placeholders = KDEPS_PLACEHOLDER_QUESTION;
    out.quote = str("\"\"");
    out.open = open_connection;
    out.close = [](kdeps_connection* connection) { delete reinterpret_cast<Connection*>(connection); };
    out.prepare = prepare;
    out.execute = execute;
    out.execute_batch = execute_batch;
    if constexpr (is(Crime::describes_nothing)) {
        out.describe = [](kdeps_statement*, kdeps_call*, ArrowSchema*, ArrowSchema*) -> kdeps_status {
            return KDEPS_OK;
        };
    }
    out.finalize = [](kdeps_statement* statement) { delete reinterpret_cast<Statement*>(statement); };
    return out;
}
constexpr kdeps_driver kDriver = driver();

constexpr kdeps_plugin plugin() {
    kdeps_plugin out{};
    out.struct_size = sizeof(out);
    out.abi_major = KDEPS_ABI_MAJOR;
    out.abi_minor = KDEPS_ABI_MINOR;
    out.id = str("com.example." CRIME_NAME);
    out.version = str("1.0.0");
    out.summary = str("Misbehaves on purpose");
    out.init = [](const kdeps_host* given, kdeps_call*, kdeps_instance** instance) -> kdeps_status {
        host = given;
        *instance = nullptr;
        return KDEPS_OK;
    };
    out.get_interface = [](kdeps_instance*, const char* id) -> const void* {
        return std::strcmp(id, KDEPS_DRIVER_ID) == 0 ? &kDriver : nullptr;
    };
    out.shutdown = [](kdeps_instance*) {};
    return out;
}
constexpr kdeps_plugin kPlugin = plugin();

}  // namespace

extern "C" const kdeps_plugin* kdeps_plugin_entry_v1(void) { return &kPlugin; }

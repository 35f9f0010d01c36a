// SPDX-License-Identifier: Apache-2.0
// The type matrix of a driver: a parameter of each kind, sent and read back.
#include <array>
#include <limits>

#include "core/cli/conformance/checks.hpp"
#include "core/cli/conformance/driver_session.hpp"

namespace kdeps::conformance {

namespace {

struct Sample {
    std::string_view kind;
    std::string_view sent;  // as the report shows it
    kdeps_cell cell;
};

std::vector<Sample> samples() {
    const auto text = [](kdeps_kind kind, std::string_view value) {
        kdeps_cell cell{kind, 0, {}};
        cell.as.s = to_str(value);
        return cell;
    };
    const auto integer = [](kdeps_kind kind, std::int64_t value) {
        kdeps_cell cell{kind, 0, {}};
        cell.as.i = value;
        return cell;
    };
    const auto number = [](double value) {
        kdeps_cell cell{KDEPS_DOUBLE, 0, {}};
        cell.as.d = value;
        return cell;
    };
    using namespace std::string_view_literals;
    return {
        {"null", "null", kdeps_cell{KDEPS_NULL, 0, {}}},
        {"bool", "true", integer(KDEPS_BOOL, 1)},
        {"int", "0", integer(KDEPS_INT, 0)},
        {"int", "-9223372036854775808", integer(KDEPS_INT, std::numeric_limits<std::int64_t>::min())},
        {"int", "9223372036854775807", integer(KDEPS_INT, std::numeric_limits<std::int64_t>::max())},
        {"double", "0.1", number(0.1)},
        {"double", "-1.7976931348623157e+308", number(std::numeric_limits<double>::lowest())},
        {"decimal", "12345678901234567890.123456789", text(KDEPS_DECIMAL, "12345678901234567890.123456789")},
        {"string", "''", text(KDEPS_STRING, "")},
        {"string", "quotes and marks", text(KDEPS_STRING, "it's \"quoted\" \\ ? $1 %s; -- \xc3\xa9\xf0\x9f\x98\x80")},
        {"bytes", "00 ff 0a", text(KDEPS_BYTES, "\0\xff\n"sv)}};
}

}  // namespace

void check_driver_types(const Options& options, const Quirks& quirks, Reporter& reporter) {
    const std::string url = options.url.empty() ? quirks.text("driver", "url", "") : options.url;
    if (url.empty()) {
        reporter.skip("types", "give --url to test it with a database");
        return;
    }
    Subject subject(options, quirks);
    const kdeps_driver& driver = *subject.table<kdeps_driver>(KDEPS_DRIVER_ID);
    const std::string sql = quirks.text("driver", "parameter", "SELECT " + placeholder(driver, 1) + " AS v");
    std::string wrong;
    for (const Sample& sample : samples()) {
        reporter.at("a parameter of type " + std::string(sample.kind));
        // A connection for each: what one refuses must not harm the next.
        Session session(subject, driver, url);
        TypeSupport type{std::string(sample.kind), std::string(sample.sent), {}, {}};
        try {
            const Rows rows = session.execute(sql, {sample.cell});
            type.format = rows.formats.empty() ? "" : rows.formats[0];
            type.received = rows.json;
        } catch (const Error& error) {
            if (is_breach(error)) wrong = type.kind + " " + type.sent + ": " + error.message;
            type.received = error.message;
        }
        reporter.type(type);
    }
    reporter.result("types", wrong);
}

}  // namespace kdeps::conformance

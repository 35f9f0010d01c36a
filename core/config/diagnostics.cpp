// SPDX-License-Identifier: Apache-2.0
#include "core/config/diagnostics.hpp"

#include <algorithm>
#include <tuple>

#include "core/value/value.hpp"

namespace kdeps::config {

namespace {

std::string_view name(Severity severity) {
    return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

std::string counted(std::size_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }

// What stands before the caret: as wide as the line up to `column` is shown, tabs as tabs and masked secrets as their
// masks.
std::string before_caret(std::string_view line, int column) {
    std::size_t end = 0;
    int characters = 0;
    while (end < line.size() && (characters += starts_character(line[end]) ? 1 : 0) < column) ++end;
    std::string out;
    for (const char c : redact(line.substr(0, end))) {
        if (starts_character(c)) out += c == '\t' ? '\t' : ' ';
    }
    return out.append(static_cast<std::size_t>(std::max(column - 1 - characters, 0)), ' ');
}

}  // namespace

void Diagnostics::add_source(const std::string& file, std::string_view text) {
    std::vector<std::string>& lines = sources_[file];
    lines.clear();
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        if (!lines.back().empty() && lines.back().back() == '\r') lines.back().pop_back();
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void Diagnostics::add(Severity severity, std::string message, Position position) {
    if (is_strict_ && severity == Severity::warning) {
        severity = Severity::error;
    }
    message = redact(message);  // it may quote a connection URL
    const bool is_known = std::any_of(faults_.begin(), faults_.end(), [&](const Fault& fault) {
        return fault.message == message && fault.position.text() == position.text();
    });
    if (!is_known) {
        faults_.push_back({severity, std::move(message), std::move(position)});
    }
}

bool Diagnostics::has_errors() const {
    return std::any_of(faults_.begin(), faults_.end(),
                       [](const Fault& fault) { return fault.severity == Severity::error; });
}

std::vector<Fault> Diagnostics::sorted() const {
    std::vector<Fault> out = faults_;
    std::stable_sort(out.begin(), out.end(), [](const Fault& a, const Fault& b) {
        return std::tie(a.position.file, a.position.line, a.position.column) <
               std::tie(b.position.file, b.position.line, b.position.column);
    });
    return out;
}

std::string Diagnostics::text() const {
    std::string out;
    std::size_t errors = 0;
    std::size_t warnings = 0;
    for (const Fault& fault : sorted()) {
        errors += fault.severity == Severity::error ? 1 : 0;
        warnings += fault.severity == Severity::warning ? 1 : 0;
        const std::string place = fault.position.text();
        out += place + (place.empty() ? "" : ": ") + std::string(name(fault.severity)) + ": " + fault.message + "\n";
        out += excerpt(fault.position);
    }
    if (errors + warnings > 0) {
        out += errors > 0 ? counted(errors, "error") : "";
        out += errors > 0 && warnings > 0 ? ", " : "";
        out += warnings > 0 ? counted(warnings, "warning") : "";
        out += "\n";
    }
    return out;
}

std::string Diagnostics::excerpt(const Position& position) const {
    const auto source = sources_.find(position.file);
    const auto line = static_cast<std::size_t>(position.line);
    if (!position.known() || source == sources_.end() || line > source->second.size()) return "";
    const std::string& shown = source->second[line - 1];
    const std::string number = std::to_string(line);
    // The line may hold a connection URL.
    return "  " + number + " | " + redact(shown) + "\n  " + std::string(number.size(), ' ') + " | " +
           before_caret(shown, position.column) + "^\n";
}

std::string Diagnostics::json() const {
    value::List list;
    for (const Fault& fault : sorted()) {
        value::Map map;
        map.set("severity", std::string(name(fault.severity)));
        map.set("message", fault.message);
        map.set("file", fault.position.file);
        map.set("line", fault.position.line);
        map.set("column", fault.position.column);
        list.push_back(value::Value::map(std::move(map)));
    }
    return value::to_json(value::Value::list(std::move(list)));
}

}  // namespace kdeps::config

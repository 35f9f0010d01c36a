// SPDX-License-Identifier: Apache-2.0
// A report as text and as JSON.
#include <algorithm>

#include "core/cli/conformance/conformance.hpp"
#include "core/value/value.hpp"

namespace kdeps::conformance {

namespace {

const char* word(Verdict verdict) {
    return verdict == Verdict::passed ? "passed" : verdict == Verdict::failed ? "failed" : "skipped";
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

}  // namespace

std::string to_text(const Report& report) {
    std::string out = report.library.string() + "\n";
    for (const Finding& finding : report.findings) {
        out += "  " + padded(finding.verdict == Verdict::failed ? "FAILED" : word(finding.verdict), 8) + finding.check;
        out += finding.text.empty() ? "\n" : ": " + finding.text + "\n";
    }
    if (!report.types.empty()) {
        out += "\n  " + padded("PARAMETER", 12) + padded("SENT", 34) + padded("COLUMN", 10) + "READ BACK\n";
        for (const TypeSupport& type : report.types) {
            out += "  " + padded(type.kind, 12) + padded(type.sent, 34) +
                   padded(type.format.empty() ? "refused" : type.format, 10) + type.received + "\n";
        }
    }
    return out + "\n" + std::to_string(report.count(Verdict::passed)) + " passed, " +
           std::to_string(report.count(Verdict::failed)) + " failed, " +
           std::to_string(report.count(Verdict::skipped)) + " skipped\n";
}

std::string to_json(const Report& report) {
    value::List findings;
    for (const Finding& finding : report.findings) {
        value::Map one;
        one.set("check", finding.check);
        one.set("verdict", word(finding.verdict));
        one.set("text", finding.text);
        findings.push_back(value::Value::map(std::move(one)));
    }
    value::List types;
    for (const TypeSupport& type : report.types) {
        value::Map one;
        one.set("kind", type.kind);
        one.set("sent", type.sent);
        one.set("format", type.format.empty() ? value::Value() : value::Value(type.format));
        one.set("received", type.received);
        types.push_back(value::Value::map(std::move(one)));
    }
    value::Map out;
    out.set("library", report.library.string());
    out.set("passed", report.count(Verdict::passed));
    out.set("failed", report.count(Verdict::failed));
    out.set("skipped", report.count(Verdict::skipped));
    out.set("findings", value::Value::list(std::move(findings)));
    out.set("types", value::Value::list(std::move(types)));
    return value::to_json(value::Value::map(std::move(out))) + "\n";
}

}  // namespace kdeps::conformance

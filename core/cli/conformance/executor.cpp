// SPDX-License-Identifier: Apache-2.0
// Executors: compile, run, what they give and how they fail.
#include "core/cli/conformance/executor_step.hpp"

#include "core/cli/conformance/checks.hpp"

namespace kdeps::conformance {

namespace {

constexpr std::string_view kWants = "give executor.good in --quirks: a configuration that runs";

bool is_of_call(const kdeps_call_& call, const kdeps_value_* value) {
    for (const kdeps_value_& one : call.arena) {
        if (&one == value) return true;
    }
    return value == nullptr;
}

// A configuration that compile must refuse.
void check_refusal(Subject& subject, const kdeps_executor& table, const config::Node& node, Reporter& reporter) {
    const Configuration config(node, schema_of(table));
    config::Diagnostics faults;
    Invocation invocation(subject.registry());
    invocation.call.faults = &faults;
    auto* const untouched = reinterpret_cast<kdeps_step*>(&invocation);
    kdeps_step* step = untouched;
    reporter.at("compile");
    const kdeps_status status = table.compile(subject.instance(), invocation.handle(), config.handle(), &step);
    std::string wrong;
    if (status == KDEPS_OK) {
        wrong = faults.has_errors() ? "reported faults and returned OK; return INVALID_ARGUMENT"
                                    : "accepted a configuration that is wrong";
        table.destroy(step);
    } else {
        wrong = wrong_failure(status, invocation.call, !faults.is_empty());
        if (wrong.empty() && step != untouched) wrong = "wrote *out although it failed";
        if (wrong.empty() && status != KDEPS_INVALID_ARGUMENT)
            wrong = "refused a configuration with another status than INVALID_ARGUMENT";
    }
    reporter.result("compile refuses what is wrong", wrong);
}

void check_refusals(Subject& subject, const kdeps_executor& table, const Quirks& quirks, Reporter& reporter) {
    const config::Node* wrong = quirks.find("executor", "wrong");
    if (wrong != nullptr) {
        for (const config::Node& one : wrong->children) check_refusal(subject, table, one, reporter);
        return;
    }
    reporter.skip("compile refuses what is wrong",
                  "give executor.wrong in --quirks: a list of configurations that compile must refuse");
}

}  // namespace

std::string_view schema_of(const kdeps_executor& table) {
    return {table.config_schema.data == nullptr ? "" : table.config_schema.data, table.config_schema.size};
}

Step::Step(Subject& subject, const kdeps_executor& table, const config::Node& node)
    : registry_(subject.registry()), table_(table), config_(node, schema_of(table)) {
    config::Diagnostics faults;
    Invocation invocation(registry_);
    invocation.call.faults = &faults;
    auto* const untouched = reinterpret_cast<kdeps_step*>(&invocation);
    kdeps_step* step = untouched;
    const kdeps_status status = table.compile(subject.instance(), invocation.handle(), config_.handle(), &step);
    if (status != KDEPS_OK) {
        std::string wrong = wrong_failure(status, invocation.call, !faults.is_empty());
        if (wrong.empty() && step != untouched) wrong = "wrote *out although it failed";
        if (wrong.empty())
            wrong = "refused executor.good: " +
                    (faults.is_empty() ? invocation.call.failure(status, "it").message : faults.text());
        throw Error(Status::bad_data, "compile " + wrong);
    }
    if (step == untouched) throw Error(Status::bad_data, "compile returned OK and wrote no step to *out");
    step_ = step;
}

Step::~Step() {
    if (step_ != nullptr) table_.destroy(step_);
}

Ran Step::run(Invocation& invocation) const {
    auto* const untouched = reinterpret_cast<kdeps_value>(&invocation);
    kdeps_value value = untouched;
    const kdeps_status status = table_.run(step_, invocation.handle(), &value);
    Ran out{status, {}, {}};
    if (status != KDEPS_OK) {
        out.wrong = wrong_failure(status, invocation.call);
        if (out.wrong.empty() && value != untouched) out.wrong = "wrote *out although it failed";
        out.text = out.wrong.empty() ? invocation.call.failure(status, "it").message : "";
    } else if (value == untouched) {
        out.wrong = "returned OK and wrote no value to *out";
    } else if (!is_of_call(invocation.call, value) && !config_.holds(value)) {
        out.wrong = "returned a value that does not belong to its call";
    } else {
        out.text = value::to_json(kdeps_call_::take(value));
    }
    return out;
}

void check_executor(const Options& options, const Quirks& quirks, Reporter& reporter) {
    Subject subject(options, quirks);
    const auto& table = *subject.table<kdeps_executor>(KDEPS_EXECUTOR_ID);
    check_refusals(subject, table, quirks, reporter);
    const config::Node* good = quirks.find("executor", "good");
    if (good == nullptr) {
        reporter.skip("run", kWants);
        return;
    }
    reporter.at("compile");
    const Step step(subject, table, *good);
    reporter.pass("compile");
    std::string wrong;
    // Each stays until the last has ended: a value that was kept from one of them then has another address than any of
    // the next.
    std::vector<std::unique_ptr<Invocation>> invocations;
    for (int i = 0; i < 3 && wrong.empty(); ++i) {
        Invocation& invocation = *invocations.emplace_back(std::make_unique<Invocation>(subject.registry()));
        reporter.at("run");
        const Ran ran = step.run(invocation);
        wrong = ran.wrong;
        if (wrong.empty() && ran.status != KDEPS_OK) wrong = "failed with executor.good: " + ran.text;
        if (const config::Node* expected = quirks.find("executor", "expect");
            wrong.empty() && expected != nullptr && ran.text != expected->text) {
            wrong = "gave " + ran.text + ", executor.expect says " + expected->text;
        }
    }
    reporter.result("run", wrong);
    if (const config::Node* fails = quirks.find("executor", "fails"); fails != nullptr) {
        const Step failing(subject, table, *fails);
        Invocation invocation(subject.registry());
        reporter.at("run fails");
        const Ran ran = failing.run(invocation);
        reporter.result("run fails in good form",
                        ran.status == KDEPS_OK ? "executor.fails ran: " + ran.text : ran.wrong);
    } else {
        reporter.skip("run fails in good form",
                      "give executor.fails in --quirks: a configuration that compiles and cannot run");
    }
}

}  // namespace kdeps::conformance

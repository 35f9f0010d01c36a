// SPDX-License-Identifier: Apache-2.0
// One invocation: its limits, its run, and the values that it builds.
#pragma once

#include <chrono>
#include <kdeps/cpp/arrow.hpp>
#include <kdeps/cpp/value.hpp>

KDEPS_SDK_BEGIN

// A reference to the host's call; one thread, for the duration of the call.
class Call {
public:
    Call(const Host& host, kdeps_call* call) : host_(host), call_(call) {}

    kdeps_call* get() const { return call_; }
    const Host& host() const { return host_; }

    // Throws Error TIMEOUT or CANCELLED when the call should end.
    void check() const {
        switch (host_.get()->check(call_)) {
            case KDEPS_OK: return;
            case KDEPS_TIMEOUT: throw Error(KDEPS_TIMEOUT, "the time limit was reached");
            default: throw Error(KDEPS_CANCELLED, "the run was cancelled");
        }
    }
    kdeps_status state() const { return host_.get()->check(call_); }

    // Until the deadline: max() = none, 0 = passed.
    std::chrono::nanoseconds remaining() const { return std::chrono::nanoseconds(host_.get()->remaining_ns(call_)); }

    void log(std::int32_t level, std::string_view message) const {
        host_.get()->log(host_.get(), call_, level, to_str(message));
    }
    void progress(std::string_view what, std::int64_t done, std::int64_t total) const {
        host_.progress().report(call_, to_str(what), done, total);
    }

    // Throws the recorded error if another plugin's slot, or the host, did not return OK.
    void expect(kdeps_status status) const {
        if (status != KDEPS_OK) {
            throw error(status);
        }
    }
    Error error(kdeps_status status) const {
        kdeps_error out{};
        out.struct_size = sizeof(out);
        if (host_.get()->last_error(call_, &out) != 0) {
            Error copy(out);
            copy.status = status;
            return copy;
        }
        return {status, status == KDEPS_TIMEOUT     ? "the time limit was reached"
                        : status == KDEPS_CANCELLED ? "the run was cancelled"
                                                    : "the call failed and gave no reason"};
    }

    // An interface of an installed plugin, loaded on need; nullptr if there is none or it cannot be loaded (error()
    // tells).
    template <typename Table>
    const Table* find(const char* id, std::string_view name, kdeps_instance** owner) const {
        return static_cast<const Table*>(host_.get()->find_interface(host_.get(), call_, id, to_str(name), owner));
    }

    // While a configuration is compiled: a fault at a node, `offset` bytes inside its text.
    void report(std::int32_t severity, const Config& at, std::string_view message, std::size_t offset = 0) const {
        host_.diagnostics().report(call_, severity, at.get(), offset, to_str(message));
        has_reported_error_ = has_reported_error_ || severity == KDEPS_FAULT_ERROR;
    }
    bool has_reported_error() const { return has_reported_error_; }
    // " (did you mean 'x'?)", or nothing.
    std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) const {
        std::vector<kdeps_str> texts;
        for (const std::string& candidate : candidates) {
            texts.push_back(to_str(candidate));
        }
        const std::string_view found = to_view(host_.diagnostics().nearest(to_str(name), texts.data(), texts.size()));
        return found.empty() ? std::string() : " (did you mean '" + std::string(found) + "'?)";
    }

    // The run.
    Value evaluate(const Config& config) const {
        kdeps_value out = nullptr;
        expect(host_.expressions().evaluate(call_, config.get(), &out));
        return wrap(out);
    }
    Value get(std::string_view key, std::string_view hint = {}) const {
        kdeps_value out = nullptr;
        expect(host_.context().get(call_, to_str(key), to_str(hint), &out));
        return wrap(out);
    }
    void set(std::string_view key, const Value& value, std::string_view storage = {}) const {
        expect(host_.context().set(call_, to_str(key), value.get(), to_str(storage)));
    }
    Value info(std::string_view name) const {
        kdeps_value out = nullptr;
        expect(host_.context().info(call_, to_str(name), &out));
        return wrap(out);
    }
    std::string_view resource() const { return to_view(host_.context().resource(call_)); }
    std::string_view folder() const { return to_view(host_.context().folder(call_)); }

    // Building.
    Value cell(const kdeps_cell& cell) const { return wrap(host_.values().new_cell(call_, &cell)); }
    Value null() const { return cell({}); }
    Value boolean(bool value) const { return cell({KDEPS_BOOL, 0, {.i = value ? 1 : 0}}); }
    Value integer(std::int64_t value) const { return cell({KDEPS_INT, 0, {.i = value}}); }
    Value number(double value) const { return cell({KDEPS_DOUBLE, 0, {.d = value}}); }
    Value decimal(std::string_view digits) const { return cell({KDEPS_DECIMAL, 0, {.s = to_str(digits)}}); }
    Value string(std::string_view text) const { return cell({KDEPS_STRING, 0, {.s = to_str(text)}}); }
    Value bytes(std::string_view bytes) const { return cell({KDEPS_BYTES, 0, {.s = to_str(bytes)}}); }
    Value list() const { return wrap(host_.values().new_list(call_)); }
    Value map() const { return wrap(host_.values().new_map(call_)); }
    Value table(columns::Stream& rows) const {
        kdeps_value out = nullptr;
        expect(host_.values().new_table(call_, rows.get(), &out));
        return wrap(out);
    }
    void push(const Value& list, const Value& element) const { expect(host_.values().push(list.get(), element.get())); }
    void put(const Value& map, std::string_view key, const Value& element) const {
        expect(host_.values().put(map.get(), to_str(key), element.get()));
    }
    columns::Stream open(const Value& table) const {
        ArrowArrayStream stream{};
        expect(host_.values().open_table(call_, table.get(), &stream));
        return columns::Stream(&stream);
    }

private:
    Value wrap(kdeps_value handle) const { return {&host_, call_, handle}; }

    const Host& host_;
    kdeps_call* call_;
    mutable bool has_reported_error_ = false;
};

// A call for work that belongs to no run.
class BackgroundCall {
public:
    BackgroundCall(const Host& host, std::string_view what, std::chrono::nanoseconds timeout)
        : host_(host), call_(host.background().begin(host.get(), to_str(what), timeout.count())) {}
    ~BackgroundCall() { host_.background().end(call_); }
    BackgroundCall(const BackgroundCall&) = delete;
    BackgroundCall& operator=(const BackgroundCall&) = delete;

    Call call() const { return {host_, call_}; }

private:
    const Host& host_;
    kdeps_call* call_;
};

KDEPS_SDK_END

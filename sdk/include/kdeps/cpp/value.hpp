// SPDX-License-Identifier: Apache-2.0
// Handles on the host's values and on nodes of configuration.  Cheap to copy; they live as long as their call, or as
// the step.
#pragma once

#include <kdeps/cpp/host.hpp>
#include <optional>

KDEPS_SDK_BEGIN

struct Part;

// What Value and Config have in common: reading.
template <typename Self>
class Handle {
public:
    Handle() = default;
    Handle(const Host* host, kdeps_call* call, kdeps_value handle) : host_(host), call_(call), handle_(handle) {}

    kdeps_value get() const { return handle_; }
    kdeps_kind kind() const { return handle_ == nullptr ? KDEPS_NULL : host_->values().kind(handle_); }
    bool is_null() const { return kind() == KDEPS_NULL; }
    bool is_string() const { return kind() == KDEPS_STRING; }
    bool is_list() const { return kind() == KDEPS_LIST; }
    bool is_map() const { return kind() == KDEPS_MAP; }
    bool is_table() const { return kind() == KDEPS_TABLE; }

    // The scalar; NULL for a container.  Strings live as long as the value.
    kdeps_cell cell() const {
        kdeps_cell out{};
        if (handle_ != nullptr && host_->values().cell(handle_, &out) != KDEPS_OK) {
            out = {};
        }
        return out;
    }
    // Text of a STRING, BYTES or DECIMAL; empty for everything else.
    std::string_view string() const {
        const kdeps_cell c = cell();
        return c.kind == KDEPS_STRING || c.kind == KDEPS_BYTES || c.kind == KDEPS_DECIMAL ? to_view(c.as.s)
                                                                                          : std::string_view();
    }
    std::optional<std::int64_t> integer() const {
        const kdeps_cell c = cell();
        return c.kind == KDEPS_INT ? std::optional(c.as.i) : std::nullopt;
    }
    std::optional<bool> boolean() const {
        const kdeps_cell c = cell();
        return c.kind == KDEPS_BOOL ? std::optional(c.as.i != 0) : std::nullopt;
    }

    std::size_t size() const { return handle_ == nullptr ? 0 : host_->values().size(handle_); }
    Self at(std::size_t i) const {
        return Self(host_, call_, handle_ == nullptr ? nullptr : host_->values().at(call_, handle_, i));
    }
    std::string_view key(std::size_t i) const {
        return handle_ == nullptr ? std::string_view() : to_view(host_->values().key_at(handle_, i));
    }
    // The value under a key of a map; null if absent.
    Self operator[](std::string_view name) const {
        return Self(host_, call_, handle_ == nullptr ? nullptr : host_->values().find(call_, handle_, to_str(name)));
    }
    bool has(std::string_view name) const {
        return handle_ != nullptr && host_->values().find(call_, handle_, to_str(name)) != nullptr;
    }

protected:
    const Host* host_ = nullptr;
    kdeps_call* call_ = nullptr;
    kdeps_value handle_ = nullptr;
};

// A value of a run.
class Value : public Handle<Value> {
public:
    using Handle::Handle;
};

// A node of configuration, unevaluated.  Lives as long as the step that it was compiled for.
class Config : public Handle<Config> {
public:
    using Handle::Handle;

    bool is_expression() const { return kind() == KDEPS_EXPRESSION; }
    bool is_template() const { return kind() == KDEPS_TEMPLATE; }
    bool is_evaluated() const { return is_expression() || is_template(); }

    // The string as its author wrote it; empty for what is no string.
    std::string_view source() const { return to_view(host_->expressions().source(handle_)); }
    // "resources/a.yaml:12:7"
    std::string_view location() const { return to_view(host_->diagnostics().location(handle_)); }
    // Name of the function that an expression as a whole calls; else empty.
    std::string_view called() const { return to_view(host_->expressions().called(handle_)); }

    // Of a template or an expression.
    std::size_t part_count() const { return host_->expressions().part_count(handle_); }
    Part part(std::size_t i) const;
};

struct Part {
    Config expression;      // null for literal text
    std::string_view text;  // the literal text, or the expression's source
    std::size_t offset;     // byte in the whole string, braces included
};

inline Part Config::part(std::size_t i) const {
    kdeps_part out{};
    host_->expressions().part(handle_, i, &out);
    return {Config(host_, call_, out.expression), to_view(out.text), out.offset};
}

KDEPS_SDK_END

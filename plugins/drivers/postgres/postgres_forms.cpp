// SPDX-License-Identifier: Apache-2.0
// Which types are declared for the parameters.  PostgreSQL finds most of them; what it does not find it takes for text,
// or refuses, and a number would be text.  Then the type is the value's own, as if it were written in the statement; if
// the statement does not allow that, it is a text after all.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "postgres_statement.hpp"

namespace kdeps::postgres {
namespace {

constexpr Oid kBool = 16;
constexpr Oid kInt8 = 20;
constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;
constexpr Oid kFloat8 = 701;
constexpr Oid kNumeric = 1700;

// A text or a NULL that is compared with the column of one of these can be declared as it, and loses nothing.
constexpr std::array<Oid, 8> kOthers{kText, kNumeric,        1184 /* timestamptz */, 1083 /* time */,
                                     kBool, 2950 /* uuid */, 3802 /* jsonb */,       869 /* inet */};

// As PostgreSQL reads the number in a statement's text; 0 for what is not a number or a boolean.
Oid own_type(const kdeps_cell& cell) {
    switch (cell.kind) {
        case KDEPS_BOOL: return kBool;
        case KDEPS_INT:
            return cell.as.i >= std::numeric_limits<std::int32_t>::min() &&
                           cell.as.i <= std::numeric_limits<std::int32_t>::max()
                       ? kInt4
                       : kInt8;
        case KDEPS_DOUBLE: {
            const double size = std::fabs(cell.as.d);
            return size == 0 || (size >= 1e-6 && size < 0x1p53) ? kNumeric : kFloat8;
        }
        case KDEPS_DECIMAL: return kNumeric;
        default: return 0;
    }
}

void trim(std::vector<Oid>& declared) {
    while (!declared.empty() && declared.back() == 0) declared.pop_back();
}

// $1 of "could not determine data type of parameter $1", whatever the language; 0 if none is named.
std::size_t parameter_named(const Error& error) {
    const std::size_t mark = error.message.find('$');
    if (mark == std::string::npos) return 0;
    std::size_t number = 0;
    for (std::size_t i = mark + 1; i < error.message.size() && error.message[i] >= '0' && error.message[i] <= '9'; ++i)
        number = number * 10 + static_cast<std::size_t>(error.message[i] - '0');
    return number;
}

}  // namespace

std::vector<Oid> Statement::declared_for(const std::vector<Oid>& found, std::span<const kdeps_cell> parameters) {
    std::vector<Oid> out;
    for (std::size_t i = 0; i < std::min(found.size(), parameters.size()); ++i) {
        if (found[i] != kText) continue;
        const Oid own = own_type(parameters[i]);
        if (own == 0) continue;
        out.resize(i + 1);
        out[i] = own;
    }
    return out;
}

Statement::Form& Statement::declared_form(const Call& call, std::vector<Oid> declared) {
    trim(declared);
    constexpr std::size_t kMostForms = 64;
    for (Form& form : forms_) {
        if (form.declared == declared) return form;
    }
    while (forms_.size() > kMostForms) {
        connection_.forget(std::move(forms_.back().name));
        forms_.pop_back();
    }
    Form& form =
        *forms_.insert(std::next(forms_.begin()), Form{.declared = std::move(declared), .name = {}, .description = {}});
    prepare(call, form);
    return form;
}

Statement::Form& Statement::form_of_undetermined(const Call& call, std::span<const kdeps_cell> parameters) {
    const Error first = *forms_.front().fault;
    std::vector<Oid> declared;
    for (const kdeps_cell& cell : parameters) declared.push_back(own_type(cell));
    // Where the server names a parameter it wants just that one to be told.
    std::size_t other = 0;
    for (std::size_t attempts = 0; attempts < parameters.size() + kOthers.size() + 1; ++attempts) {
        Form& form = declared_form(call, declared);
        if (!form.fault) return form;
        const std::size_t number = parameter_named(*form.fault);
        if (number == 0 || number > parameters.size()) break;
        Oid& type = declared[number - 1];
        if (form.fault->sqlstate == "42P18" && type == 0) {
            type = kText;
        } else if (form.fault->sqlstate == "42P08" && type == 0) {
            // $1 IS NULL OR c = $1: the type is found too late.
            while (other < kOthers.size()) {
                type = kOthers[other++];
                Form& attempt = declared_form(call, declared);
                if (!attempt.fault) return attempt;
            }
            break;
        } else {
            break;
        }
    }
    throw Error(first);
}

Statement::Form& Statement::form_for(const Call& call, std::span<const kdeps_cell> parameters) {
    Form& plain = forms_.front();
    if (plain.fault) return form_of_undetermined(call, parameters);
    std::vector<Oid> declared = declared_for(plain.description.parameters, parameters);
    if (declared.empty()) return plain;
    Form& form = declared_form(call, std::move(declared));
    return form.fault ? plain : form;
}

}  // namespace kdeps::postgres

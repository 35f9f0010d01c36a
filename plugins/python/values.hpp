// SPDX-License-Identifier: Apache-2.0
// The host's values to the bytes of a message and back, and as text.
#pragma once

#include <kdeps/cpp/call.hpp>
#include <list>

#include "arrow_wire.hpp"

namespace kdeps::python {

// Tables that a worker may give back by their number, without their rows.  One thread.
class Lender {
public:
    // Throws Error.
    void write(const Call& call, const Value& value, Packet& packet);
    // Throws Error (BAD_DATA) for what is no value.
    Value read(const Call& call, Reader& in, const std::shared_ptr<const Memory>& memory) const;

    // After the packets that were written are sent: their tables need no longer be held.
    void sent() { parts_.clear(); }

private:
    std::vector<Value> lent_;
    std::list<TableParts> parts_;
};

// As templates have it: null is nothing, lists and maps are compact JSON.
std::string to_text(const Value& value);

// UTF-8, with U+FFFD for bytes that are none.
std::string valid_utf8(std::string_view bytes);

}  // namespace kdeps::python

// SPDX-License-Identifier: Apache-2.0
#include "core/value/arrow_share.hpp"

#include <kdeps/arrow.h>
#include <cstddef>
#include <vector>

namespace kdeps::value {

namespace {

template <typename Struct>
struct Hold {
    std::shared_ptr<const void> owner;
    std::vector<Struct> children;
    std::vector<Struct*> places;
    Struct dictionary{};
};

// Releases what the consumer has left in its place: a child that was moved out has no release any more.
template <typename Struct>
void release(Struct* shared) {
    auto* hold = static_cast<Hold<Struct>*>(shared->private_data);
    for (Struct& child : hold->children) {
        if (child.release != nullptr) child.release(&child);
    }
    if (hold->dictionary.release != nullptr) {
        hold->dictionary.release(&hold->dictionary);
    }
    delete hold;
    shared->release = nullptr;
}

template <typename Struct>
void share(const Struct& from, const std::shared_ptr<const void>& owner, Struct* out) {
    auto hold = std::make_unique<Hold<Struct>>();
    hold->owner = owner;
    hold->children.resize(static_cast<std::size_t>(from.n_children));
    for (std::size_t i = 0; i < hold->children.size(); ++i) {
        share(*from.children[i], owner, &hold->children[i]);
        hold->places.push_back(&hold->children[i]);
    }
    *out = from;
    out->children = hold->places.empty() ? nullptr : hold->places.data();
    if (from.dictionary != nullptr) {
        share(*from.dictionary, owner, &hold->dictionary);
        out->dictionary = &hold->dictionary;
    }
    out->release = release<Struct>;
    out->private_data = hold.release();
}

}  // namespace

void share_schema(const ArrowSchema& from, const std::shared_ptr<const void>& owner, ArrowSchema* out) {
    share(from, owner, out);
}
void share_array(const ArrowArray& from, const std::shared_ptr<const void>& owner, ArrowArray* out) {
    share(from, owner, out);
}

}  // namespace kdeps::value

// SPDX-License-Identifier: Apache-2.0
// A stream of batches with an int64 column 'id' and a text column 'name' that counts how often its buffers are
// released.
#pragma once

#include <kdeps/arrow.h>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kdeps::value {

struct TestRow {
    std::int64_t id;
    std::optional<std::string> name;
};

struct TestColumns {
    std::vector<std::int64_t> ids;
    std::vector<std::int32_t> offsets{0};
    std::string text;
    std::vector<std::uint8_t> valid;
    const void* id_buffers[2] = {nullptr, nullptr};
    const void* name_buffers[3] = {nullptr, nullptr, nullptr};
    const void* row_buffers[1] = {nullptr};
    ArrowArray children[2] = {};
    ArrowArray* places[2] = {&children[0], &children[1]};
    int* released = nullptr;
};

inline void make_batch(const std::vector<TestRow>& rows, int* released, ArrowArray* out) {
    auto* columns = new TestColumns;
    columns->released = released;
    columns->valid.resize(rows.size() / 8 + 1);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        columns->ids.push_back(rows[i].id);
        columns->text += rows[i].name.value_or("");
        columns->offsets.push_back(static_cast<std::int32_t>(columns->text.size()));
        if (rows[i].name) columns->valid[i / 8] = static_cast<std::uint8_t>(columns->valid[i / 8] | 1U << (i % 8));
    }
    columns->id_buffers[1] = columns->ids.data();
    columns->name_buffers[0] = columns->valid.data();
    columns->name_buffers[1] = columns->offsets.data();
    columns->name_buffers[2] = columns->text.data();
    const auto length = static_cast<std::int64_t>(rows.size());
    const auto nothing = [](ArrowArray* array) { array->release = nullptr; };
    columns->children[0] = {length, 0, 0, 2, 0, columns->id_buffers, nullptr, nullptr, nothing, nullptr};
    columns->children[1] = {length, -1, 0, 3, 0, columns->name_buffers, nullptr, nullptr, nothing, nullptr};
    *out = {length,
            0,
            0,
            1,
            2,
            columns->row_buffers,
            columns->places,
            nullptr,
            [](ArrowArray* array) {
                auto* owned = static_cast<TestColumns*>(array->private_data);
                ++*owned->released;
                // Poisoned, so that a reader who comes too late sees it.
                owned->ids.assign(owned->ids.size(), -1);
                delete owned;
                array->release = nullptr;
            },
            columns};
}

inline void make_stream(std::vector<std::vector<TestRow>> batches, int* released, ArrowArrayStream* out) {
    struct State {
        std::vector<std::vector<TestRow>> batches;
        std::size_t next = 0;
        int* released;
    };
    *out = {};
    out->private_data = new State{std::move(batches), 0, released};
    out->get_schema = [](ArrowArrayStream*, ArrowSchema* schema) {
        static ArrowSchema children[2];
        static ArrowSchema* places[2] = {&children[0], &children[1]};
        const auto nothing = [](ArrowSchema* s) { s->release = nullptr; };
        children[0] = {"l", "id", nullptr, ARROW_FLAG_NULLABLE, 0, nullptr, nullptr, nothing, nullptr};
        children[1] = {"u", "name", nullptr, ARROW_FLAG_NULLABLE, 0, nullptr, nullptr, nothing, nullptr};
        *schema = {"+s", "", nullptr, 0, 2, places, nullptr, nothing, nullptr};
        return 0;
    };
    out->get_next = [](ArrowArrayStream* stream, ArrowArray* array) {
        auto& state = *static_cast<State*>(stream->private_data);
        if (state.next == state.batches.size()) {
            *array = {};
        } else {
            make_batch(state.batches[state.next++], state.released, array);
        }
        return 0;
    };
    out->get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
    out->release = [](ArrowArrayStream* stream) {
        delete static_cast<State*>(stream->private_data);
        stream->release = nullptr;
    };
}

}  // namespace kdeps::value

// SPDX-License-Identifier: Apache-2.0
#include "tests/abi/old_host.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kdeps::testing {

namespace {

// Sizes of the tables of 1.0, by the names of their types.
enum Size : std::size_t {
#define FIXED(type, size)
#define GROWING(type, size) size_of_##type = size,
#define FIELD(type, field, offset, size)
#define NUMBER(name, value)
#define TEXT(name, value)
#include "sdk/abi/v1.0/layout.def"
};

struct Extension {
    std::string_view id;
    std::size_t size;
};
constexpr std::array<Extension, 7> kExtensions = {{{KDEPS_VALUE_ID, size_of_kdeps_values},
                                                   {KDEPS_EXPRESSION_ID, size_of_kdeps_expressions},
                                                   {KDEPS_DIAGNOSTICS_ID, size_of_kdeps_diagnostics},
                                                   {KDEPS_CONTEXT_ID, size_of_kdeps_context},
                                                   {KDEPS_PROGRESS_ID, size_of_kdeps_progress},
                                                   {KDEPS_METRICS_ID, size_of_kdeps_metrics},
                                                   {KDEPS_BACKGROUND_ID, size_of_kdeps_background}}};

// A copy of the first `size` bytes of a table that ends at a page that cannot be read.  For the life of the process, as
// the tables of a host are.
const void* cut(const void* table, std::size_t size) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* mapped = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED || mprotect(static_cast<char*>(mapped) + page, page, PROT_NONE) != 0) {
        throw std::runtime_error("no memory for a table of the old host");
    }
    char* copy = static_cast<char*>(mapped) + page - size;
    std::memcpy(copy, table, size);
    const auto struct_size = static_cast<std::uint32_t>(size);
    std::memcpy(copy, &struct_size, sizeof(struct_size));
    return copy;
}

decltype(kdeps_host::get_extension) whole = nullptr;

// What 1.0 did not have is not offered.
const void* get_extension(const kdeps_host* host, const char* id) {
    static std::mutex mutex;
    static std::map<std::string, const void*, std::less<>> made;
    const std::lock_guard lock(mutex);
    if (const auto found = made.find(id); found != made.end()) return found->second;
    for (const Extension& extension : kExtensions) {
        if (extension.id == id) return made[id] = cut(whole(host, id), extension.size);
    }
    return nullptr;
}

}  // namespace

void cut_to_1_0(plugin::Registry& registry) {
    // The registry made its table itself and nobody has seen it yet.
    auto& host = const_cast<kdeps_host&>(registry.host());
    if (host.get_extension != get_extension) whole = host.get_extension;
    std::memset(reinterpret_cast<char*>(&host) + size_of_kdeps_host, 0, sizeof(host) - size_of_kdeps_host);
    host.struct_size = size_of_kdeps_host;
    host.abi_minor = 0;
    host.get_extension = get_extension;
}

}  // namespace kdeps::testing

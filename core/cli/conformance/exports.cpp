// SPDX-License-Identifier: Apache-2.0
// Reads the dynamic symbols of an ELF file (System V ABI, chapter 4), so that the kit needs no binutils.
#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "core/cli/conformance/checks.hpp"

namespace kdeps::conformance {

namespace {

// Copies a record out of the file; throws if it ends before.
template <typename Record>
Record record_at(std::string_view file, std::size_t offset, const std::filesystem::path& path) {
    Record out;
    if (offset > file.size() || file.size() - offset < sizeof(out)) {
        throw Error(Status::bad_data, "plugin library '" + path.string() + "' is cut short or no ELF library");
    }
    std::memcpy(&out, file.data() + offset, sizeof(out));
    return out;
}

}  // namespace

std::vector<std::string> exported_symbols(const std::filesystem::path& library) {
    std::ifstream stream(library, std::ios::binary);
    const std::string file(std::istreambuf_iterator<char>(stream), {});
    const auto header = record_at<Elf64_Ehdr>(file, 0, library);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) {
        throw Error(Status::bad_data, "plugin library '" + library.string() + "' is no 64-bit ELF library");
    }
    const auto section = [&](std::size_t i) {
        return record_at<Elf64_Shdr>(file, header.e_shoff + i * header.e_shentsize, library);
    };
    std::vector<std::string> out;
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
        const Elf64_Shdr symbols = section(i);
        if (symbols.sh_type != SHT_DYNSYM) continue;
        const Elf64_Shdr names = section(symbols.sh_link);
        for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= symbols.sh_size; at += sizeof(Elf64_Sym)) {
            const auto symbol = record_at<Elf64_Sym>(file, symbols.sh_offset + at, library);
            const auto binding = ELF64_ST_BIND(symbol.st_info);
            if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
            const std::size_t name = names.sh_offset + symbol.st_name;
            if (name >= file.size()) continue;
            out.emplace_back(file.data() + name, strnlen(file.data() + name, file.size() - name));
        }
    }
    return out;
}

}  // namespace kdeps::conformance

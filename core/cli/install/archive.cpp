// SPDX-License-Identifier: Apache-2.0
#include "core/cli/install/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fstream>
#include <memory>

#include "core/base/base.hpp"

namespace kdeps::install {

namespace fs = std::filesystem;

namespace {

constexpr int kMostEntries = 256;
constexpr std::size_t kLargest = 256U << 20U;

struct Close {
    void operator()(struct archive* archive) const { archive_read_free(archive); }
};

class Unpacking {
public:
    Unpacking(std::string_view archive, const std::string& name, const fs::path& folder)
        : name_("archive '" + name + "'"), folder_(folder) {
        archive_read_support_filter_gzip(archive_.get());
        archive_read_support_format_tar(archive_.get());
        if (archive_read_open_memory(archive_.get(), archive.data(), archive.size()) != ARCHIVE_OK) throw unreadable();
    }

    void run() {
        struct archive_entry* entry = nullptr;
        int entries = 0;
        while (true) {
            const int answer = archive_read_next_header(archive_.get(), &entry);
            if (answer == ARCHIVE_EOF) break;
            if (answer != ARCHIVE_OK) throw unreadable();
            if (++entries > kMostEntries) throw refuse("holds more than " + std::to_string(kMostEntries) + " files");
            take(*entry);
        }
        if (entries == 0) throw refuse("is empty");
    }

private:
    Error refuse(const std::string& why) const { return {Status::bad_data, name_ + " " + why}; }
    Error unreadable() const {
        const char* why = archive_error_string(archive_.get());
        return refuse(std::string("cannot be read: ") + (why == nullptr ? "it is no tar archive" : why));
    }

    void take(archive_entry& entry) {
        const char* given = archive_entry_pathname(&entry);
        const fs::path path = fs::path(given == nullptr ? "" : given);
        const std::string shown = "'" + path.string() + "'";
        bool leads_out = path.empty() || path.is_absolute();
        for (const fs::path& part : path) leads_out = leads_out || part == "..";
        if (leads_out) throw refuse("is refused: its entry " + shown + " leads out of the folder");
        if (archive_entry_filetype(&entry) == AE_IFDIR) return;
        if (archive_entry_filetype(&entry) != AE_IFREG || archive_entry_hardlink(&entry) != nullptr)
            throw refuse("is refused: its entry " + shown + " is no plain file");
        const fs::path target = folder_ / path.lexically_normal();
        fs::create_directories(target.parent_path());
        std::ofstream out(target, std::ios::binary | std::ios::trunc);
        const void* data = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        int answer = ARCHIVE_OK;
        while ((answer = archive_read_data_block(archive_.get(), &data, &size, &offset)) == ARCHIVE_OK) {
            // A sparse entry may jump far ahead: what counts is where it ends.
            if (offset < 0 || static_cast<std::size_t>(offset) + size > kLargest - total_)
                throw refuse("is refused: it unpacks to more than " + std::to_string(kLargest >> 20U) + " MiB");
            out.seekp(offset);
            out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
        }
        if (answer != ARCHIVE_EOF) throw unreadable();
        total_ += static_cast<std::size_t>(out.tellp());
        out.close();
        if (!out)
            throw Error(Status::unavailable,
                        name_ + ": the file " + shown + " cannot be written to '" + folder_.string() + "'");
    }

    std::string name_;
    fs::path folder_;
    std::unique_ptr<struct archive, Close> archive_{archive_read_new()};
    std::size_t total_ = 0;
};

}  // namespace

void unpack(std::string_view archive, const std::string& name, const fs::path& folder) {
    Unpacking(archive, name, folder).run();
}

}  // namespace kdeps::install

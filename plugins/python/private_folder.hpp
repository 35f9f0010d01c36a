// SPDX-License-Identifier: Apache-2.0
// Folders whose files this process runs as code: they belong to its user, and nobody else can change them.
#pragma once

#include <filesystem>

namespace kdeps::python {

// Of the user that the process runs as; empty if the system knows none.
std::filesystem::path home_of_user();

// Makes the folder and those above it, for the user alone, and checks it.  Throws Error.
void make_private(const std::filesystem::path& folder);

// Throws Error (FORBIDDEN) that names the folder, who could change it, and what to do.
void check_private(const std::filesystem::path& folder);

}  // namespace kdeps::python

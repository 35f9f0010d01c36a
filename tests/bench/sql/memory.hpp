// SPDX-License-Identifier: Apache-2.0
// Peak memory of reading the table, each way in a process of its own.
#pragma once

#include <string>

namespace kdeps::bench {

// In the process of its own: reads the table of the URL the way that is named and prints by how many KiB the peak of
// its resident memory grew.
void print_growth(const std::string& way, const std::string& url);

// MiB.  Starts this program anew with --memory.
double growth_of(const std::string& way, const std::string& url);

}  // namespace kdeps::bench

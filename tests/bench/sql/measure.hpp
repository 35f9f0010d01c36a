// SPDX-License-Identifier: Apache-2.0
// Times several ways to do the same, in turns, so that what else the machine does meets all of them alike.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace kdeps::bench {

struct Way {
    std::string name;
    std::function<void()> work;
    std::function<void()> before = nullptr;  // not timed
};

// Medians over the rounds.  CPU time is that of this process, the libraries' threads included.
struct Timing {
    double wall_ms;
    double cpu_ms;
};

// One round that is not counted comes first.
std::vector<Timing> measure(const std::vector<Way>& ways, int rounds);

// A table with the ratio of the first way to each other one.
void print(const std::string& title, const std::vector<Way>& ways, const std::vector<Timing>& timings);

// Prints whether `ratio` is at most `limit`.
void print_aim(const std::string& what, double ratio, double limit);

}  // namespace kdeps::bench

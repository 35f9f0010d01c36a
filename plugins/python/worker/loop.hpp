// SPDX-License-Identifier: Apache-2.0
// Serves the plugin's messages: scripts to check, calls to run.
#pragma once

#include <unordered_map>

#include "line.hpp"
#include "stage.hpp"

namespace kdeps::python {

struct Written;

// The interpreter's thread.
class Loop {
public:
    Loop(const py::module_& module, Line& line, Stage& stage);

    // False at the end.
    bool next();

private:
    struct Ended {
        Ending ending = Ending::raised;
        py::object value;
    };

    void check(Reader& in);
    bool run(Reader& in, const Frame& frame);
    const Script& compile(Reader& in, std::uint64_t key);
    void bind(Reader& in, const Frame& frame, const Script& script);
    Ended execute(const Script& script);
    Ended raised(py::error_already_set& error, const py::object& script);
    static void write_ended(const Ended& ended, Written& out);
    static bool is_out_of_memory(const Ended& ended);

    Line& line_;
    Stage& stage_;
    py::object compile_;
    py::object check_;
    py::object failed_;
    py::object describe_;
    py::object end_;
    std::vector<py::object> value_names_;  // __kdeps_0__ ...
    std::unordered_map<std::uint64_t, Script> scripts_;
};

}  // namespace kdeps::python

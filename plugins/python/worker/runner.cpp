// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include <unistd.h>

#include "convert.hpp"
#include "line.hpp"
#include "loop.hpp"
#include "python.hpp"
#include "stage.hpp"
#include "table.hpp"

namespace kdeps::python {

namespace {

// The files of prelude/, which make one module.
const char* const kPrelude[] = {
#include "values.inc"
    ,
#include "tables.inc"
    ,
#include "scripts.inc"
    ,
#include "calls.inc"
};

py::module_ make_module(Line& line) {
    static PyModuleDef definition{};
    py::module_ module = py::module_::create_extension_module("kdeps", nullptr, &definition);
    add_table_types(module);
    module.def("ask", [&line](int question, const py::str& name, const py::str& storage, const py::object& value) {
        static constexpr Message kQuestions[] = {Message::get, Message::set, Message::info};
        return line.ask(kQuestions[question], name, storage, value);
    });
    module.def("build_stream", build_stream);
    py::dict(py::module_::import("sys").attr("modules"))["kdeps"] = module;
    module.attr("__builtins__") = py::module_::import("builtins");
    for (const char* part : kPrelude) {
        const py::object code = owned(Py_CompileString(part, "<kdeps>", Py_file_input));
        owned(PyEval_EvalCode(code.ptr(), module.attr("__dict__").ptr(), module.attr("__dict__").ptr()));
    }
    Names& all = names();
    all.decimal = py::module_::import("decimal").attr("Decimal");
    all.utc = py::module_::import("datetime").attr("timezone").attr("utc");
    all.load_json = py::module_::import("json").attr("loads");
    all.reduce = module.attr("reduce");
    return module;
}

void start_interpreter(const std::string& executable) {
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.install_signal_handlers = 1;
    config.parse_argv = 0;
    config.user_site_directory = 0;
    config.buffered_stdio = 1;
    // The place of the program decides whose packages are found: a venv has pyvenv.cfg above it.
    PyConfig_SetBytesString(&config, &config.program_name, executable.c_str());
    const PyStatus status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status) != 0) Py_ExitStatusException(status);
}

}  // namespace

Names& names() {
    static auto* const all = new Names();  // lives until the process ends: Python may be gone before
    return *all;
}

int serve(const RunnerOptions& options) {
    start_interpreter(options.executable);
    try {
        Line line(options.socket);
        const py::module_ module = make_module(line);
        module.attr("begin")(options.folder);
        Stage stage(module, options.supervisor);
        Loop loop(module, line, stage);
        Packet ready;
        ready.body.text(Py_GetVersion());
        line.send(Message::ready, ready);
        while (loop.next()) {
        }
        // No finalizers: threads that a script left could hold them up for ever.
        _exit(0);
    } catch (const std::exception& error) {
        // What the plugin shows if the worker could not start.
        const std::string text = std::string("kdeps-python-worker: ") + error.what() + "\n";
        [[maybe_unused]] const auto written = write(STDERR_FILENO, text.data(), text.size());
        _exit(1);
    }
}

}  // namespace kdeps::python

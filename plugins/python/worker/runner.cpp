// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <unordered_map>

#include "convert.hpp"
#include "python.hpp"
#include "table.hpp"

namespace kdeps::python {

namespace {

const char* const kPrelude =
#include "prelude.inc"
    ;

// The process that serves, the call that runs, and the line to the plugin.
struct State {
    RunnerOptions options;
    pid_t process = 0;
    std::mutex line;  // one question at a time: a script may have threads
    bool is_running = false;
    ino_t pipes[2] = {0, 0};  // behind stdout and stderr
    int orphans = -1;         // the supervisor's list of children
};
State* state = nullptr;

ino_t pipe_behind(int descriptor) {
    struct stat found {};
    return fstat(descriptor, &found) == 0 ? found.st_ino : 0;
}

bool receive_frame(Frame& frame) {
    const py::gil_scoped_release unlocked;
    return receive(state->options.socket, frame);
}

// get (0), set (1) and info (2) of a script.
py::object ask(int what, const py::str& name, const py::str& storage, const py::object& value) {
    static constexpr Message kQuestions[] = {Message::get, Message::set, Message::info};
    if (!state->is_running || getpid() != state->process) {
        throw std::runtime_error("get, set and info work during the call of the script and in its own process only");
    }
    Written question;
    question.packet.body.text(utf8(name.ptr()));
    question.packet.body.text(utf8(storage.ptr()));
    if (what == 1) write_value(value.ptr(), question);
    Frame answer;
    {
        const py::gil_scoped_release unlocked;
        const std::lock_guard lock(state->line);
        send(state->options.socket, kQuestions[what], question.packet);
        if (!receive(state->options.socket, answer)) _exit(0);
    }
    Reader in(answer.body);
    if (answer.type == Message::refusal) {
        const py::object error = py::module_::import("kdeps").attr("Error");
        PyErr_SetObject(error.ptr(), to_python(in.text()).ptr());
        throw py::error_already_set();
    }
    return read_value(in, answer.memory);
}

py::module_ make_module() {
    static PyModuleDef definition{};
    py::module_ module = py::module_::create_extension_module("kdeps", nullptr, &definition);
    add_table_types(module);
    module.def("ask", ask);
    module.def("build_stream", build_stream);
    py::dict(py::module_::import("sys").attr("modules"))["kdeps"] = module;
    const py::object code = owned(Py_CompileString(kPrelude, "<kdeps>", Py_file_input));
    module.attr("__builtins__") = py::module_::import("builtins");
    owned(PyEval_EvalCode(code.ptr(), module.attr("__dict__").ptr(), module.attr("__dict__").ptr()));
    Names& all = names();
    all.decimal = py::module_::import("decimal").attr("Decimal");
    all.utc = py::module_::import("datetime").attr("timezone").attr("utc");
    all.load_json = py::module_::import("json").attr("loads");
    all.reduce = module.attr("reduce");
    return module;
}

// Processes that the call left: children of this one, or orphans that the supervisor has taken in.
bool has_children() {
    siginfo_t ignored{};
    if (waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == 0) return true;
    char list[64];
    const ssize_t size = state->orphans < 0 ? 0 : pread(state->orphans, list, sizeof(list), 0);
    const std::string_view pids(list, size < 0 ? 0 : static_cast<std::size_t>(size));
    return pids.find(' ') + 1 < pids.size();
}

class Loop {
public:
    explicit Loop(const py::module_& module)
        : compile_(module.attr("compile_script")),
          check_(module.attr("check_script")),
          execute_(module.attr("execute")),
          flush_(module.attr("flush")),
          prepare_(module.attr("prepare")),
          clean_(module.attr("clean")),
          has_threads_(module.attr("has_threads")),
          describe_(module.attr("describe")),
          end_(module.attr("END")) {
        globals_ = prepare_();
    }

    // False at the end.
    bool next() {
        Frame frame;
        if (!receive_frame(frame)) return false;
        Reader in(frame.body);
        if (frame.type == Message::check) {
            check(in);
        } else if (frame.type == Message::run) {
            run(in, frame);
        } else {
            return false;
        }
        return true;
    }

private:
    void check(Reader& in) {
        const std::string_view source = in.text();
        const std::string_view file = in.text();
        const py::object fault = check_(to_python(source), to_python(file));
        Packet answer;
        answer.body.put<std::uint8_t>(!fault.is_none());
        if (!fault.is_none()) {
            const py::tuple parts = fault;
            answer.body.text(utf8(parts[0].ptr()));
            answer.body.put(parts[1].cast<std::int32_t>());
            answer.body.put(parts[2].cast<std::int32_t>());
        }
        send(state->options.socket, Message::checked, answer);
    }

    struct Ended {
        Ending ending = Ending::raised;
        py::object value;
    };

    Ended execute(Reader& in, const Frame& frame, py::object& script) {
        const auto key = in.take<std::uint64_t>();
        const bool has_source = in.take<std::uint8_t>() != 0;
        forget_lent_tables();
        if (has_source) {
            const std::string_view source = in.text();
            const std::string_view file = in.text();
            try {
                scripts_[key] = compile_(to_python(source), to_python(file));
            } catch (py::error_already_set& error) {
                return raised(error, py::none());
            }
        }
        script = scripts_.at(key);
        for (std::size_t i = 0, count = in.count(); i < count; ++i) {
            globals_[py::str("__kdeps_" + std::to_string(i) + "__")] = read_value(in, frame.memory);
        }
        if (in.take<std::uint8_t>() != 0) globals_["params"] = read_value(in, frame.memory);
        py::list arguments;
        arguments.append(script.attr("file"));
        for (std::size_t left = in.count(); left > 0; --left) arguments.append(to_python(in.text()));
        PySys_SetObject("argv", arguments.ptr());
        py::object environment = py::none();
        if (const std::size_t count = in.count(); count > 0) {
            py::dict entries;
            for (std::size_t i = 0; i < count; ++i) {
                const py::object name = to_python(in.text());
                entries[name] = to_python(in.text());
            }
            environment = entries;
        }
        state->is_running = true;
        const py::tuple ended = execute_(script, globals_, environment);
        return {static_cast<Ending>(ended[0].cast<int>()), ended[1]};
    }

    Ended raised(py::error_already_set& error, const py::object& script) {
        const py::object value = error.value();
        if (error.trace()) PyException_SetTraceback(value.ptr(), error.trace().ptr());
        return {Ending::raised, describe_(value, script)};
    }

    void write_ended(const Ended& ended, Written& out) {
        Writer& body = out.packet.body;
        body.put(ended.ending);
        switch (ended.ending) {
            case Ending::returned: write_value(ended.value.ptr(), out); break;
            case Ending::exited: body.put(ended.value.cast<std::int32_t>()); break;
            case Ending::raised: {
                const py::tuple parts = ended.value;
                body.text(utf8(parts[0].ptr()));
                body.text(utf8(parts[1].ptr()));
                body.put(parts[2].cast<std::int32_t>());
                body.text(utf8(parts[3].ptr()));
                break;
            }
            default: break;
        }
    }

    void run(Reader& in, const Frame& frame) {
        py::object script = py::none();
        Ended ended = execute(in, frame, script);
        // A child that the script has forked and that came back here is not the worker.
        if (getpid() != state->process) {
            flush_();
            _exit(ended.ending == Ending::returned || ended.ending == Ending::finished ? 0 : 1);
        }
        Written out;
        try {
            write_ended(ended, out);
        } catch (py::error_already_set& error) {
            out = {};
            ended = raised(error, py::none());
            ended.ending = Ending::refused;
            Writer& body = out.packet.body;
            body.put(Ending::refused);
            body.text(utf8(py::tuple(ended.value)[1].ptr()));
        } catch (const std::runtime_error& error) {
            out = {};
            out.packet.body.put(Ending::refused);
            out.packet.body.text(error.what());
        }
        state->is_running = false;
        flush_();
        out.packet.body.put<std::uint8_t>(out.has_nan);
        out.packet.body.put<std::uint8_t>(is_spoilt(script) ||
                                          (ended.ending == Ending::raised && is_out_of_memory(ended)));
        send(state->options.socket, Message::result, out.packet);
        ended = {};
        out = {};
        clean_(script, globals_);
        globals_ = prepare_();
    }

    static bool is_out_of_memory(const Ended& ended) { return utf8(py::tuple(ended.value)[0].ptr()) == "MemoryError"; }

    // Must the process not serve another call?
    bool is_spoilt(const py::object& script) const {
        return getppid() != state->options.supervisor || (!script.is_none() && script.attr("lasts").cast<bool>()) ||
               has_threads_().cast<bool>() || has_children() || pipe_behind(STDOUT_FILENO) != state->pipes[0] ||
               pipe_behind(STDERR_FILENO) != state->pipes[1];
    }

    py::object compile_;
    py::object check_;
    py::object execute_;
    py::object flush_;
    py::object prepare_;
    py::object clean_;
    py::object has_threads_;
    py::object describe_;
    py::object end_;
    py::dict globals_;
    std::unordered_map<std::uint64_t, py::object> scripts_;
};

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
    state = new State();
    state->options = options;
    state->process = getpid();
    state->pipes[0] = pipe_behind(STDOUT_FILENO);
    state->pipes[1] = pipe_behind(STDERR_FILENO);
    const std::string supervisor = std::to_string(options.supervisor);
    state->orphans = open(("/proc/" + supervisor + "/task/" + supervisor + "/children").c_str(), O_RDONLY | O_CLOEXEC);
    try {
        const py::module_ module = make_module();
        module.attr("begin")(options.folder);
        Loop loop(module);
        Packet ready;
        ready.body.text(Py_GetVersion());
        send(options.socket, Message::ready, ready);
        while (loop.next()) {
        }
    } catch (const std::exception& error) {
        // What the plugin shows if the worker could not start.
        const std::string text = std::string("kdeps-python-worker: ") + error.what() + "\n";
        [[maybe_unused]] const auto written = write(STDERR_FILENO, text.data(), text.size());
        _exit(1);
    }
    // No finalizers: threads that a script left could hold them up for ever.
    _exit(0);
}

}  // namespace kdeps::python

// SPDX-License-Identifier: Apache-2.0
#include "loop.hpp"

#include <unistd.h>

#include "convert.hpp"
#include "table.hpp"

namespace kdeps::python {

Loop::Loop(const py::module_& module, Line& line, Stage& stage)
    : line_(line),
      stage_(stage),
      compile_(module.attr("compile_script")),
      check_(module.attr("check_script")),
      failed_(module.attr("failed")),
      describe_(module.attr("describe")),
      end_(module.attr("END")) {}

bool Loop::next() {
    Frame frame;
    if (!line_.receive(frame)) return false;
    Reader in(frame.body);
    if (frame.type == Message::check) {
        check(in);
    } else if (frame.type == Message::run) {
        return run(in, frame);
    } else {
        return false;
    }
    return true;
}

void Loop::check(Reader& in) {
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
    line_.send(Message::checked, answer);
}

// The source comes with the first call of a script to this worker.
const Script& Loop::compile(Reader& in, std::uint64_t key) {
    if (in.take<std::uint8_t>() == 0) return scripts_.at(key);
    const std::string_view source = in.text();
    const std::string_view file = in.text();
    Script script;
    script.made = compile_(to_python(source), to_python(file));
    script.code = script.made.attr("code");
    script.file = script.made.attr("file");
    const auto is = [&](const char* name) { return script.made.attr(name).cast<bool>(); };
    script.has_return = is("has_return");
    script.lasts = is("lasts");
    script.may_patch = is("may_patch");
    script.needs_care = is("needs_care");
    return scripts_[key] = std::move(script);
}

void Loop::bind(Reader& in, const Frame& frame, const Script& script) {
    const py::dict names = stage_.names();
    static PyObject* const file_name = PyUnicode_InternFromString("__file__");
    PyDict_SetItem(names.ptr(), file_name, script.file.ptr());
    for (std::size_t i = 0, count = in.count(); i < count; ++i) {
        if (i == value_names_.size()) value_names_.push_back(py::str("__kdeps_" + std::to_string(i) + "__"));
        names[value_names_[i]] = read_value(in, frame.memory);
    }
    if (in.take<std::uint8_t>() != 0) names["params"] = read_value(in, frame.memory);
    py::list arguments;
    arguments.append(script.file);
    for (std::size_t left = in.count(); left > 0; --left) arguments.append(to_python(in.text()));
    PySys_SetObject("argv", arguments.ptr());
    if (const std::size_t count = in.count(); count > 0) {
        const py::object environment = py::module_::import("os").attr("environ");
        for (std::size_t i = 0; i < count; ++i) {
            const py::object name = to_python(in.text());
            environment[name] = to_python(in.text());
        }
    }
}

Loop::Ended Loop::execute(const Script& script) {
    static PyObject* const function_name = PyUnicode_InternFromString("__script__");
    PyObject* names = stage_.names().ptr();
    stage_.begin(script);
    line_.open(true);
    PyObject* result = PyEval_EvalCode(script.code.ptr(), names, names);
    if (result != nullptr && script.has_return) {
        Py_DECREF(result);
        PyObject* function = Py_NewRef(PyDict_GetItemWithError(names, function_name));
        PyDict_DelItem(names, function_name);
        result = PyObject_CallNoArgs(function);
        Py_DECREF(function);
    }
    if (result == nullptr) {
        py::error_already_set error;
        const py::object value = error.value();
        if (error.trace()) PyException_SetTraceback(value.ptr(), error.trace().ptr());
        const py::tuple ended = failed_(value, script.made);
        return {static_cast<Ending>(ended[0].cast<int>()), ended[1]};
    }
    const py::object value = py::reinterpret_steal<py::object>(result);
    if (!script.has_return || value.is(end_)) return {Ending::finished, py::none()};
    return {Ending::returned, value};
}

Loop::Ended Loop::raised(py::error_already_set& error, const py::object& script) {
    const py::object value = error.value();
    if (error.trace()) PyException_SetTraceback(value.ptr(), error.trace().ptr());
    return {Ending::raised, describe_(value, script)};
}

void Loop::write_ended(const Ended& ended, Written& out) {
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

bool Loop::is_out_of_memory(const Ended& ended) {
    return ended.ending == Ending::raised && utf8(py::tuple(ended.value)[0].ptr()) == "MemoryError";
}

bool Loop::run(Reader& in, const Frame& frame) {
    forget_lent_tables();
    const Script* script = nullptr;
    Ended ended;
    try {
        script = &compile(in, in.take<std::uint64_t>());
        bind(in, frame, *script);
        ended = execute(*script);
    } catch (py::error_already_set& error) {
        ended = raised(error, script == nullptr ? py::object(py::none()) : script->made);
    }
    // A child that the script has forked and that came back here is not the worker.
    if (!line_.is_own_process()) {
        stage_.flush();
        _exit(ended.ending == Ending::returned || ended.ending == Ending::finished ? 0 : 1);
    }
    Written out;
    const auto refuse = [&](std::string_view why) {
        ended = {Ending::refused, py::none()};
        out = {};
        out.packet.body.put(Ending::refused);
        out.packet.body.text(why);
    };
    try {
        write_ended(ended, out);
    } catch (py::error_already_set& error) {
        const py::tuple parts = raised(error, py::none()).value;
        refuse(utf8(parts[1].ptr()));
    } catch (const std::runtime_error& error) {
        refuse(error.what());
    }
    line_.open(false);
    stage_.flush();
    out.packet.body.put<std::uint8_t>(out.has_nan);
    out.packet.body.put<std::uint8_t>(stage_.is_spoilt(script) || is_out_of_memory(ended));
    line_.send(Message::result, out.packet);
    ended = {};
    out = {};
    return stage_.restore(script);
}

}  // namespace kdeps::python

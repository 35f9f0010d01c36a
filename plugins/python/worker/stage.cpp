// SPDX-License-Identifier: Apache-2.0
#include "stage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace kdeps::python {

namespace {

ino_t pipe_behind(int descriptor) {
    struct stat found {};
    return fstat(descriptor, &found) == 0 ? found.st_ino : 0;
}

int lowest_free_descriptor() {
    const int found = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (found >= 0) close(found);
    return found;
}

// Differs after every change of a dict; nothing (never equal) where Python does not tell.
std::uint64_t version_of(const py::dict& dict) {
#if PY_VERSION_HEX < 0x030C0000
    return reinterpret_cast<const PyDictObject*>(dict.ptr())->ma_version_tag;
#else
    static std::uint64_t never = 0;
    (void)dict;
    return ++never;
#endif
}

bool is_traced() {
    const PyThreadState* thread = PyThreadState_Get();
    return thread->c_tracefunc != nullptr || thread->c_profilefunc != nullptr;
}

}  // namespace

bool Stage::Kept::is_same() const {
    if (PyList_GET_SIZE(list.ptr()) != static_cast<Py_ssize_t>(elements.size())) return false;
    for (std::size_t i = 0; i < elements.size(); ++i) {
        if (PyList_GET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i)) != elements[i].ptr()) return false;
    }
    return true;
}

Stage::Stage(const py::module_& module, pid_t supervisor)
    : guard_(module.attr("guard")),
      new_streams_(module.attr("new_streams")),
      flush_(module.attr("flush")),
      thread_count_(py::module_::import("_thread").attr("_count")),
      first_names_(module.attr("first_names")()),
      sys_(py::module_::import("sys").attr("__dict__")),
      modules_(py::module_::import("sys").attr("modules")),
      environment_(py::module_::import("os").attr("environ").attr("_data")),
      path_{py::module_::import("sys").attr("path"), {}},
      filters_{py::module_::import("warnings").attr("filters"), {}},
      recursion_limit_(Py_GetRecursionLimit()),
      pipes_{pipe_behind(STDOUT_FILENO), pipe_behind(STDERR_FILENO)} {
    const std::string process = std::to_string(supervisor);
    orphans_ = open(("/proc/" + process + "/task/" + process + "/children").c_str(), O_RDONLY | O_CLOEXEC);
    for (Kept* kept : {&path_, &filters_}) {
        for (const py::handle element : kept->list)
            kept->elements.push_back(py::reinterpret_borrow<py::object>(element));
    }
    noticed_.may_have_children = modules_.contains("_posixsubprocess");
    if (PySys_AddAuditHook(audit, this) != 0) throw py::error_already_set();
    streams_ = new_streams_();
    remember();
    prepare();
    input_ = pipe_behind(STDIN_FILENO);
    free_descriptor_ = lowest_free_descriptor();
}

int Stage::audit(const char* event, PyObject* arguments, void* stage) {
    const std::string_view name(event);
    Noticed& noticed = static_cast<Stage*>(stage)->noticed_;
    const auto is_one_of = [&](std::initializer_list<std::string_view> starts) {
        return std::any_of(starts.begin(), starts.end(),
                           [&](std::string_view start) { return name.starts_with(start); });
    };
    if (name == "import") {
        // multiprocessing and others start processes through this module and tell of none.
        PyObject* module = PyTuple_GET_SIZE(arguments) > 0 ? PyTuple_GET_ITEM(arguments, 0) : nullptr;
        if (module != nullptr && PyUnicode_Check(module) &&
            PyUnicode_CompareWithASCIIString(module, "_posixsubprocess") == 0)
            noticed.may_have_children = true;
    } else if (name == "os.chdir") {
        noticed.has_moved = true;
    } else if (name == "os.putenv" || name == "os.unsetenv") {
        PyObject* variable = PyTuple_GET_SIZE(arguments) > 0 ? PyTuple_GET_ITEM(arguments, 0) : nullptr;
        if (variable != nullptr && PyBytes_Check(variable)) noticed.set.emplace_back(PyBytes_AS_STRING(variable));
    } else if (is_one_of({"os.kill", "signal.pthread_kill", "resource.", "ctypes.dlsym", "ctypes.call_function"})) {
        // Signals may have been meant for the supervisor; limits cannot be taken back; what is called past the
        // interpreter cannot be followed.
        noticed.has_interfered = true;
    } else if (is_one_of({"os.fork", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "subprocess."})) {
        noticed.may_have_children = true;
    }
    return 0;
}

void Stage::remember() {
    sys_version_ = version_of(sys_);
    environment_version_ = version_of(environment_);
}

void Stage::prepare() {
    const py::object module = owned(PyModule_New("__main__"));
    names_ = py::reinterpret_borrow<py::dict>(PyModule_GetDict(module.ptr()));
    if (PyDict_Update(names_.ptr(), first_names_.ptr()) != 0) throw py::error_already_set();
    static PyObject* const main_name = PyUnicode_InternFromString("__main__");
    if (PyDict_SetItem(modules_.ptr(), main_name, module.ptr()) != 0) throw py::error_already_set();
}

void Stage::begin(const Script& script) {
    if (script.may_patch) guard_.attr("take")(script.made);
    sys_version_ = version_of(sys_);
}

void Stage::flush() {
    static PyObject* const method = PyUnicode_InternFromString("flush");
    has_streams_ = version_of(sys_) == sys_version_;
    for (Py_ssize_t i = 0; has_streams_ && i < 2; ++i) {
        PyObject* done = PyObject_CallMethodNoArgs(PyTuple_GET_ITEM(streams_.ptr(), i), method);
        has_streams_ = done != nullptr;
        Py_XDECREF(done);
    }
    if (has_streams_) return;
    PyErr_Clear();
    flush_();
}

// Processes that the call left: children of this one, or orphans that the supervisor has taken in.
bool Stage::has_children() const {
    siginfo_t ignored{};
    if (waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == 0) return true;
    char list[64];
    const ssize_t size = orphans_ < 0 ? 0 : pread(orphans_, list, sizeof(list), 0);
    const std::string_view pids(list, size < 0 ? 0 : static_cast<std::size_t>(size));
    return pids.find(' ') + 1 < pids.size();
}

bool Stage::is_spoilt(const Script* script) const {
    return noticed_.has_interfered || (script != nullptr && script->lasts) || thread_count_().cast<int>() > 0 ||
           (noticed_.may_have_children && has_children());
}

bool Stage::is_unchanged() const {
    return version_of(sys_) == sys_version_ && version_of(environment_) == environment_version_ && path_.is_same() &&
           filters_.is_same() && noticed_.set.empty() && !has_foreign_defaults() && !is_traced() &&
           Py_GetRecursionLimit() == recursion_limit_ && PyGC_IsEnabled() != 0;
}

// Settings that modules keep outside of Python's sight.
bool Stage::has_foreign_defaults() const {
    const auto answer = [this](const char* module, const char* function) {
        PyObject* found = PyDict_GetItemString(modules_.ptr(), module);
        if (found == nullptr) return py::object();
        PyObject* out = PyObject_CallMethod(found, function, nullptr);
        if (out == nullptr) PyErr_Clear();
        return py::reinterpret_steal<py::object>(out);
    };
    constexpr int kFieldSize = 131072;
    const py::object timeout = answer("_socket", "getdefaulttimeout");
    const py::object size = answer("_csv", "field_size_limit");
    return (timeout && !timeout.is_none()) || (size && PyLong_AsLong(size.ptr()) != kFieldSize);
}

// os.environ is as it was; the process may know others.
void Stage::restore_variables() {
    for (const std::string& name : noticed_.set) {
        const PyObject* const key = PyDict_GetItem(environment_.ptr(), py::bytes(name).ptr());
        if (key == nullptr) {
            unsetenv(name.c_str());
        } else {
            setenv(name.c_str(), PyBytes_AS_STRING(const_cast<PyObject*>(key)), 1);
        }
    }
    noticed_.set.clear();
}

bool Stage::restore(const Script* script) {
    PyDict_Clear(names_.ptr());
    if ((script != nullptr && script->needs_care) || noticed_.has_moved || !is_unchanged()) {
        guard_.attr("put_back")(script == nullptr ? py::object(py::tuple()) : script->made.attr("names"));
        noticed_.has_moved = false;
        has_streams_ = false;
        restore_variables();
    }
    if (!has_streams_) {
        streams_ = new_streams_();
        has_streams_ = true;
    }
    remember();
    prepare();
    return pipe_behind(STDOUT_FILENO) == pipes_[0] && pipe_behind(STDERR_FILENO) == pipes_[1] &&
           pipe_behind(STDIN_FILENO) == input_ && lowest_free_descriptor() == free_descriptor_;
}

}  // namespace kdeps::python

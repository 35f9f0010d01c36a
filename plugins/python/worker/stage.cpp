// SPDX-License-Identifier: Apache-2.0
#include "stage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace kdeps::python {

namespace {

ino_t pipe_behind(int descriptor) {
    struct stat found {};
    return fstat(descriptor, &found) == 0 ? found.st_ino : 0;
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
      folder_(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      supervisor_(supervisor),
      pipes_{pipe_behind(STDOUT_FILENO), pipe_behind(STDERR_FILENO)} {
    const std::string process = std::to_string(supervisor);
    orphans_ = open(("/proc/" + process + "/task/" + process + "/children").c_str(), O_RDONLY | O_CLOEXEC);
    for (Kept* kept : {&path_, &filters_}) {
        for (const py::handle element : kept->list)
            kept->elements.push_back(py::reinterpret_borrow<py::object>(element));
    }
    if (PySys_AddAuditHook(audit, this) != 0) throw py::error_already_set();
    streams_ = new_streams_();
    remember();
    prepare();
}

// Signals may have been meant for the supervisor; what is called past the interpreter cannot be followed at all.
int Stage::audit(const char* event, PyObject*, void* stage) {
    const std::string_view name(event);
    if (name.starts_with("os.kill") || name == "signal.pthread_kill" || name.starts_with("ctypes.dlsym") ||
        name == "ctypes.call_function") {
        static_cast<Stage*>(stage)->has_interfered_ = true;
    }
    return 0;
}

void Stage::remember() {
    sys_version_ = version_of(sys_);
    environment_version_ = version_of(environment_);
}

void Stage::prepare() {
    const py::object module = owned(PyModule_New("__main__"));
    names_ = module.attr("__dict__");
    if (PyDict_Update(names_.ptr(), first_names_.ptr()) != 0) throw py::error_already_set();
    modules_["__main__"] = module;
}

void Stage::begin(const Script& script) {
    if (script.may_patch) guard_.attr("take")(script.made);
    sys_version_ = version_of(sys_);
}

void Stage::flush() {
    static PyObject* const method = PyUnicode_InternFromString("flush");
    has_streams_ = version_of(sys_) == sys_version_;
    for (std::size_t i = 0; has_streams_ && i < 2; ++i) {
        PyObject* done = PyObject_CallMethodNoArgs(py::object(streams_[i]).ptr(), method);
        has_streams_ = done != nullptr;
        Py_XDECREF(done);
    }
    PyErr_Clear();
    if (!has_streams_) flush_();
}

bool Stage::is_spoilt(const Script* script) const {
    if (has_interfered_ || (script != nullptr && script->lasts) || getppid() != supervisor_) return true;
    if (thread_count_().cast<int>() > 0) return true;
    // Processes that the call left: children of this one, or orphans that the supervisor has taken in.
    siginfo_t ignored{};
    if (waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == 0) return true;
    char list[64];
    const ssize_t size = orphans_ < 0 ? 0 : pread(orphans_, list, sizeof(list), 0);
    const std::string_view pids(list, size < 0 ? 0 : static_cast<std::size_t>(size));
    if (pids.find(' ') + 1 < pids.size()) return true;
    return pipe_behind(STDOUT_FILENO) != pipes_[0] || pipe_behind(STDERR_FILENO) != pipes_[1];
}

bool Stage::is_unchanged() const {
    return version_of(sys_) == sys_version_ && version_of(environment_) == environment_version_ && path_.is_same() &&
           filters_.is_same() && !is_traced() && Py_GetRecursionLimit() == recursion_limit_ && PyGC_IsEnabled() != 0;
}

void Stage::restore(const Script* script) {
    PyDict_Clear(names_.ptr());
    if ((script != nullptr && script->needs_care) || !is_unchanged()) {
        guard_.attr("put_back")(script == nullptr ? py::object(py::tuple()) : script->made.attr("names"));
        has_streams_ = false;
    } else if (fchdir(folder_) != 0) {
        guard_.attr("go_home")();
    }
    if (!has_streams_) {
        streams_ = new_streams_();
        has_streams_ = true;
    }
    remember();
    prepare();
}

}  // namespace kdeps::python

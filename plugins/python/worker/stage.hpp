// SPDX-License-Identifier: Apache-2.0
// What a script finds when it begins: a fresh main module, streams, and a process as it was; and what it has left of
// it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "python.hpp"

namespace kdeps::python {

// A compiled script, with what the parser saw of it.
struct Script {
    py::object made;  // of prelude's class Script
    py::object code;
    py::object file;
    bool has_return = false;
    bool lasts = false;       // leaves a process that is no longer as it was
    bool may_patch = false;   // may change attributes of modules
    bool needs_care = false;  // what it changes cannot be seen cheaply
};

// The interpreter's thread.
class Stage {
public:
    // `supervisor` is the process above this one.  Throws py::error_already_set.
    Stage(const py::module_& module, pid_t supervisor);
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    // The names of the main module of the call to come.
    py::dict names() const { return names_; }
    void begin(const Script& script);
    // What is written goes out.
    void flush();
    // Must the process not serve another call?
    bool is_spoilt(const Script* script) const;
    // After the answer is sent: puts back what the call has changed.  False if that is beyond it: the process should
    // end.
    bool restore(const Script* script);

private:
    // A list and its elements, as they were.
    struct Kept {
        py::object list;
        std::vector<py::object> elements;
        bool is_same() const;
    };

    // What the audit events of the interpreter have told, which costs nothing where nothing happens.
    struct Noticed {
        bool may_have_children = false;  // from now on
        bool has_moved = false;          // to another folder
        bool has_interfered = false;     // with processes, limits, or past the interpreter
        std::vector<std::string> set;    // variables of the environment, also those that os.environ does not know
    };

    static int audit(const char* event, PyObject* arguments, void* stage);
    bool has_children() const;
    bool is_unchanged() const;
    bool has_foreign_defaults() const;
    void restore_variables();
    void remember();
    void prepare();

    const py::object guard_;
    const py::object new_streams_;
    const py::object flush_;
    const py::object thread_count_;
    const py::dict first_names_;  // of each main module
    const py::dict sys_;
    const py::dict modules_;
    py::dict environment_;
    Kept path_;
    Kept filters_;
    py::dict names_;
    py::tuple streams_;
    bool has_streams_ = true;  // those of the stage, still whole
    std::uint64_t sys_version_ = 0;
    std::uint64_t environment_version_ = 0;
    const int recursion_limit_;
    int orphans_ = -1;          // the supervisor's list of children
    ino_t pipes_[2] = {0, 0};   // behind stdout and stderr
    ino_t input_ = 0;           // behind stdin
    int free_descriptor_ = -1;  // the lowest: another one tells of a descriptor that a call has left or closed
    Noticed noticed_;
};

}  // namespace kdeps::python

// SPDX-License-Identifier: Apache-2.0
#include "line.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "convert.hpp"

namespace kdeps::python {

namespace {

// Set in every child that a script forks, which then is not the worker.
volatile std::sig_atomic_t is_child = 0;

}  // namespace

Line::Line(int socket) : channel_(Descriptor(socket)) {
    pthread_atfork(nullptr, nullptr, [] { is_child = 1; });
}

bool Line::is_own_process() { return is_child == 0; }

bool Line::receive(Frame& frame) {
    PyThreadState* const thread = PyEval_SaveThread();
    bool is_there = false;
    try {
        is_there = channel_.peek(frame) == Channel::Received::frame;
    } catch (...) {
        PyEval_RestoreThread(thread);
        throw;
    }
    PyEval_RestoreThread(thread);
    // Here the process lives: one that is killed while it waits may get a message, but never comes this far with it.
    if (is_there) channel_.take();
    return is_there;
}

py::object Line::ask(Message question, const py::str& name, const py::str& storage, const py::object& value) {
    if (!is_running_ || !is_own_process())
        throw std::runtime_error("get, set and info work during the call of the script and in its own process only");
    Written written;
    written.packet.body.text(utf8(name.ptr()));
    written.packet.body.text(utf8(storage.ptr()));
    if (question == Message::set) write_value(value.ptr(), written);
    Frame answer;
    {
        const py::gil_scoped_release unlocked;
        const std::lock_guard lock(mutex_);
        channel_.send(question, written.packet);
        if (channel_.receive(answer) != Channel::Received::frame) _exit(0);
    }
    Reader in(answer.body);
    if (answer.type == Message::refusal) {
        const py::object error = py::module_::import("kdeps").attr("Error");
        PyErr_SetObject(error.ptr(), to_python(in.text()).ptr());
        throw py::error_already_set();
    }
    return read_value(in, answer.memory);
}

}  // namespace kdeps::python

// SPDX-License-Identifier: Apache-2.0
// The worker's end of the line to the plugin, and what a running script asks over it.
#pragma once

#include <mutex>

#include "../channel.hpp"
#include "python.hpp"

namespace kdeps::python {

// The loop receives calls and sends results; the threads of a script ask between the two.
class Line {
public:
    explicit Line(int socket);

    // False when the plugin has closed the line.  Other threads of Python run meanwhile.
    bool receive(Frame& frame);
    void send(Message type, const Packet& packet) { channel_.send(type, packet); }

    // get, set or info of a script.  Throws py::error_already_set with kdeps.Error if the plugin refuses.
    py::object ask(Message question, const py::str& name, const py::str& storage, const py::object& value);

    // Questions are allowed while a script runs.
    void open(bool is_running) { is_running_ = is_running; }
    // False in a child that a script has forked.
    static bool is_own_process();

private:
    Channel channel_;
    std::mutex mutex_;  // one question at a time
    bool is_running_ = false;
};

}  // namespace kdeps::python

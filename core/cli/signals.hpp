// SPDX-License-Identifier: Apache-2.0
// The signals that the process knows, from before anything is loaded until everything is gone:
//   SIGINT, SIGTERM, SIGHUP  end what is under way orderly; the second one ends at once, whatever the process does
//   SIGQUIT                  ends at once
//   SIGUSR1, SIGUSR2         nothing
//   SIGPIPE                  nothing: who writes to a closed pipe gets an error
// One that was ignored when the process began (nohup) stays ignored.
#pragma once

#include <functional>
#include <mutex>
#include <thread>

namespace kdeps::cli {

// To be made before any other thread, so that all of them leave the signals to the one of this object; one for the
// process.
class Signals {
public:
    Signals();
    ~Signals();  // the signals do again what they do by default
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    // What the first signal does, from construction to destruction; at once if it came before.  Where there is no
    // Action, it ends the process: nothing is under way yet, or any more.
    class Action {
    public:
        // Called once, on a thread of its own.
        Action(Signals& signals, std::function<void()> act);
        ~Action();  // waits for a call
        Action(const Action&) = delete;
        Action& operator=(const Action&) = delete;

    private:
        friend class Signals;
        void begin();

        Signals& signals_;
        const std::function<void()> act_;
        std::thread thread_;  // guarded by the mutex of signals_
    };

private:
    void work();

    const int wake_;    // ends the thread
    std::mutex mutex_;  // guards everything below
    Action* action_ = nullptr;
    bool has_come_ = false;
    std::thread thread_;
};

}  // namespace kdeps::cli

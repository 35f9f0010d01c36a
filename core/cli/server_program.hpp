// SPDX-License-Identifier: Apache-2.0
// The command line is two programs of the same arguments.  bin/kdeps runs a workflow once and looks at it;
// lib/kdeps/kdeps-server serves it, and downloads and signs plugins.  HTTP, TLS and signatures are linked by the second
// alone: loading them takes longer than a whole run on SQLite (core/decisions/0005-two-programs.md).
#pragma once

namespace kdeps::cli {

// In bin/kdeps: goes on in kdeps-server, with the same arguments; throws Error if it cannot be started.  In
// kdeps-server: does nothing.  To be called before anything is started, read or written.
void enter_server_program();

}  // namespace kdeps::cli

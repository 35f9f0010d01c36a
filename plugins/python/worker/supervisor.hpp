// SPDX-License-Identifier: Apache-2.0
// The parent of the interpreter: sees to it that nothing which a script has started outlives the worker.
#pragma once

namespace kdeps::python {

// Becomes the parent of every process that loses its own, waits until the interpreter has ended or the plugin lets go
// of `lifeline`, kills and reaps all that is left, and writes the interpreter's status (as of waitpid) to the lifeline.
int supervise(int interpreter, int lifeline);

}  // namespace kdeps::python

// SPDX-License-Identifier: Apache-2.0
#include "core/engine/loop.hpp"

#include "core/engine/on_error.hpp"

namespace kdeps::engine {

using value::Value;

Value run_loop(Scope& scope, const CompiledResource& compiled) {
    Run& run = scope.run();
    const workflow::Loop& loop = *compiled.source->loop;
    Iteration iteration;
    scope.set_iteration(&iteration);
    while (true) {
        run.check();
        if (!expr::truthy(loop.condition.evaluate(scope))) break;
        if (iteration.index >= loop.max_iterations) {
            throw Error(Status::exhausted, "loop: the condition still held after " +
                                               std::to_string(loop.max_iterations) + " iterations (maxIterations)");
        }
        if (iteration.index > 0 && loop.every.count() > 0) {
            run.stop().wait_until(earlier(run.request().deadline, Deadline::after(loop.every)));
            run.check();
        }
        Attempt attempt(scope, compiled);
        Finished finished = finish_with_on_error(attempt);
        if (finished.in_doubt) {
            // The next iteration would do it again.
            Error error = *finished.in_doubt;
            error.message = "loop: iteration " + std::to_string(iteration.index + 1) +
                            " may have taken effect and is not repeated: " + error.message;
            throw Error(std::move(error));
        }
        iteration.results = appended(std::move(iteration.results), value::to_plain(finished.value));
        ++iteration.index;
    }
    scope.set_iteration(nullptr);
    return iteration.results.size() == 1 ? iteration.results.at(0) : std::move(iteration.results);
}

}  // namespace kdeps::engine

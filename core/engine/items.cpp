// SPDX-License-Identifier: Apache-2.0
#include "core/engine/items.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

#include "core/engine/on_error.hpp"

namespace kdeps::engine {

using value::Value;

namespace {

// Shared by the threads that work on the items; a helper that comes late still looks at it.
struct Shared {
    std::mutex mutex;  // guards everything below
    std::condition_variable done;
    std::size_t next = 0;
    std::size_t running = 0;
    bool is_closed = false;  // the resource has left: nothing of it may be used
    std::optional<Error> error;
    value::List results;
};

class Items {
public:
    Items(Run& run, const CompiledResource& compiled, Value items, const IsSkipped& is_skipped)
        : run_(run), compiled_(compiled), items_(std::move(items)), is_skipped_(is_skipped) {}

    Value run_one(std::size_t index) const {
        run_.check();
        Iteration iteration;
        iteration.items = items_;
        iteration.index = index;
        Scope scope(run_, *compiled_.source);
        scope.set_iteration(&iteration);
        if (is_skipped_(scope)) return {};
        Attempt attempt(scope, compiled_);
        return finish_with_on_error(attempt).value;
    }

    // Takes items until none is left or one has failed, which stops the others too: the run has failed.
    void work(Shared& shared) const {
        std::unique_lock lock(shared.mutex);
        while (!shared.is_closed && !shared.error && shared.next < items_.size()) {
            const std::size_t index = shared.next++;
            ++shared.running;
            lock.unlock();
            Value result;
            std::optional<Error> failed;
            try {
                result = run_one(index);
            } catch (...) {
                failed = current_error();
                if (failed->resource.empty()) failed->resource = compiled_.source->action_id;
                run_.fail(*failed);
            }
            lock.lock();
            shared.results[index] = std::move(result);
            if (failed && !shared.error) shared.error = std::move(failed);
            --shared.running;
            shared.done.notify_all();
        }
    }

    std::size_t size() const { return items_.size(); }

private:
    Run& run_;
    const CompiledResource& compiled_;
    const Value items_;
    const IsSkipped& is_skipped_;
};

// Do two references mean the same place?  A get() without a source may mean any store.
bool may_meet(const expr::Reference& read, const expr::Reference& write) {
    static constexpr std::array<std::string_view, 3> kStores = {"memory", "session", "app"};
    const auto is_store = [](const std::string& name) {
        return std::find(kStores.begin(), kStores.end(), name) != kStores.end();
    };
    const std::string store = write.storage.empty() ? "memory" : write.storage;
    if (!write.is_literal || write.key != read.key || !is_store(store)) return false;
    return is_store(read.storage) ? read.storage == store : !Scope::is_source(read.storage);
}

}  // namespace

Value list_items(Scope& scope) {
    const workflow::ConfigValue& source = *scope.resource().items;
    value::List items;
    const Value given = source.evaluate(scope);
    if (source.kind() == workflow::ConfigValue::Kind::list) {
        // An entry that is an expression and gives a list stands for its elements.
        for (std::size_t i = 0; i < given.size(); ++i) {
            const Value entry = given.at(i);
            const bool is_computed = source.at(i).kind() != workflow::ConfigValue::Kind::list;
            if (entry.is_array() && is_computed) {
                for (std::size_t k = 0; k < entry.size(); ++k) items.push_back(entry.at(k));
            } else {
                items.push_back(entry);
            }
        }
    } else if (given.is_array()) {
        for (std::size_t i = 0; i < given.size(); ++i) items.push_back(given.at(i));
    } else if (!given.is_null()) {
        items.push_back(given);
    }
    return Value::list(std::move(items));
}

Value run_items(Run& run, const CompiledResource& compiled, const Value& items, const IsSkipped& is_skipped) {
    const Items all(run, compiled, items, is_skipped);
    const std::size_t threads = std::min(compiled.source->items_concurrency, items.size());
    if (threads < 2) {
        value::List results;
        for (std::size_t i = 0; i < items.size(); ++i) results.push_back(all.run_one(i));
        return Value::list(std::move(results));
    }
    const auto shared = std::make_shared<Shared>();
    shared->results.resize(items.size());
    for (std::size_t i = 1; i < threads; ++i) {
        // `all` is looked at only while the resource waits for those that are at work.
        run.parts().workers.submit([shared, &all] {
            {
                const std::lock_guard lock(shared->mutex);
                if (shared->is_closed) return;
                ++shared->running;
            }
            all.work(*shared);
            const std::lock_guard lock(shared->mutex);
            --shared->running;
            shared->done.notify_all();
        });
    }
    all.work(*shared);
    std::unique_lock lock(shared->mutex);
    shared->done.wait(lock, [&] { return shared->running == 0; });
    shared->is_closed = true;
    if (shared->error) throw Error(*shared->error);
    return Value::list(std::move(shared->results));
}

void check_side_by_side(const workflow::Resource& resource, config::Diagnostics& faults) {
    if (!resource.items || resource.items_concurrency < 2) return;
    for (const auto& [read, position] : resource.references) {
        const bool is_get = read.function == "get";
        if (!read.is_literal || (!is_get && read.function != "output")) continue;
        const bool is_output = !is_get || read.storage == "output" || !Scope::is_source(read.storage);
        if (read.key == resource.action_id && is_output) {
            faults.error("'" + read.key +
                             "' reads its own output, which items side by side do not have; leave out "
                             "itemsConcurrency, or read the results in a resource that requires this one",
                         position);
        } else if (is_get &&
                   std::any_of(resource.references.begin(), resource.references.end(), [&](const auto& other) {
                       return other.first.function == "set" && may_meet(read, other.first);
                   })) {
            faults.error("items side by side would lose each other's values of '" + read.key +
                             "', which they get() and set(); use increment(), append() or compareAndSet(), or leave "
                             "out itemsConcurrency",
                         position);
        }
    }
}

}  // namespace kdeps::engine

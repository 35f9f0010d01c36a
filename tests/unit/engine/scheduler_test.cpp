// SPDX-License-Identifier: Apache-2.0
// The scheduler as a model: random graphs, durations, nodes that fail.  KDEPS_SCHEDULER_GRAPHS says how many graphs: 2,000
// in CI, 100,000 by hand after a change (under ThreadSanitizer 45 s).
#include "core/engine/scheduler.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "core/base/base.hpp"

namespace kdeps::engine {
namespace {

constexpr auto kTooLong = std::chrono::seconds(20);

struct Graph {
    explicit Graph(std::size_t size) : successors(size), predecessors(size) {}
    void add_edge(std::size_t from, std::size_t to) {
        successors[from].push_back(to);
        predecessors[to].push_back(from);
    }
    std::vector<std::size_t> counts() const {
        std::vector<std::size_t> out;
        for (const auto& before : predecessors) out.push_back(before.size());
        return out;
    }
    bool has_path(std::size_t from, std::size_t to) const {
        return from == to || std::any_of(successors[from].begin(), successors[from].end(),
                                         [&](std::size_t next) { return has_path(next, to); });
    }

    std::vector<std::vector<std::size_t>> successors;
    std::vector<std::vector<std::size_t>> predecessors;
};

// Any order of the events that the scheduler may see, and the rules that it must keep.
class Model final : public Scheduler::Work {
public:
    struct Node {
        bool can_begin = false;
        Scheduler::Begun begun = Scheduler::Begun::not_begun;
        std::chrono::microseconds takes{0};
        bool fails = false;
        std::optional<std::size_t> meets;  // both must be inside at once
        std::atomic<int> begins = 0;
        std::atomic<int> runs = 0;
        std::atomic<bool> has_ended = false;
    };

    Model(Graph given, Workers& threads) : graph(std::move(given)), nodes(graph.successors.size()), workers(threads) {}

    std::span<const std::size_t> successors(std::size_t node) const override { return graph.successors[node]; }
    bool can_begin(std::size_t node) const override { return nodes[node].can_begin; }

    Scheduler::Begun begin(std::size_t node) noexcept override {
        want(nodes[node].begins++ == 0, "a node begins twice");
        want(nodes[node].runs == 0, "a node begins after it ran");
        want_predecessors(node);
        return nodes[node].begun;
    }

    bool run(std::size_t node, const std::function<void()>& relief) noexcept override {
        Node& self = nodes[node];
        want(++inside <= 1 || !is_one_at_a_time, "two nodes at a time");
        want(self.runs++ == 0, "a node runs twice");
        want_predecessors(node);
        want(!was_over || self.begins > 0, "a node starts after the end");
        if (relief) relief();
        if (self.takes.count() > 0) std::this_thread::sleep_for(self.takes);
        if (self.meets) {
            const auto end = std::chrono::steady_clock::now() + kTooLong;
            while (nodes[*self.meets].runs == 0 && !is_over) {
                if (std::chrono::steady_clock::now() > end) {
                    want(false, "a ready node has no thread");
                    break;
                }
                std::this_thread::yield();
            }
        }
        self.has_ended = true;
        --inside;
        if (self.fails) is_over = true;
        return !self.fails;
    }

    void call(std::function<void()> help) noexcept override {
        std::size_t ready = 0;
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            ready += !nodes[i].has_ended && nodes[i].runs == 0 &&
                     std::all_of(graph.predecessors[i].begin(), graph.predecessors[i].end(),
                                 [&](std::size_t before) { return nodes[before].has_ended.load(); });
        }
        want(static_cast<std::size_t>(++*called) <= ready, "more threads than ready nodes");
        if (loses_helpers) return;
        workers.submit([called = called, help = std::move(help)] {
            --*called;
            help();
        });
    }

    void want(bool holds, const char* what) {
        if (!holds && !fault.exchange(what)) std::fprintf(stderr, "%s\n", what);
    }
    void want_predecessors(std::size_t node) {
        for (const std::size_t before : graph.predecessors[node])
            want(nodes[before].has_ended, "a node starts before its predecessor has ended");
    }

    const Graph graph;
    std::vector<Node> nodes;
    Workers& workers;
    bool is_one_at_a_time = false;
    bool loses_helpers = false;
    std::atomic<bool> is_over = false;
    std::atomic<bool> was_over = false;
    std::atomic<int> inside = 0;
    std::shared_ptr<std::atomic<int>> called = std::make_shared<std::atomic<int>>(0);
    std::atomic<const char*> fault = nullptr;
};

void run(Model& model) {
    std::make_shared<Scheduler>(static_cast<Scheduler::Work&>(model), model.graph.counts(), model.is_one_at_a_time)
        ->run();
    model.want(model.inside == 0, "the owner left before a helper");
    for (const Model::Node& node : model.nodes) {
        model.want(node.runs == 1 || model.is_over, "a node did not run");
        model.want(node.begins == 0 || node.begun != Scheduler::Begun::under_way || node.runs == 1,
                   "what was under way was not run");
        model.want(node.runs == 0 || node.has_ended, "a node was left");
    }
}

Graph random_graph(std::mt19937& random) {
    const std::size_t size = 1 + random() % 12;
    const std::size_t density = random() % 5;
    Graph graph(size);
    for (std::size_t to = 1; to < size; ++to) {
        for (std::size_t from = 0; from < to; ++from) {
            if (random() % 10 < density) graph.add_edge(from, to);
        }
    }
    return graph;
}

std::size_t graphs() {
    const char* text = std::getenv("KDEPS_SCHEDULER_GRAPHS");
    return text == nullptr ? 2000 : std::strtoul(text, nullptr, 10);
}

TEST(Scheduler, KeepsItsRulesInRandomGraphs) {
    constexpr std::size_t kThreads = 16;
    Workers workers(kThreads);
    const std::size_t count = graphs();
    for (std::size_t seed = 0; seed < count; ++seed) {
        std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
        Model model(random_graph(random), workers);
        model.is_one_at_a_time = random() % 8 == 0;
        model.loses_helpers = random() % 8 == 0;
        const bool may_fail = random() % 4 == 0;
        for (Model::Node& node : model.nodes) {
            node.can_begin = random() % 2 == 0;
            node.begun = static_cast<Scheduler::Begun>(random() % 3);
            node.takes = std::chrono::microseconds(random() % 3 == 0 ? random() % 200 : 0);
            node.fails = may_fail && random() % 6 == 0;
        }
        // Two nodes without a path between them must be able to meet, unless a limit that many share stands between.
        const std::size_t a = random() % model.nodes.size();
        const std::size_t b = random() % model.nodes.size();
        const bool can_meet = !model.is_one_at_a_time && !model.loses_helpers && !model.graph.has_path(a, b) &&
                              !model.graph.has_path(b, a) &&
                              std::none_of(model.nodes.begin(), model.nodes.end(), [](const Model::Node& node) {
                                  return node.can_begin && node.begun == Scheduler::Begun::waits;
                              });
        if (can_meet) {
            model.nodes[a].meets = b;
            model.nodes[b].meets = a;
        }
        run(model);
        ASSERT_EQ(model.fault.load(), nullptr) << model.fault.load() << " in graph " << seed;
    }
}

TEST(Scheduler, GivesEveryReadyNodeAThread) {
    constexpr std::size_t kWidth = 8;
    Workers workers(kWidth);
    for (const bool can_begin : {false, true}) {
        for (int round = 0; round < 50; ++round) {
            Model model(Graph(kWidth), workers);
            for (std::size_t i = 0; i < kWidth; ++i) {
                model.nodes[i].can_begin = can_begin;
                model.nodes[i].meets = (i + 1) % kWidth;
            }
            run(model);
            ASSERT_EQ(model.fault.load(), nullptr) << model.fault.load();
        }
    }
}

// Two branches whose nodes cannot begin: one thread takes the other's while this one looks what begins together.  Once
// that asked for as many helpers as a number can hold.
TEST(Scheduler, AsksForNoMoreThreadsThanTwoBranchesNeed) {
    constexpr std::size_t kLength = 6;
    Workers workers(4);
    for (int round = 0; round < 300; ++round) {
        Graph graph(2 * kLength);
        for (std::size_t i = 0; i + 2 < 2 * kLength; ++i) graph.add_edge(i, i + 2);
        Model model(std::move(graph), workers);
        for (Model::Node& node : model.nodes) node.can_begin = round % 2 == 1 && (&node - model.nodes.data()) % 3 == 0;
        run(model);
        ASSERT_EQ(model.fault.load(), nullptr) << model.fault.load();
    }
}

TEST(Scheduler, LetsNoHelperInAfterTheOwnerHasLeft) {
    struct Late final : Scheduler::Work {
        std::span<const std::size_t> successors(std::size_t) const override { return {}; }
        bool can_begin(std::size_t) const override { return false; }
        Scheduler::Begun begin(std::size_t) noexcept override { return Scheduler::Begun::not_begun; }
        bool run(std::size_t, const std::function<void()>&) noexcept override { return true; }
        void call(std::function<void()> help) noexcept override { late = std::move(help); }
        std::function<void()> late;
    };
    auto work = std::make_unique<Late>();
    std::make_shared<Scheduler>(*work, std::vector<std::size_t>(3), false)->run();
    const auto late = std::move(work->late);
    ASSERT_TRUE(late);
    work.reset();
    late();  // looks at nothing of the work
}

TEST(Scheduler, RunsOneAtATimeIfItIsToldTo) {
    Workers workers(4);
    Model model(Graph(5), workers);
    model.is_one_at_a_time = true;
    run(model);
    EXPECT_EQ(model.fault.load(), nullptr);
    EXPECT_EQ(*model.called, 0);
}

}  // namespace
}  // namespace kdeps::engine

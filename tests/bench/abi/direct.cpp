// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/abi/direct.hpp"

namespace kdeps::bench {

namespace {

class Empty final : public Direct {
public:
    value::Value run(expr::Environment&) override { return {}; }
};

class Fields final : public Direct {
public:
    explicit Fields(const workflow::ConfigValue& fields) : fields_(fields) {}
    value::Value run(expr::Environment& environment) override {
        const value::Value in = fields_.evaluate(environment);
        value::Map out;
        for (std::size_t i = 0; i < in.size(); ++i) out.set(std::string(in.key_at(i)), in.at(i));
        return value::Value::map(std::move(out));
    }

private:
    const workflow::ConfigValue& fields_;
};

}  // namespace

std::unique_ptr<Direct> direct_empty() { return std::make_unique<Empty>(); }
std::unique_ptr<Direct> direct_fields(const workflow::ConfigValue& fields) { return std::make_unique<Fields>(fields); }

}  // namespace kdeps::bench

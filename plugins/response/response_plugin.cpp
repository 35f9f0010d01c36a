// SPDX-License-Identifier: Apache-2.0
// Executor apiResponse: evaluates {success, response, meta} and gives the envelope that the host answers with.
#include <charconv>
#include <kdeps/cpp/executor.hpp>

namespace {

using kdeps::Call;
using kdeps::Config;
using kdeps::Error;
using kdeps::Value;

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "success": {"type": "boolean", "examples": [true]},
    "response": {},
    "meta": {
      "type": "object",
      "properties": {
        "statusCode": {"type": "integer", "minimum": 100, "maximum": 599, "examples": [201]},
        "headers": {"type": "object", "additionalProperties": {}},
        "model": {"type": "string"},
        "backend": {"type": "string"}
      }
    },
    "statusCode": {"type": "integer", "minimum": 100, "maximum": 599, "examples": [201]},
    "headers": {"type": "object", "additionalProperties": {}},
    "model": {"type": "string"},
    "backend": {"type": "string"}
  }
})";

// What an expression gave for success: as conditions are read (a request's "false" is false too).
bool is_success(const Value& value) {
    const kdeps_cell cell = value.cell();
    switch (cell.kind) {
        case KDEPS_BOOL:
        case KDEPS_INT: return cell.as.i != 0;
        case KDEPS_DOUBLE: return cell.as.d != 0;
        case KDEPS_STRING:
            return !value.string().empty() && value.string() != "false" && value.string() != "0" &&
                   value.string() != "no";
        default: return !value.is_null();
    }
}

class Response final {
public:
    explicit Response(Config config) : success_(config["success"]), response_(config["response"]) {
        // The flat spelling keeps them beside response.
        for (const Config& owner : {config["meta"], config}) {
            for (std::size_t i = 0; i < owner.size(); ++i) {
                const std::string_view key = owner.key(i);
                if (key != "success" && key != "response" && key != "meta") meta_.emplace_back(key, owner.at(i));
            }
        }
    }

    Value run(Call& call) const {
        Value out = call.map();
        const Value success = success_.get() == nullptr ? call.boolean(true) : call.evaluate(success_);
        call.put(out, "success", call.boolean(is_success(success)));
        call.put(out, "data", call.evaluate(response_));
        if (!meta_.empty()) {
            const Value meta = call.map();
            for (const auto& [key, config] : meta_) {
                call.put(meta, key, key == "statusCode" ? status_code(call, config) : call.evaluate(config));
            }
            call.put(out, "_meta", meta);
        }
        return out;
    }

private:
    // A status that comes from an expression may be text.
    static Value status_code(const Call& call, const Config& config) {
        const Value value = call.evaluate(config);
        std::int64_t code = value.integer().value_or(0);
        if (value.is_string()) {
            const std::string_view text = value.string();
            std::from_chars(text.data(), text.data() + text.size(), code);
        }
        if (code < 100 || code > 599) {
            throw Error(KDEPS_INVALID_ARGUMENT, "apiResponse.meta.statusCode must be between 100 and 599");
        }
        return call.integer(code);
    }

    Config success_;
    Config response_;
    std::vector<std::pair<std::string_view, Config>> meta_;
};

}  // namespace

KDEPS_EXECUTOR_PLUGIN(Response, {.id = "kdeps.executor.response",
                                 .version = KDEPS_PLUGIN_VERSION,
                                 .summary = "Executor apiResponse: the answer of a run",
                                 .run_key = "apiResponse",
                                 .schema = kSchema,
                                 .flags = KDEPS_EXECUTOR_PURE | KDEPS_EXECUTOR_RESPONDS})

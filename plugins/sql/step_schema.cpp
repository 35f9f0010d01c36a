// SPDX-License-Identifier: Apache-2.0
#include "step.hpp"

namespace kdeps::sql {

const char* const kStepSchema = R"({
  "type": "object",
  "properties": {
    "connectionName": {"type": "string", "x-kdeps-read": "literal", "examples": ["analytics"]},
    "connection": {"type": "string", "x-kdeps-read": "template", "examples": ["sqlite://./cache.db"]},
    "query": {"type": "string", "x-kdeps-read": "template", "examples": ["SELECT * FROM users WHERE id = $1"]},
    "params": {"type": ["array", "object", "string"], "examples": ["[get('id')]"]},
    "paramsBatch": {"type": ["array", "string"], "examples": ["[[1, a], [2, b]]"]},
    "queries": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["query"],
        "properties": {
          "name": {"type": "string", "x-kdeps-read": "literal"},
          "query": {"type": "string", "x-kdeps-read": "template"},
          "params": {"type": ["array", "object", "string"]},
          "paramsBatch": {"type": ["array", "string"]}
        }
      }
    },
    "transaction": {
      "type": ["boolean", "object"],
      "x-kdeps-read": "literal",
      "properties": {
        "isolation": {"type": "string", "examples": ["serializable"]},
        "readOnly": {"type": "boolean"},
        "retries": {"type": "integer", "minimum": 0, "maximum": 100}
      }
    },
    "format": {"type": "string", "x-kdeps-read": "literal", "enum": ["json", "csv", "table"]},
    "maxRows": {"type": "integer", "x-kdeps-read": "literal", "minimum": 0},
    "maxResultBytes": {"type": "integer", "x-kdeps-read": "literal", "minimum": 1},
    "pool": {
      "type": "object",
      "x-kdeps-read": "literal",
      "properties": {
        "maxConnections": {"type": "integer", "minimum": 1, "maximum": 10000},
        "minConnections": {"type": "integer", "minimum": 0, "maximum": 10000},
        "maxIdleTime": {"type": "string"},
        "maxLifetime": {"type": "string"},
        "connectionTimeout": {"type": "string"}
      }
    }
  }
})";

}  // namespace kdeps::sql

// SPDX-License-Identifier: Apache-2.0
// Door of core/config: YAML whose every node knows its place, the report of faults, and the check of a node against a
// JSON Schema.
#pragma once

#include "core/config/diagnostics.hpp"
#include "core/config/node.hpp"
#include "core/config/schema.hpp"

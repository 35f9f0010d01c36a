// SPDX-License-Identifier: Apache-2.0
// Door of core/expr: the expression language.
#pragma once

#include "core/expr/error.hpp"
#include "core/expr/jsonl.hpp"
#include "core/expr/names.hpp"
#include "core/expr/program.hpp"

// SPDX-License-Identifier: Apache-2.0
// Door of core/value: the value that flows through a run, tables of Arrow columns, and JSON in and out.
#pragma once

#include "core/value/json.hpp"
#include "core/value/list_rows.hpp"
#include "core/value/number.hpp"
#include "core/value/table.hpp"
#include "core/value/value_type.hpp"

// SPDX-License-Identifier: Apache-2.0
// Door of core/base: errors with a place, deadlines, cancellation, the log, and small text functions that every folder
// needs.
#pragma once

#include "core/base/deadline.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/metrics.hpp"
#include "core/base/random.hpp"
#include "core/base/stop.hpp"
#include "core/base/text.hpp"
#include "core/base/workers.hpp"

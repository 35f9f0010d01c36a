// SPDX-License-Identifier: Apache-2.0
// Door of core/http: serves an engine over HTTP (rules §8).
#pragma once

#include "core/http/decode.hpp"
#include "core/http/envelope.hpp"
#include "core/http/router.hpp"
#include "core/http/server.hpp"

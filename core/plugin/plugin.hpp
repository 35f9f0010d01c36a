// SPDX-License-Identifier: Apache-2.0
// Door of core/plugin: finds plugins by their manifests, loads them on need, and speaks the C ABI with them.
#pragma once

#include "core/plugin/call.hpp"
#include "core/plugin/digest.hpp"
#include "core/plugin/lock.hpp"
#include "core/plugin/manifest.hpp"
#include "core/plugin/registry.hpp"
#include "core/plugin/trust.hpp"

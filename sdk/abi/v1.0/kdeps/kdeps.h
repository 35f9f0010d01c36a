/* SPDX-License-Identifier: Apache-2.0 */
/* The whole plugin ABI. */
#ifndef KDEPS_KDEPS_H
#define KDEPS_KDEPS_H

#include <kdeps/arrow.h>
#include <kdeps/connections.h>
#include <kdeps/context.h>
#include <kdeps/diagnostics.h>
#include <kdeps/driver.h>
#include <kdeps/executor.h>
#include <kdeps/expression.h>
#include <kdeps/host.h>
#include <kdeps/live.h>
#include <kdeps/plugin.h>
#include <kdeps/progress.h>
#include <kdeps/settings.h>
#include <kdeps/types.h>
#include <kdeps/value.h>

#endif

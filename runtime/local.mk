# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libbulwark.a
libbulwark_a_SOURCES =
nodist_libbulwark_a_SOURCES =
include runtime/base/local.mk
include runtime/json/local.mk
include runtime/audit/local.mk
include runtime/metrics/local.mk
include runtime/spec/local.mk
include runtime/policy/local.mk
include runtime/host/local.mk
include runtime/plan/local.mk
include runtime/control/local.mk
include runtime/launch/local.mk
include runtime/container/local.mk
include runtime/cli/local.mk
include runtime/label/local.mk
include runtime/proto/local.mk
include runtime/criu/local.mk
include runtime/scratch/local.mk
include runtime/systemd/local.mk
include runtime/warden/local.mk
include runtime/shim/local.mk
include runtime/keeper/local.mk

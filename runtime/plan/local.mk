# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += runtime/plan/plan.c runtime/plan/plan.h

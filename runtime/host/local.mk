# SPDX-License-Identifier: Apache-2.0
libbulwark_a_SOURCES += runtime/host/host.c runtime/host/host.h \
	runtime/host/block_encryption.c runtime/host/block_encryption.h \
	runtime/host/memory_encryption.c runtime/host/memory_encryption.h

# SPDX-License-Identifier: Apache-2.0
# A program of its own: the key is in a process that lives for a moment, and holds nothing else.
pkglibexec_PROGRAMS += bulwark-scratch
bulwark_scratch_SOURCES = runtime/scratch/main.c \
	runtime/scratch/backing.c runtime/scratch/backing.h \
	runtime/scratch/crypt.c runtime/scratch/crypt.h \
	runtime/scratch/dm.c runtime/scratch/dm.h \
	runtime/scratch/filesystem.c runtime/scratch/filesystem.h \
	runtime/scratch/nodes.c runtime/scratch/nodes.h \
	runtime/scratch/wishes.c runtime/scratch/wishes.h
bulwark_scratch_LDADD = libbulwark.a

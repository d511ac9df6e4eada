/* SPDX-License-Identifier: Apache-2.0 */
/* label.h - what apparmor.c and selinux.c have in common: asking the label helper, the list of
 * active security modules, and /proc/self/attr. The libraries of both LSMs are in the helper alone
 * (runtime/label): they would cost each start of bulwark more than everything else together. */
#ifndef BW_CONTROL_LABEL_H
#define BW_CONTROL_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct bw_arena;
struct bw_host;
struct bw_plan;
struct bw_spec_hardening;

/* Longer ones do not fit into one write to /proc/self/attr. */
enum { BW_LABEL_MAX = 4000 };

/* Fills host->lsms, from securityfs or, where it is not mounted, from the kernel itself (6.8). -1:
 * no memory. */
int bw_label_probe_lsms(
	struct bw_host *host, struct bw_arena *arena, struct bw_err *err) BW_MUST_CHECK;
/* "lockdown,capability,landlock", or "unknown", in buf. */
const char *bw_label_lsms(const struct bw_host *host, char *buf, size_t size);

/* Whether text can be a label at all: not too long, no control characters. */
int bw_label_plain(const char *text, const char *property, struct bw_err *err) BW_MUST_CHECK;

/* Runs `<helper> check <lsm> <label>` with an empty environment and waits. *ret_enforced: false
 * when the label is valid but confines nothing (complain mode, permissive). Fails with BW_E_HOST
 * and the helper's sentence. */
int bw_label_check(const char *helper, const char *lsm, const char *label, bool *ret_enforced,
	struct bw_err *err) BW_MUST_CHECK;

/* The same for an SELinux context that is to be kept apart by its categories: it must be able to read a file of the context
 * own, and not one of others, in the policy that is loaded. Both contexts must be valid, too. */
int bw_label_check_files(const char *helper, const char *context, const char *own, const char *others,
	bool *ret_enforced, struct bw_err *err) BW_MUST_CHECK;

/* why tells what is wrong. Either it is put on record and forgiven (0), or it becomes *err at field
 * (-1). */
int bw_label_settle(const struct bw_err *why, bool forgive, const char *field, struct bw_plan *plan,
	uint16_t control, struct bw_err *err) BW_MUST_CHECK;

/* apparmor.c: the profile of our own that a process shall run in by hardening, where its caller asked for the profile
 * asked (or NULL); NULL: none of ours. Lasts as long as hardening. */
const char *bw_apparmor_own(const struct bw_spec_hardening *hardening, const char *asked);
/* apparmor.c: whether the process runs in profile, and that in enforce mode; asked when its execve(2) has closed the
 * channel. A process that has ended is no failure. Fails with BW_E_KERNEL and what it runs in, also where that cannot be
 * read. */
int bw_apparmor_verify(int host_proc, pid_t pid, int pidfd, const char *profile, struct bw_err *err) BW_MUST_CHECK;

/* What a process runs in whose execve(2) has closed the channel, from attr/<file> of it: 1 and the text in buf, without
 * what is behind its line; 0: it has ended; -errno. */
int bw_label_running(int host_proc, pid_t pid, int pidfd, const char *file, char *buf, size_t size);

/* Longest context of our own, with its NUL. */
enum { BW_SELINUX_OWN_MAX = 160 };

/* selinux.c: the context of our own that a process shall have by hardening, whose caller asked for the label asked (or
 * NULL), in buf; false: none of ours. */
bool bw_selinux_own(const struct bw_spec_hardening *hardening, const char *asked, char buf[BW_SELINUX_OWN_MAX]);
/* selinux.c: whether the process runs in that context. One that has ended is no failure. Fails with BW_E_KERNEL and what it
 * runs in, also where that cannot be read. */
int bw_selinux_verify(int host_proc, pid_t pid, int pidfd, const char *context, struct bw_err *err) BW_MUST_CHECK;

/* [child] Writes all of text to <file> ("self/attr/exec") beneath the host's procfs, and reads that file. Never
 * through another mount or a magic link: a procfs that the image made up would swallow the label
 * (CVE-2019-16884). 0 or the length; -errno. */
int bw_label_write(int host_proc, const char *file, const char *text, size_t len);
int bw_label_read(int host_proc, const char *file, char *buf, size_t size);

#endif

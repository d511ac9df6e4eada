/* SPDX-License-Identifier: Apache-2.0 */
/* caps.c - the five capability sets of the program, see capabilities(7), and with
 * hardening.lock_securebits the bits that stop user id 0 from getting any back.
 *
 * Two steps. In PRIVS, before the uid changes: the bounding set, for which CAP_SETPCAP is needed,
 * and keeping what we have over the change. In CREDS, after identity: all sets, exactly. A spec
 * without capabilities means none, as in runc. */
#include "control/control.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "control/host_side.h"
#include "control/words.h"
#include "host/host.h"
#include "plan/plan.h"

enum { OP_BOUND, OP_SET };
enum { WARNING_MAX = 512 };

struct caps_step {
	uint64_t bounding, effective, inheritable, permitted, ambient;
	uint32_t last; /* of the kernel */
	uint32_t lock;
};

/* What a uid of 0 would do at execve, and at set*uid, never happens, and cannot be switched on
 * again. */
#define LOCK_BEFORE_UID                                                                            \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                           \
		SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED)
#define LOCK_AT_THE_END                                                                            \
	(LOCK_BEFORE_UID | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

const struct bw_word bw_capability_words[] = {
	{"CAP_CHOWN", CAP_CHOWN},
	{"CAP_DAC_OVERRIDE", CAP_DAC_OVERRIDE},
	{"CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH},
	{"CAP_FOWNER", CAP_FOWNER},
	{"CAP_FSETID", CAP_FSETID},
	{"CAP_KILL", CAP_KILL},
	{"CAP_SETGID", CAP_SETGID},
	{"CAP_SETUID", CAP_SETUID},
	{"CAP_SETPCAP", CAP_SETPCAP},
	{"CAP_LINUX_IMMUTABLE", CAP_LINUX_IMMUTABLE},
	{"CAP_NET_BIND_SERVICE", CAP_NET_BIND_SERVICE},
	{"CAP_NET_BROADCAST", CAP_NET_BROADCAST},
	{"CAP_NET_ADMIN", CAP_NET_ADMIN},
	{"CAP_NET_RAW", CAP_NET_RAW},
	{"CAP_IPC_LOCK", CAP_IPC_LOCK},
	{"CAP_IPC_OWNER", CAP_IPC_OWNER},
	{"CAP_SYS_MODULE", CAP_SYS_MODULE},
	{"CAP_SYS_RAWIO", CAP_SYS_RAWIO},
	{"CAP_SYS_CHROOT", CAP_SYS_CHROOT},
	{"CAP_SYS_PTRACE", CAP_SYS_PTRACE},
	{"CAP_SYS_PACCT", CAP_SYS_PACCT},
	{"CAP_SYS_ADMIN", CAP_SYS_ADMIN},
	{"CAP_SYS_BOOT", CAP_SYS_BOOT},
	{"CAP_SYS_NICE", CAP_SYS_NICE},
	{"CAP_SYS_RESOURCE", CAP_SYS_RESOURCE},
	{"CAP_SYS_TIME", CAP_SYS_TIME},
	{"CAP_SYS_TTY_CONFIG", CAP_SYS_TTY_CONFIG},
	{"CAP_MKNOD", CAP_MKNOD},
	{"CAP_LEASE", CAP_LEASE},
	{"CAP_AUDIT_WRITE", CAP_AUDIT_WRITE},
	{"CAP_AUDIT_CONTROL", CAP_AUDIT_CONTROL},
	{"CAP_SETFCAP", CAP_SETFCAP},
	{"CAP_MAC_OVERRIDE", CAP_MAC_OVERRIDE},
	{"CAP_MAC_ADMIN", CAP_MAC_ADMIN},
	{"CAP_SYSLOG", CAP_SYSLOG},
	{"CAP_WAKE_ALARM", CAP_WAKE_ALARM},
	{"CAP_BLOCK_SUSPEND", CAP_BLOCK_SUSPEND},
	{"CAP_AUDIT_READ", CAP_AUDIT_READ},
	{"CAP_PERFMON", CAP_PERFMON},
	{"CAP_BPF", CAP_BPF},
	{"CAP_CHECKPOINT_RESTORE", CAP_CHECKPOINT_RESTORE},
	{NULL, 0},
};

/* ---- from names to masks ---- */

static uint32_t last_of(const struct bw_host *host)
{
	uint64_t last = host->last_capability.set ? host->last_capability.v : CAP_LAST_CAP;

	return last < 63 ? (uint32_t)last : 63;
}

static uint64_t bit_of(uint64_t capability)
{
	return 1ULL << (capability & 63);
}

/* What can be granted at all: in a user namespace everything, else what we have ourselves. */
static uint64_t available_to(const struct bw_request *request)
{
	const struct bw_uints *own = &request->host->own_capabilities;
	uint64_t mask = 0;

	if (!own->n || bw_in_user_namespace(request->spec))
		return ~0ULL >> (63 - last_of(request->host));
	for (size_t i = 0; i < own->n; i++)
		mask |= bit_of(own->v[i]);
	return mask;
}

/* Unknown to us or to this kernel: a warning, not an error (config.md, "capabilities": MUST, SHOULD
 * NOT). */
static uint64_t mask_of(const struct bw_strs *names, uint32_t last, struct bw_buf *unknown)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < names->n; i++) {
		const struct bw_word *word = bw_word_find(bw_capability_words, names->v[i]);

		if (word && word->value <= last)
			mask |= bit_of(word->value);
		else if (!strstr(unknown->text, names->v[i]))
			bw_buf_addf(unknown, "%s%.40s", unknown->len ? " " : "", names->v[i]);
	}
	return mask;
}

static void warn_of_ambient(uint64_t lost)
{
	for (const struct bw_word *word = bw_capability_words; word->name; word++)
		if (lost & bit_of(word->value))
			bw_log(BW_LOG_WARNING, "can't raise ambient capability %s: %s", word->name,
				bw_errno_words(EPERM));
}

static void warn_of_names(const char *what, uint64_t mask)
{
	char text[WARNING_MAX];
	struct bw_buf names = bw_buf_over(text, sizeof text);

	if (!mask)
		return;
	for (const struct bw_word *word = bw_capability_words; word->name; word++)
		if (mask & bit_of(word->value))
			bw_buf_addf(&names, "%s%s", names.len ? " " : "", word->name);
	bw_log(BW_LOG_WARNING, "%s: %s", what, text);
}

/* The kernel refuses the whole call when one set has a bit too many (capset(2), EPERM), so the sets
 * are made to fit first: permitted and inheritable within bounding, effective within permitted,
 * ambient within both permitted and inheritable. */
static void make_fit(struct caps_step *step, uint64_t available)
{
	uint64_t asked = step->effective | step->inheritable | step->permitted;
	uint64_t ambient = step->ambient;

	warn_of_names("capabilities that we do not have ourselves are not given",
		asked & step->bounding & ~available);
	step->permitted &= step->bounding & available;
	step->inheritable &= step->bounding & available;
	step->effective &= step->permitted;
	step->ambient &= step->permitted & step->inheritable;
	warn_of_ambient(ambient & ~step->ambient);
}

static void read_sets(const struct bw_spec_capabilities *sets, struct caps_step *step)
{
	char text[WARNING_MAX];
	struct bw_buf unknown = bw_buf_over(text, sizeof text);

	step->bounding = mask_of(&sets->bounding, step->last, &unknown);
	step->effective = mask_of(&sets->effective, step->last, &unknown);
	step->inheritable = mask_of(&sets->inheritable, step->last, &unknown);
	step->permitted = mask_of(&sets->permitted, step->last, &unknown);
	step->ambient = mask_of(&sets->ambient, step->last, &unknown);
	if (unknown.len)
		bw_log(BW_LOG_WARNING, "ignoring unknown or unavailable capabilities: %s", text);
}

static void say_layer(const struct caps_step *step, struct bw_plan *plan)
{
	char what[120];

	if (step->bounding | step->permitted | step->effective | step->inheritable | step->ambient)
		snprintf(what, sizeof what, "at most 0x%llx%s", (unsigned long long)step->bounding,
			step->lock ? ", securebits locked" : "");
	else
		snprintf(what, sizeof what, "none%s", step->lock ? ", securebits locked" : "");
	bw_plan_layer(plan, BW_CONTROL_caps, what);
}

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	static const struct bw_spec_capabilities none;
	const struct bw_spec_hardening *hardening = request->spec->hardening;
	const struct bw_spec_capabilities *sets = request->process->capabilities;
	struct caps_step step = {.last = last_of(request->host)};

	step.lock = hardening && hardening->lock_securebits.v;
	read_sets(sets ? sets : &none, &step);
	make_fit(&step, available_to(request));
	say_layer(&step, plan);
	if (bw_plan_add(plan, BW_CONTROL_caps, OP_BOUND, BW_PHASE_PRIVS, &step, sizeof step, err) <
		0)
		return -1;
	return bw_plan_add(plan, BW_CONTROL_caps, OP_SET, BW_PHASE_CREDS, &step, sizeof step, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	const struct caps_step *step = data;

	(void)len;
	if (op == OP_BOUND)
		snprintf(buf, size, "reduce bounding set to 0x%llx%s",
			(unsigned long long)step->bounding, step->lock ? ", lock securebits" : "");
	else
		snprintf(buf, size,
			"set permitted 0x%llx, effective 0x%llx, inheritable 0x%llx, ambient "
			"0x%llx",
			(unsigned long long)step->permitted, (unsigned long long)step->effective,
			(unsigned long long)step->inheritable, (unsigned long long)step->ambient);
}

const struct bw_control bw_caps = {
	.name = "caps",
	.about = "bounding, effective, inheritable, permitted and ambient capabilities, securebits",
	.prepare = prepare,
	.say = say,
};

/* ---- in the child ---- */

static int set_sets(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
			(uint32_t)(inheritable >> 32)},
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int get_permitted(uint64_t *ret)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

/* Without the fixup no set changes with the uid, so with locked bits there is nothing to keep. */
static int bound(const struct caps_step *step)
{
	int r = step->lock ? prctl(PR_SET_SECUREBITS, LOCK_BEFORE_UID, 0, 0, 0)
			   : prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);

	if (r < 0)
		return -errno;
	for (uint32_t capability = 0; capability <= step->last; capability++) {
		if (step->bounding & 1ULL << capability)
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

static int raise_ambient(const struct caps_step *step)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	for (uint32_t capability = 0; capability <= step->last; capability++) {
		if (!(step->ambient & 1ULL << capability))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

/* Everything that is permitted is made effective for a moment: locking needs CAP_SETPCAP, raising
 * ambient ones needs them inheritable, and only the last call gives up the rest. The kernel cuts
 * ambient with it. */
static int set(const struct caps_step *step)
{
	uint64_t permitted = 0;
	int r = get_permitted(&permitted);

	if (r == 0)
		r = set_sets(permitted, permitted, step->inheritable);
	if (r == 0)
		r = raise_ambient(step);
	if (r < 0)
		return r;
	if (step->lock ? prctl(PR_SET_SECUREBITS, LOCK_AT_THE_END, 0, 0, 0) < 0
		       : prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return -errno;
	return set_sets(step->effective, step->permitted, step->inheritable);
}

int bw_caps_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)len;
	return op == OP_BOUND ? bound(data) : set(data);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* guard.h - what keeps the container from the blocked endpoints: which way it is done, and the programs that the
 * cgroup control attaches. The ways: programs on the container's own cgroup, which hold in whatever network
 * namespace its sockets are; or routing rules in a network namespace that is its own (netns.c). */
#ifndef BW_CONTROL_GUARD_H
#define BW_CONTROL_GUARD_H

#include "control/guard_program.h"
#include "json/schema.h"

struct bw_plan;
struct bw_request;
struct bw_spec;

enum bw_guard_way { BW_GUARD_NONE, BW_GUARD_CGROUP, BW_GUARD_ROUTING };

/* Of one launch: filled by the guard's prepare(), used by the controls cgroup and netns. */
struct bw_guard {
	enum bw_guard_way way;
	int programs[BW_GUARD_HOOKS]; /* BW_GUARD_CGROUP: loaded; owned */
};

#define BW_GUARD_INIT {.programs = {-1, -1, -1, -1, -1}}
/* Closes what it owns; the programs live on where they are attached. */
void bw_guard_done(struct bw_guard *guard);

/* What the guard's prepare() does first: chooses the way for request->spec and loads what it needs, into request->guard. For
 * whoever makes a container without a plan's steps. Where nothing can be had and the policy only prefers it, the plan says
 * so. */
int bw_guard_choose(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err) BW_MUST_CHECK;

/* The word for the state ("cgroup", "routing"; NULL for none), and back: BW_GUARD_NONE for NULL and unknown ones. */
const char *bw_guard_word(enum bw_guard_way way);
enum bw_guard_way bw_guard_way_of(const char *word);

/* Whether the policy keeps anything of the network from the container. */
bool bw_guard_is_wanted(const struct bw_spec *spec);
/* What that is: the endpoints of its hardening, or all but loopback. Fails with BW_E_POLICY. */
int bw_guard_rules_of(const struct bw_spec *spec, struct bw_guard_rules *ret, struct bw_err *err) BW_MUST_CHECK;

/* The programs for these rules: the pinned ones of /sys/fs/bpf/bulwark, or newly loaded, and pinned where a BPF
 * file system is mounted there. Loading is mostly the verifier at work: half a millisecond for all five, against a few
 * microseconds for those that are there. */
int bw_guard_load(const struct bw_guard_rules *rules, int ret_programs[BW_GUARD_HOOKS], struct bw_err *err) BW_MUST_CHECK;
/* Attaches them to a cgroup of v2. Beside others: each program of each cgroup on the way to the root can refuse. */
int bw_guard_attach(int cgroup, const int programs[BW_GUARD_HOOKS], struct bw_err *err) BW_MUST_CHECK;
/* Whether programs of ours hang at every hook of this very cgroup. BW_E_DENIED when one does not. */
int bw_guard_verify(int cgroup, struct bw_err *err) BW_MUST_CHECK;
/* Takes them off again, from a cgroup that outlives the container. */
void bw_guard_detach(int cgroup);
/* How often each hook has refused since they were attached. */
int bw_guard_counts(int cgroup, uint64_t ret[BW_GUARD_HOOKS], struct bw_err *err) BW_MUST_CHECK;
/* Whether this kernel and our rights suffice for such programs on the cgroup. */
bool bw_guard_can_attach(int cgroup);

#endif

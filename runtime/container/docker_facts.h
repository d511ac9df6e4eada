/* SPDX-License-Identifier: Apache-2.0 */
/* docker_facts.h - what dockerd has on record of a container, as facts for the rules of the policy: the two files
 * that it keeps beside the container's log. They hold what config.json lacks: name, image, labels. */
#ifndef BW_CONTAINER_DOCKER_FACTS_H
#define BW_CONTAINER_DOCKER_FACTS_H

#include <sys/types.h>

#include "policy/policy.h"

enum { BW_DOCKER_FACTS_MAX = 1 << 20 }; /* bytes of each file; what dockerd writes has a few thousand */

/* Adds to facts what config (config.v2.json) and host (hostconfig.json, NULL: not wanted) say of the container id. The
 * texts are files of that name in the directory place, for messages. Fails, and adds nothing, when one is malformed
 * or speaks of another container. Pure. */
int bw_docker_facts_parse(const char *place, const char *id, const char *config, size_t config_len, const char *host,
	size_t host_len, struct bw_arena *arena, struct bw_policy_facts *facts, struct bw_err *err) BW_MUST_CHECK;

/* The same from the first of roots (absolute paths) that knows the container. Every directory from top on, and the
 * files, must belong to owner and be writable by nobody else, and none may be a symbolic link: then only owner can
 * have written what is read. top is "/" and owner root but for tests. The sentence of a failure holds none of the
 * phrases by which engines know other failures. */
int bw_docker_facts_read(int top, uid_t owner, const struct bw_strs *roots, const char *id, bool want_host,
	struct bw_arena *arena, struct bw_policy_facts *facts, struct bw_err *err) BW_MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* host.c - the table of facts, and the cheap ones: kernel, ids, capabilities, namespaces. What a
 * mechanism can do is looked up by its own control. */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"

enum { FACTS_MAX_BYTES = 1 << 20 };

static const char *const cgroup_modes[] = {"v1", "hybrid", "v2", "none", NULL};

static const struct bw_field hierarchy_fields[] = {
	BW_FIELD(struct bw_host_hierarchy, controllers, "controllers", .flags = BW_REQUIRED,
		.doc = "controllers of the v1 hierarchy, or name=..."),
	BW_FIELD(struct bw_host_hierarchy, mountpoint, "mountpoint",
		.flags = BW_REQUIRED | BW_ABSOLUTE_PATH, .doc = "where it is mounted"),
	BW_FIELD(struct bw_host_hierarchy, own_path, "ownPath", .flags = BW_ABSOLUTE_PATH,
		.doc = "our own place in it"),
	BW_END};
static const struct bw_schema hierarchy_schema = {
	"hierarchy", sizeof(struct bw_host_hierarchy), BW_UNKNOWN_REFUSE, hierarchy_fields};

static const struct bw_field host_fields[] = {
	BW_FIELD(struct bw_host, kernel_major, "kernelMajor", .doc = "6 of 6.1"),
	BW_FIELD(struct bw_host, kernel_minor, "kernelMinor", .doc = "1 of 6.1"),
	BW_FIELD(struct bw_host, cgroup_mode, "cgroupMode", .names = cgroup_modes,
		.doc = "which cgroup hierarchies are mounted"),
	BW_FIELD(struct bw_host, cgroup2_mountpoint, "cgroup2Mountpoint", .flags = BW_ABSOLUTE_PATH,
		.doc = "where the v2 hierarchy is mounted"),
	BW_FIELD(struct bw_host, cgroup2_own_path, "cgroup2OwnPath", .flags = BW_ABSOLUTE_PATH,
		.doc = "our own place in the v2 hierarchy"),
	BW_FIELD(struct bw_host, cgroup2_controllers, "cgroup2Controllers",
		.doc = "controllers of the v2 hierarchy"),
	BW_LIST_OF(struct bw_host, hierarchies, "hierarchies", &hierarchy_schema,
		.doc = "mounted v1 hierarchies"),
	BW_FIELD(struct bw_host, cgroup_kill, "cgroupKill", .doc = "cgroup.kill exists"),
	BW_FIELD(struct bw_host, bpf_cgroup, "bpfCgroup",
		.doc = "device programs can be loaded and attached"),
	BW_FIELD(struct bw_host, bpf_guard, "bpfGuard",
		.doc = "programs for the sockets of a cgroup can be loaded and attached"),
	BW_FIELD(struct bw_host, landlock_abi, "landlockAbi", .doc = "Landlock ABI, 0 for none"),
	BW_FIELD(struct bw_host, mdwe, "mdwe", .doc = "PR_SET_MDWE exists"),
	BW_FIELD(struct bw_host, seccomp, "seccomp", .doc = "seccomp filters can be loaded"),
	BW_FIELD(struct bw_host, seccomp_flags, "seccompFlags",
		.doc = "flags that seccomp(2) takes"),
	BW_FIELD(struct bw_host, witness, "witness", .doc = "bulwark-witness is installed"),
	BW_FIELD(struct bw_host, keeper, "keeper", .doc = "bulwark-keeper is installed"),
	BW_FIELD(struct bw_host, audit_records, "auditRecords",
		.doc = "the records of the kernel's audit log can be read"),
	BW_FIELD(struct bw_host, lsms, "lsms", .doc = "active security modules, in order"),
	BW_FIELD(struct bw_host, apparmor, "apparmor", .doc = "AppArmor is enabled"),
	BW_FIELD(struct bw_host, selinux, "selinux", .doc = "SELinux is enabled"),
	BW_FIELD(struct bw_host, selinux_enforcing, "selinuxEnforcing",
		.doc = "SELinux refuses and does not only report"),
	BW_FIELD(struct bw_host, resctrl, "resctrl", .flags = BW_ABSOLUTE_PATH,
		.doc = "where resctrl is mounted, if it is"),
	BW_FIELD(struct bw_host, policy_routing, "policyRouting", .doc = "routing rules exist"),
	BW_FIELD(struct bw_host, time_namespace, "timeNamespace", .doc = "time namespaces exist"),
	BW_FIELD(struct bw_host, user_namespace, "userNamespace", .doc = "user namespaces exist"),
	BW_FIELD(struct bw_host, cgroup_namespace, "cgroupNamespace",
		.doc = "cgroup namespaces exist"),
	BW_FIELD(struct bw_host, last_capability, "lastCapability", .max = 63,
		.doc = "number of the last capability that the kernel knows"),
	BW_FIELD(struct bw_host, own_capabilities, "ownCapabilities", .max = 63,
		.doc = "numbers of the capabilities in our effective set"),
	BW_FIELD(struct bw_host, page_size, "pageSize", .doc = "bytes of a page"),
	BW_FIELD(struct bw_host, root, "root", .doc = "user id 0 in the initial user namespace"),
	BW_FIELD(struct bw_host, login_uid, "loginUid", .max = UINT32_MAX,
		.doc = "our user id as the user namespace above ours sees it"),
	BW_FIELD(struct bw_host, systemd, "systemd", .doc = "systemd is the host's init"),
	BW_END};
const struct bw_schema bw_host_schema = {
	"host", sizeof(struct bw_host), BW_UNKNOWN_REFUSE, host_fields};

/* Reads facts from path into *ret, allocated in arena. Unknown names are errors: a typing mistake
 * in a test's host would be a fact that is silently missing. */
int bw_host_load(const char *path, struct bw_arena *arena, struct bw_host **ret, struct bw_err *err)
{
	auto_free char *text = NULL;
	struct bw_json *tree;
	void *host;
	size_t len;

	if (bw_read_file(path, FACTS_MAX_BYTES, &text, &len, err) < 0)
		return -1;
	if (bw_json_parse(text, len, path, arena, &tree, err) < 0)
		return -1;
	if (bw_schema_read(&bw_host_schema, tree, BW_E_SPEC, arena, &host, NULL, err) < 0)
		return bw_wrap(err, "%s", path);
	*ret = host;
	return 0;
}

/* The digits at the beginning of *text, which is moved behind them. */
static int take_number(const char **text, struct bw_opt_uint *ret)
{
	uint64_t value = 0;
	int digits = 0;

	for (; **text >= '0' && **text <= '9' && digits < 9; ++*text, digits++)
		value = 10 * value + (uint64_t)(**text - '0');
	if (!digits)
		return -1;
	*ret = (struct bw_opt_uint){true, value};
	return 0;
}

/* "6.1.0-13-amd64": what comes behind the second number is the distribution's. */
static int probe_kernel(struct bw_host *host, struct bw_err *err)
{
	struct utsname name;
	const char *release = name.release;

	if (uname(&name) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "uname");
	if (take_number(&release, &host->kernel_major) < 0 || *release++ != '.' ||
		take_number(&release, &host->kernel_minor) < 0)
		return bw_fail(err, BW_E_HOST, 0,
			"kernel release \"%s\" does not begin with two numbers", name.release);
	return 0;
}

static int probe_last_capability(struct bw_host *host, struct bw_err *err)
{
	static const char path[] = "/proc/sys/kernel/cap_last_cap";
	char text[16];
	ssize_t len = bw_read_at(AT_FDCWD, path, text, sizeof text);

	if (len < 0)
		return bw_fail(err, BW_E_KERNEL, (int)-len, "reading %s", path);
	if (bw_parse_u64(text, 63, &host->last_capability.v) < 0)
		return bw_fail(err, BW_E_HOST, 0, "%s: a number up to 63 expected, not \"%s\"",
			path, text);
	host->last_capability.set = true;
	return 0;
}

static int probe_own_capabilities(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	uint64_t effective;

	if (syscall(SYS_capget, &header, data) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "capget");
	effective = data[0].effective | (uint64_t)data[1].effective << 32;
	host->own_capabilities = (struct bw_uints){0};
	for (uint64_t capability = 0; capability < 64; capability++) {
		uint64_t *number;

		if (!(effective & 1ULL << capability))
			continue;
		number = bw_push(arena, &host->own_capabilities);
		if (!number)
			return bw_fail(err, BW_E_MEMORY, ENOMEM, "facts of the host");
		*number = capability;
	}
	return 0;
}

static struct bw_opt_bool is_there(const char *path)
{
	return (struct bw_opt_bool){true, access(path, F_OK) == 0};
}

/* "0 1000 1": who is user 0 here is user 1000 above. An unmapped id is nobody's: ours, then. */
static uint64_t uid_above(uint64_t uid)
{
	uint64_t inside, outside, count;
	char text[4096], *rest = text, *line;

	if (bw_read_at(AT_FDCWD, "/proc/self/uid_map", text, sizeof text) < 0)
		return uid;
	while ((line = strsep(&rest, "\n")))
		if (bw_parse_word(line, 0, UINT32_MAX, &inside) == 0 && bw_parse_word(line, 1, UINT32_MAX, &outside) == 0 &&
			bw_parse_word(line, 2, UINT32_MAX, &count) == 0 && uid >= inside && uid - inside < count)
			return outside + (uid - inside);
	return uid;
}

/* As sd_booted(3) has it. */
static bool is_booted_by_systemd(void)
{
	struct stat st;

	return lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode);
}

/* Fills the facts that a handful of system calls can tell; *host keeps what else it has. Lists are
 * in arena. Fails when procfs is not there. */
int bw_host_probe_basic(struct bw_host *host, struct bw_arena *arena, struct bw_err *err)
{
	if (probe_kernel(host, err) < 0 || probe_last_capability(host, err) < 0 ||
		probe_own_capabilities(host, arena, err) < 0)
		return -1;
	host->user_namespace = is_there("/proc/self/ns/user");
	host->time_namespace = is_there("/proc/self/ns/time");
	host->cgroup_namespace = is_there("/proc/self/ns/cgroup");
	host->page_size = (struct bw_opt_uint){true, (uint64_t)sysconf(_SC_PAGESIZE)};
	host->root = (struct bw_opt_bool){true, geteuid() == 0 && bw_proc_in_initial_userns()};
	host->login_uid = (struct bw_opt_uint){true, host->root.v ? 0 : uid_above(geteuid())};
	host->systemd = (struct bw_opt_bool){true, is_booted_by_systemd()};
	return 0;
}

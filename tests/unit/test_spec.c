/* SPDX-License-Identifier: Apache-2.0 */
/* test_spec.c - config.json as it is read: the tables against the specification's own list of
 * properties, single values, rules across fields, real configurations, and damaged ones. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"
#include "spec/spec.h"

static struct bw_arena arena;

static void done(void)
{
	bw_arena_done(&arena);
}

/* ---- values and rules ---- */

/* What is put into the sound configuration below. NULL: nothing. */
struct change {
	const char *top, *process, *namespaces, *linux_;
};
static const char sound[] = "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},"
			    "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]%s},"
			    "\"linux\":{\"namespaces\":[%s]%s}%s}";

static int parse(const struct change *change, struct bw_spec **ret, struct bw_notes *notes,
	struct bw_err *err)
{
	char text[4096];
	int len = snprintf(text, sizeof text, sound, change->process ? change->process : "",
		change->namespaces ? change->namespaces : "{\"type\":\"mount\"}",
		change->linux_ ? change->linux_ : "", change->top ? change->top : "");

	ck_assert_uint_lt((size_t)len, sizeof text);
	return bw_spec_parse(text, (size_t)len, "config.json", &arena, ret, notes, err);
}

#define NEW_USER    "{\"type\":\"user\"}"
#define ID(c, h, n) "{\"containerID\":" #c ",\"hostID\":" #h ",\"size\":" #n "}"
#define MAPS                                                                                       \
	",\"uidMappings\":[" ID(0, 100000, 65536) "],\"gidMappings\":[" ID(0, 100000, 65536) "]"
#define SECCOMP(rest)	",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"" rest "}"
#define RULE(rest)	SECCOMP(",\"syscalls\":[{\"names\":[\"read\"]," rest "}]")
#define RESOURCES(rest) ",\"resources\":{" rest "}"

static const struct {
	struct change change;
	const char *message; /* begins with the pointer */
} faults[] = {
	/* process */
	{{.process = ",\"terminal\":1"}, "/process/terminal: must be a boolean, not a number"},
	{{.process = ",\"user\":{\"uid\":4294967295}"},
		"/process/user/uid: must be a number from 0 to 4294967294, not 4294967295"},
	{{.process = ",\"user\":{\"gid\":-1}"},
		"/process/user/gid: must be a number from 0 to 4294967294, not -1"},
	{{.process = ",\"user\":{\"umask\":512}"},
		"/process/user/umask: must be a number from 0 to 511, not 512"},
	{{.process = ",\"user\":{\"additionalGids\":[5,\"x\"]}"},
		"/process/user/additionalGids/1: must be a number, not a string"},
	{{.process = ",\"env\":[\"A=1\",\"B\"]"}, "/process/env/1: must be NAME=value"},
	{{.process = ",\"env\":[\"=1\"]"}, "/process/env/0: must be NAME=value"},
	{{.process = ",\"oomScoreAdj\":1001"},
		"/process/oomScoreAdj: must be a number from -1000 to 1000, not 1001"},
	{{.process = ",\"rlimits\":[{\"type\":\"RLIMIT_NOFILES\",\"soft\":1,\"hard\":1}]"},
		"/process/rlimits/0/type: must be one of RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, "
		"RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, "
		"RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, "
		"RLIMIT_RTTIME, RLIMIT_SIGPENDING or RLIMIT_STACK, not \"RLIMIT_NOFILES\""},
	{{.process = ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"hard\":1}]"},
		"/process/rlimits/0/soft: is required"},
	{{.process = ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
		     "{\"type\":\"RLIMIT_NOFILE\",\"soft\":-1,\"hard\":1}]"},
		"/process/rlimits/1/soft: must be a number from 0 to 18446744073709551615, not -1"},
	{{.process = ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
		     "{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":2}]"},
		"/process/rlimits/1/type: RLIMIT_CPU is given twice (also by entry 0)"},
	{{.process = ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]"},
		"/process/rlimits/0/soft: must not be above the hard limit: 2 > 1"},
	{{.process = ",\"terminal\":true,\"consoleSize\":{\"height\":65536,\"width\":1}"},
		"/process/consoleSize: must be at most 65535 by 65535"},
	{{.top = ",\"vm\":{}"}, "/vm: is not for a runtime of containers: it asks for a virtual machine"},
	{{.process = ",\"consoleSize\":{\"height\":1}"}, "/process/consoleSize/width: is required"},
	{{.process = ",\"scheduler\":{}"}, "/process/scheduler/policy: is required"},
	{{.process = ",\"scheduler\":{\"policy\":\"SCHED_FAST\"}"},
		"/process/scheduler/policy: must be one of SCHED_OTHER, SCHED_FIFO, SCHED_RR, "
		"SCHED_BATCH, SCHED_ISO, SCHED_IDLE or SCHED_DEADLINE, not \"SCHED_FAST\""},
	{{.process = ",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}"},
		"/process/scheduler/nice: must be a number from -20 to 19 for SCHED_OTHER, not 20"},
	{{.process = ",\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"priority\":1}"},
		"/process/scheduler/priority: goes with SCHED_FIFO and SCHED_RR only, not with "
		"SCHED_BATCH"},
	{{.process = ",\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"runtime\":1}"},
		"/process/scheduler: runtime, deadline and period go with SCHED_DEADLINE only, not "
		"with SCHED_FIFO"},
	{{.process = ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NONE\"}"},
		"/process/ioPriority/class: must be one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE or "
		"IOPRIO_CLASS_IDLE, not \"IOPRIO_CLASS_NONE\""},
	{{.process = ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":8}"},
		"/process/ioPriority/priority: must be a number from 0 to 7, not 8"},
	{{.process = ",\"execCPUAffinity\":{\"final\":\"0-x\"}"},
		"/process/execCPUAffinity/final: must be a list such as \"0-3,7\", not \"0-x\""},
	{{.process = ",\"apparmorProfile\":\"a\\nb\""},
		"/process/apparmorProfile: must not contain a line break"},
	/* mounts, hooks, names */
	{{.top = ",\"mounts\":[{\"type\":\"proc\"}]"}, "/mounts/0/destination: is required"},
	{{.top = ",\"mounts\":[{\"destination\":\"\"}]"},
		"/mounts/0/destination: must not be empty"},
	{{.top = ",\"mounts\":[{\"destination\":\"/a\",\"uidMappings\":[" ID(0, 1, 1) "]}]"},
		"/mounts/0: must have both uidMappings and gidMappings, or neither"},
	{{.top = ",\"mounts\":[{\"destination\":\"/a\",\"options\":[\"bind\",\"idmap\"]}]"},
		"/mounts/0/options: idmap needs uidMappings and gidMappings, or a user namespace"},
	{{.top = ",\"mounts\":[{\"destination\":\"/a\",\"uidMappings\":[" ID(0, 1, 5) "," ID(
		  9, 3, 1) "],\"gidMappings\":[" ID(0, 1, 1) "]}]"},
		"/mounts/0/uidMappings/1: must not overlap with range 0"},
	{{.top = ",\"hooks\":{\"prestart\":[{\"path\":\"x\"}]}"},
		"/hooks/prestart/0/path: must be an absolute path, not \"x\""},
	{{.top = ",\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":0}]}"},
		"/hooks/poststop/0/timeout: must be a number from 1 to 2147483647, not 0"},
	{{.top = ",\"hostname\":\"1234567890123456789012345678901234567890123456789012345678901234"
		 "5\""},
		"/hostname: must have at most 64 bytes, not 65"},
	{{.top = ",\"annotations\":{\"\":\"x\"}"}, "/annotations: must not have an empty key"},
	{{.top = ",\"annotations\":{\"a.b/c\":1}"},
		"/annotations/a.b~1c: must be a string, not a number"},
	/* namespaces */
	{{.namespaces = "{\"type\":\"net\"}"},
		"/linux/namespaces/0/type: must be one of pid, network, mount, ipc, uts, user, "
		"cgroup or time, not \"net\""},
	{{.namespaces = "{\"type\":\"pid\",\"path\":\"proc/1/ns/pid\"}"},
		"/linux/namespaces/0/path: must be an absolute path, not \"proc/1/ns/pid\""},
	{{.namespaces = "{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"pid\",\"path\":\"/x\"}"},
		"/linux/namespaces/2/type: pid is given twice (also by entry 0)"},
	{{.linux_ = MAPS}, "/linux/uidMappings: needs a user namespace in /linux/namespaces"},
	{{.namespaces = NEW_USER}, "/linux/uidMappings: is required with a new user namespace"},
	{{.namespaces = NEW_USER, .linux_ = ",\"uidMappings\":[" ID(0, 1, 1) "]"},
		"/linux/gidMappings: is required with a new user namespace"},
	{{.namespaces = NEW_USER, .linux_ = ",\"uidMappings\":[" ID(0, 4294967294, 2) "]"},
		"/linux/uidMappings/0/size: must end below id 4294967295"},
	{{.namespaces = NEW_USER, .linux_ = ",\"uidMappings\":[" ID(0, 1, 0) "]"},
		"/linux/uidMappings/0/size: must be a number from 1 to 4294967295, not 0"},
	{{.namespaces = NEW_USER, .linux_ = ",\"uidMappings\":[" ID(0, 5, 3) "," ID(2, 9, 1) "]"},
		"/linux/uidMappings/1: must not overlap with range 0"},
	{{.linux_ = ",\"timeOffsets\":{\"monotonic\":{\"secs\":1}}"},
		"/linux/timeOffsets: needs a time namespace without a path in /linux/namespaces"},
	{{.namespaces = "{\"type\":\"time\",\"path\":\"/x\"}",
		 .linux_ = ",\"timeOffsets\":{\"monotonic\":{\"secs\":1}}"},
		"/linux/timeOffsets: needs a time namespace without a path in /linux/namespaces"},
	{{.namespaces = "{\"type\":\"time\"}", .linux_ = ",\"timeOffsets\":{\"realtime\":{}}"},
		"/linux/timeOffsets/realtime: must be one of monotonic or boottime"},
	{{.namespaces = "{\"type\":\"time\"}",
		 .linux_ = ",\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}"},
		"/linux/timeOffsets/boottime/nanosecs: must be a number from 0 to 999999999, not "
		"1000000000"},
	{{.namespaces = "{\"type\":\"network\"}", .linux_ = ",\"netDevices\":{\"a/b\":{}}"},
		"/linux/netDevices/a~1b: must be names of network interfaces: \"a/b\", \"a/b\""},
	{{.namespaces = "{\"type\":\"network\"}",
		 .linux_ = ",\"netDevices\":{\"eth0\":{\"name\":\"0123456789abcdef\"}}"},
		"/linux/netDevices/eth0: must be names of network interfaces: \"eth0\", "
		"\"0123456789abcdef\""},
	{{.linux_ = ",\"readonlyPaths\":[\"/a\",\"b\"]"},
		"/linux/readonlyPaths/1: must be an absolute path, not \"b\""},
	/* other properties of linux */
	{{.linux_ = ",\"devices\":[{\"type\":\"c\",\"path\":\"/dev/x\",\"major\":1}]"},
		"/linux/devices/0: must have major and minor, since type is \"c\""},
	{{.linux_ = ",\"devices\":[{\"type\":\"x\",\"path\":\"/dev/x\"}]"},
		"/linux/devices/0/type: must be one of c, b, u or p, not \"x\""},
	{{.linux_ = ",\"devices\":[{\"type\":\"p\",\"path\":\"dev/x\"}]"},
		"/linux/devices/0/path: must be an absolute path, not \"dev/x\""},
	{{.linux_ = ",\"rootfsPropagation\":\"stray\""},
		"/linux/rootfsPropagation: must be one of private, rprivate, shared, rshared, "
		"slave, rslave, unbindable or runbindable, not \"stray\""},
	{{.linux_ = ",\"cgroupsPath\":\"/a/../../b\""},
		"/linux/cgroupsPath: must not contain \"..\": \"/a/../../b\""},
	{{.linux_ = ",\"sysctl\":{\"net..ip\":\"1\"}"},
		"/linux/sysctl: must have keys such as \"net.ipv4.ip_forward\", not \"net..ip\""},
	{{.linux_ = ",\"sysctl\":{\"net.//.kernel\":\"1\"}"},
		"/linux/sysctl: must have keys such as \"net.ipv4.ip_forward\", not \"net.//.kernel\""},
	{{.linux_ = ",\"sysctl\":{\"/net/x\":\"1\"}"},
		"/linux/sysctl: must have keys such as \"net.ipv4.ip_forward\", not \"/net/x\""},
	{{.linux_ = ",\"intelRdt\":{\"closID\":\"a/b\"}"},
		"/linux/intelRdt/closID: invalid intelRdt.ClosID \"a/b\": must be one name or \"/\""},
	{{.linux_ = ",\"intelRdt\":{\"schemata\":[\"L3:0=f\",\"MB:0=1\\nL3:0=0\"]}"},
		"/linux/intelRdt/schemata/1: must not contain a line break"},
	{{.linux_ = ",\"memoryPolicy\":{}"},
		"/linux/memoryPolicy/mode: invalid memory policy mode: is required"},
	{{.linux_ = ",\"memoryPolicy\":{\"mode\":\"MPOL_X\"}"},
		"/linux/memoryPolicy/mode: invalid memory policy mode \"MPOL_X\": must be "
		"MPOL_DEFAULT, MPOL_BIND, ..."},
	{{.linux_ = ",\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"flags\":[\"F\"]}"},
		"/linux/memoryPolicy/flags/0: invalid memory policy flag \"F\""},
	{{.linux_ = ",\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"a\"}"},
		"/linux/memoryPolicy/nodes: invalid memory policy nodes: must be a list such as "
		"\"0-3,7\", not \"a\""},
	{{.linux_ = ",\"personality\":{\"domain\":\"BSD\"}"},
		"/linux/personality/domain: must be one of LINUX or LINUX32, not \"BSD\""},
	/* seccomp */
	{{.linux_ = ",\"seccomp\":{}"}, "/linux/seccomp/defaultAction: is required"},
	{{.linux_ = SECCOMP(",\"listenerMetadata\":\"m\"")},
		"/linux/seccomp/listenerMetadata: needs listenerPath"},
	{{.linux_ = SECCOMP(",\"flags\":[\"SECCOMP_FILTER_FLAG_X\"]")},
		"/linux/seccomp/flags/0: must be one of SECCOMP_FILTER_FLAG_TSYNC, "
		"SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW or "
		"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, not \"SECCOMP_FILTER_FLAG_X\""},
	{{.linux_ = SECCOMP(",\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_LOG\"}]")},
		"/linux/seccomp/syscalls/0/names: must not be empty"},
	{{.linux_ = RULE("\"action\":\"SCMP_ACT_ALLOW\",\"errnoRet\":1")},
		"/linux/seccomp/syscalls/0/errnoRet: goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE "
		"only, not with SCMP_ACT_ALLOW"},
	{{.linux_ = RULE("\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":4096")},
		"/linux/seccomp/syscalls/0/errnoRet: must be a number from 0 to 4095, not 4096"},
	{{.linux_ = ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_KILL\",\"defaultErrnoRet\":1}"},
		"/linux/seccomp/defaultErrnoRet: goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE only, "
		"not with SCMP_ACT_KILL"},
	{{.linux_ = RULE("\"action\":\"SCMP_ACT_LOG\",\"args\":[{\"index\":6,\"value\":0,\"op\":"
			 "\"SCMP_CMP_EQ\"}]")},
		"/linux/seccomp/syscalls/0/args/0/index: must be a number from 0 to 5, not 6"},
	/* resources */
	{{.linux_ = RESOURCES("\"devices\":[{\"access\":\"rwm\"}]")},
		"/linux/resources/devices/0/allow: is required"},
	{{.linux_ = RESOURCES("\"devices\":[{\"allow\":true,\"access\":\"rx\"}]")},
		"/linux/resources/devices/0/access: must be made of the letters r, w and m, not "
		"\"rx\""},
	{{.linux_ = RESOURCES("\"devices\":[{\"allow\":true,\"type\":\"d\"}]")},
		"/linux/resources/devices/0/type: must be one of a, b or c, not \"d\""},
	{{.linux_ = RESOURCES("\"memory\":{\"limit\":-2}")},
		"/linux/resources/memory/limit: must be a number from -1 to 9223372036854775807, "
		"not -2"},
	{{.linux_ = RESOURCES("\"cpu\":{\"quota\":1000,\"burst\":1001}")},
		"/linux/resources/cpu/burst: must not be above the quota: 1001 > 1000"},
	{{.linux_ = RESOURCES("\"cpu\":{\"idle\":2}")},
		"/linux/resources/cpu/idle: must be a number from 0 to 1, not 2"},
	{{.linux_ = RESOURCES("\"blockIO\":{\"weight\":9}")},
		"/linux/resources/blockIO/weight: must be 0 or a number from 10 to 1000, not 9"},
	{{.linux_ = RESOURCES("\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}")},
		"/linux/resources/blockIO/weightDevice/0: must have weight or leafWeight"},
	{{.linux_ = RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":1}]")},
		"/linux/resources/hugepageLimits/0/pageSize: must be a size such as \"2MB\", not "
		"\"2M\""},
	{{.linux_ = RESOURCES("\"rdma\":{\"mlx5_0\":{}}")},
		"/linux/resources/rdma/mlx5_0: must have hcaHandles or hcaObjects"},
	{{.linux_ = RESOURCES("\"unified\":{\"../x\":\"1\"}")},
		"/linux/resources/unified: must have names of cgroup files as keys, not \"../x\""},
	{{.linux_ = RESOURCES("\"unified\":{\"..\":\"1\"}")},
		"/linux/resources/unified: must have names of cgroup files as keys, not \"..\""},
};

START_TEST(a_wrong_value_is_refused_with_its_pointer)
{
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};

	ck_assert_msg(parse(&faults[_i].change, &spec, NULL, &err) == -1, "accepted: %s",
		faults[_i].message);
	ck_assert_str_eq(err.text, faults[_i].message);
	ck_assert_int_eq(err.code, BW_E_SPEC);
	ck_assert_msg(bw_after_prefix(err.text, err.field) && err.text[strlen(err.field)] == ':',
		"field %s", err.field);
	ck_assert_ptr_null(spec);
}
END_TEST

/* Right in config.json, for the policy may add the namespace; wrong in what is put in force. */
static const struct {
	struct change change;
	const char *message; /* NULL: has what it needs */
} needs[] = {
	{{.top = ",\"hostname\":\"h\""},
		"/hostname: unable to set hostname without a private UTS namespace"},
	{{.top = ",\"hostname\":\"\""}, NULL},
	{{.top = ",\"hostname\":\"h\"", .namespaces = "{\"type\":\"uts\"}"}, NULL},
	{{.top = ",\"domainname\":\"d\""},
		"/domainname: unable to set domainname without a private UTS namespace"},
	{{.linux_ = ",\"netDevices\":{\"eth0\":{}}"},
		"/linux/netDevices: unable to move network devices without a private NET namespace"},
	{{.namespaces = "{\"type\":\"pid\"}", .linux_ = ",\"maskedPaths\":[\"/proc/kcore\"]"},
		"/linux/maskedPaths: unable to restrict sys entries without a private MNT namespace"},
	{{.namespaces = "{\"type\":\"pid\"}", .linux_ = ",\"readonlyPaths\":[\"/proc/sys\"]"},
		"/linux/readonlyPaths: unable to restrict sys entries without a private MNT namespace"},
	{{.linux_ = ",\"readonlyPaths\":[\"/proc/sys\"]"}, NULL},
};

START_TEST(what_needs_a_namespace_is_asked_of_the_spec_in_force)
{
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};

	ck_assert_msg(parse(&needs[_i].change, &spec, NULL, &err) == 0, "%s", err.text);
	if (!needs[_i].message) {
		ck_assert_msg(bw_spec_check_needs(spec, &err) == 0, "%s", err.text);
		return;
	}
	ck_assert_int_eq(bw_spec_check_needs(spec, &err), -1);
	ck_assert_str_eq(err.text, needs[_i].message);
	ck_assert_int_eq(err.code, BW_E_SPEC);
}
END_TEST

static const struct change accepted[] = {
	{NULL, NULL, NULL, NULL},
	{.process = ",\"capabilities\":{\"bounding\":[\"CAP_OF_TOMORROW\"]}"},
	{.process = ",\"consoleSize\":{\"height\":65536,\"width\":0}"}, /* no terminal: ignored */
	{.process = ",\"env\":[\"A=\",\"B=x=y\",\"C=\\n\"]"},
	{.process = ",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,"
		    "\"period\":2,\"nice\":0,\"priority\":0}"},
	{.process = ",\"user\":{\"username\":7},\"commandLine\":[]"}, /* Windows */
	{.top = ",\"windows\":1,\"vm\":null,\"zos\":{},\"freebsd\":{},\"solaris\":{},\"x\":{}"},
	{.top = ",\"hostname\":\"h\"", .namespaces = "{\"type\":\"uts\",\"path\":\"/x\"}"},
	{.top = ",\"hostname\":\"\""},
	{.namespaces = "{\"type\":\"pid\",\"path\":\"\"}"},
	{.namespaces = "{\"type\":\"user\",\"path\":\"/x\"}"},
	{.namespaces = NEW_USER, .linux_ = MAPS},
	{.top = ",\"mounts\":[{\"destination\":\"/a\",\"options\":[\"ridmap\"]}]",
		.namespaces = "{\"type\":\"user\",\"path\":\"/x\"}"},
	{.linux_ = SECCOMP(",\"defaultErrnoRet\":38,\"flags\":[],\"listenerPath\":\"/s\","
			   "\"listenerMetadata\":\"m\"")},
	{.linux_ = RULE("\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":65535")},
	{.linux_ = RESOURCES("\"pids\":{\"limit\":0},\"cpu\":{\"quota\":-1,\"burst\":5},"
			     "\"devices\":[{\"allow\":false,\"type\":\"\",\"access\":\"\"},"
			     "{\"allow\":true,\"major\":-1,\"minor\":-1}]")},
	{.linux_ = ",\"cgroupsPath\":\"system.slice:a..b:c\""},
	{.linux_ = ",\"devices\":[{\"type\":\"p\",\"path\":\"/dev/x\",\"fileMode\":33206}]"},
	{.linux_ = ",\"sysctl\":{\"net.ipv4.conf.eth0/1.forwarding\":\"1\"}"},
};

START_TEST(what_the_specification_allows_is_read)
{
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};

	ck_assert_msg(parse(&accepted[_i], &spec, NULL, &err) == 0, "%s", err.text);
	ck_assert_str_eq(spec->process->args.v[0], "sh");
}
END_TEST

static void expect_text(const char *text, const char *message)
{
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};

	ck_assert_int_eq(
		bw_spec_parse(text, strlen(text), "config.json", &arena, &spec, NULL, &err), -1);
	ck_assert_str_eq(err.text, message);
}

START_TEST(process_root_and_arguments_are_required)
{
	expect_text("{}", "/ociVersion: is required");
	expect_text("{\"ociVersion\":\"1.0.0\"}", "/process: is required");
	expect_text("{\"ociVersion\":\"1.0.0\",\"process\":{\"args\":[\"a\"]}}",
		"/process/cwd: is required");
	expect_text("{\"ociVersion\":\"1.0.0\",\"process\":{\"cwd\":\"/\"}}",
		"/process/args: must have at least one entry");
	expect_text("{\"ociVersion\":\"1.0.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]}}",
		"/root: is required");
	expect_text("{\"ociVersion\":\"1.0.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]},"
		    "\"root\":{}}",
		"/root/path: is required");
	expect_text("{\"ociVersion\":\"1.0.0\",}",
		"config.json:1:23: expected a name in double quotes, found '}'");
}
END_TEST

/* ---- the version ---- */

static const struct {
	const char *version;
	bool accepted, noted;
} versions[] = {
	{"1.0.0", true, false},
	{"1.0.0-rc5", true, false},
	{"1.0.2-dev", true, false},
	{"1.3.0+dev", true, false},
	{"1.3.9", true, false},
	{"1.4.0", true, true},
	{"1.99999999999999999999.0", true, true},
	{"2.0.0", false, false},
	{"0.5.0", false, false},
	{"99999999999999999999.0.0", false, false},
	{"1", false, false},
	{"1.2", false, false},
	{"1.2.", false, false},
	{"1.2.3x", false, false},
	{"1.2.3-\xc3\xa9", false, false},
	{"v1.2.3", false, false},
	{" 1.2.3", false, false},
};

START_TEST(versions_are_compared_as_numbers)
{
	struct bw_notes notes = {NULL, 0};
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};
	char text[256], expected[128];
	int n;

	snprintf(text, sizeof text,
		"{\"ociVersion\":\"%s\",\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]},"
		"\"root\":{\"path\":\"r\"}}",
		versions[_i].version);
	n = bw_spec_parse(text, strlen(text), "config.json", &arena, &spec, &notes, &err);
	ck_assert_int_eq(n, versions[_i].accepted ? 0 : -1);
	ck_assert_uint_eq(notes.n, versions[_i].noted);
	if (notes.n)
		ck_assert_str_eq(notes.v[0].pointer, "/ociVersion");
	if (n == 0)
		return;
	snprintf(expected, sizeof expected, "/ociVersion: must be a version 1.x.y, not \"%s\"",
		versions[_i].version);
	ck_assert_str_eq(err.text, expected);
	ck_assert_str_eq(err.field, "/ociVersion");
}
END_TEST

/* ---- notes ---- */

START_TEST(relative_destinations_and_unknown_properties_are_noted)
{
	const struct change change = {.top = ",\"mounts\":[{\"destination\":\"a\"}],\"Hooks\":{}"};
	struct bw_notes notes = {NULL, 0};
	struct bw_spec *spec;
	struct bw_err err = {0};

	ck_assert_int_eq(parse(&change, &spec, &notes, &err), 0);
	ck_assert_uint_eq(notes.n, 2);
	ck_assert_str_eq(notes.v[0].pointer, "/Hooks");
	ck_assert_str_eq(notes.v[0].text,
		"is not a known property, and ignored: \"hooks\" differs in letter case");
	ck_assert_str_eq(notes.v[1].pointer, "/mounts/0/destination");
	ck_assert_str_eq(notes.v[1].text, "is not absolute, and taken as relative to /");
}
END_TEST

/* ---- the tables against the specification ---- */

struct wanted {
	const char *pointer;
	bool found;
};

static void look(const char *pointer, const struct bw_field *field, void *ctx)
{
	struct wanted *wanted = ctx;

	(void)field;
	if (bw_streq(pointer, wanted->pointer))
		wanted->found = true;
}

START_TEST(every_property_of_the_specification_has_a_row)
{
	auto_free char *text = NULL;
	struct bw_err err = {0};
	size_t count = 0;
	char *save = NULL;

	ck_assert_msg(
		bw_read_file(BW_TEST_DATA "/oci-properties.txt", 1 << 20, &text, NULL, &err) == 0,
		"%s", err.text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct wanted wanted = {line, false};

		if (line[0] != '/')
			continue;
		bw_schema_walk(&bw_spec_schema, look, &wanted);
		ck_assert_msg(wanted.found, "%s has no row", line);
		count++;
	}
	ck_assert_uint_gt(count, 200);
}
END_TEST

static void check_row(const char *pointer, const struct bw_field *field, void *ctx)
{
	bool number = field->kind == BW_INT || field->kind == BW_UINT || field->kind == BW_UINTS;
	bool typed = field->kind == BW_OBJECT || field->kind == BW_LIST || field->kind == BW_MAP;

	++*(size_t *)ctx;
	ck_assert_msg(field->doc && *field->doc, "%s is not described", pointer);
	ck_assert_msg(!field->min || field->max || !number, "%s has min and no max", pointer);
	if (typed && !(field->flags & (BW_IGNORED | BW_NEVER)))
		ck_assert_msg(field->child && field->elem_size == field->child->size,
			"%s: the table is not of the member's type", pointer);
}

START_TEST(rows_are_described_and_fit_their_members)
{
	size_t count = 0;

	bw_schema_walk(&bw_spec_schema, check_row, &count);
	ck_assert_uint_gt(count, 220);
	bw_schema_walk(&bw_hardened_schema, check_row, &count);
}
END_TEST

START_TEST(the_whole_table_can_be_published)
{
	struct bw_json_writer *w = bw_json_writer_new(true);
	auto_free char *text = NULL;
	struct bw_json *json;
	struct bw_err err = {0};

	bw_schema_publish(&bw_hardened_schema, "config", w);
	ck_assert_int_eq(bw_json_writer_end(w, &text, NULL, &err), 0);
	bw_json_writer_free(w);
	ck_assert_int_eq(bw_json_parse(text, strlen(text), "schema", &arena, &json, &err), 0);
	/* Fewer than schema_publish.c has room for, so that none is left out. */
	ck_assert_uint_gt(bw_json_get(json, "$defs")->count, 35);
	ck_assert_uint_lt(bw_json_get(json, "$defs")->count, 127);
}
END_TEST

/* ---- real configurations ---- */

enum { MAX_CONFIGS = 64 };
static char *config_paths[MAX_CONFIGS];
static int config_count;

static int is_config(const struct dirent *entry)
{
	return bw_has_suffix(entry->d_name, ".json");
}

static void find_configs(void)
{
	struct dirent **entries;
	int n = scandir(BW_TEST_DATA "/configs", &entries, is_config, alphasort);
	char path[1024];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/configs/%s", BW_TEST_DATA, entries[i]->d_name);
		if (config_count < MAX_CONFIGS)
			config_paths[config_count++] = strdup(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static char *read_config(int i, size_t *ret_len)
{
	struct bw_err err = {0};
	char *text;

	ck_assert_msg(bw_read_file(config_paths[i], BW_JSON_MAX_BYTES, &text, ret_len, &err) == 0,
		"%s", err.text);
	return text;
}

static char *write_as(const struct bw_schema *schema, const void *object)
{
	struct bw_json_writer *w = bw_json_writer_new(false);
	struct bw_err err = {0};
	char *text;

	bw_schema_write(schema, object, w);
	ck_assert_msg(bw_json_writer_end(w, &text, NULL, &err) == 0, "%s", err.text);
	bw_json_writer_free(w);
	return text;
}

static void show(const char *pointer, void *ctx)
{
	fprintf(stderr, "%s: %s differs\n", (const char *)ctx, pointer);
}

START_TEST(a_real_configuration_is_read_written_and_read_again)
{
	auto_free char *text = NULL, *written = NULL;
	struct bw_notes notes = {NULL, 0};
	struct bw_spec *spec, *again;
	struct bw_err err = {0};
	size_t len;

	text = read_config(_i, &len);
	ck_assert_msg(bw_spec_parse(text, len, config_paths[_i], &arena, &spec, &notes, &err) == 0,
		"%s", err.text);
	ck_assert_msg(notes.n == 0, "%s: %s", notes.n ? notes.v[0].pointer : "",
		notes.n ? notes.v[0].text : "");
	written = write_as(&bw_spec_schema, spec);
	ck_assert_msg(
		bw_spec_parse(written, strlen(written), "written", &arena, &again, NULL, &err) == 0,
		"%s", err.text);
	ck_assert_uint_eq(bw_schema_diff(&bw_spec_schema, spec, again, show, config_paths[_i]), 0);
}
END_TEST

/* ---- damaged configurations ---- */

/* A small generator of our own: the same damage on every machine. */
static unsigned next_random(unsigned *state)
{
	*state = *state * 1664525U + 1013904223U;
	return *state >> 8;
}

struct damage {
	struct bw_json_writer *w;
	size_t seen, victim; /* values so far; which one is hit */
	unsigned kind;
};

static void write_replacement(struct damage *d)
{
	static const char *const numbers[] = {"-1", "0", "4294967296", "18446744073709551616",
		"1.5", "1e99", "-9223372036854775809"};
	static const char *const strings[] = {"", "/", "..", "\n", "\xc3\xa9", "x"};
	unsigned choice = d->kind / 8;

	switch (d->kind % 8) {
	case 0:
		bw_json_null(d->w);
		break;
	case 1:
		bw_json_bool(d->w, choice & 1);
		break;
	case 2:
		bw_json_begin_object(d->w);
		bw_json_end_object(d->w);
		break;
	case 3:
		bw_json_begin_array(d->w);
		bw_json_end_array(d->w);
		break;
	case 4:
	case 5:
		bw_json_number_text(d->w, numbers[choice % BW_COUNT(numbers)]);
		break;
	default:
		bw_json_string(d->w, strings[choice % BW_COUNT(strings)]);
		break;
	}
}

/* Copies the tree, one value deleted (kind odd in the top bit) or replaced. */
static void write_damaged(struct damage *d, const struct bw_json *json)
{
	bool hit = d->seen++ == d->victim;

	if (hit && (d->kind & 64))
		return;
	if (json->key)
		bw_json_key(d->w, json->key);
	if (hit) {
		write_replacement(d);
		return;
	}
	switch (json->type) {
	case BW_JSON_NULL:
		bw_json_null(d->w);
		return;
	case BW_JSON_FALSE:
	case BW_JSON_TRUE:
		bw_json_bool(d->w, json->type == BW_JSON_TRUE);
		return;
	case BW_JSON_NUMBER:
		bw_json_number_text(d->w, json->text);
		return;
	case BW_JSON_STRING:
		bw_json_string(d->w, json->text);
		return;
	case BW_JSON_ARRAY:
	case BW_JSON_OBJECT:
		break;
	}
	if (json->type == BW_JSON_ARRAY)
		bw_json_begin_array(d->w);
	else
		bw_json_begin_object(d->w);
	for (const struct bw_json *child = json->child; child; child = child->next)
		write_damaged(d, child);
	if (json->type == BW_JSON_ARRAY)
		bw_json_end_array(d->w);
	else
		bw_json_end_object(d->w);
}

static size_t count_values(const struct bw_json *json)
{
	size_t count = 1;

	for (const struct bw_json *child = json->child; child; child = child->next)
		count += count_values(child);
	return count;
}

/* Whether it was accepted. */
static bool try_damaged(const char *text)
{
	struct bw_arena own = BW_ARENA_INIT;
	struct bw_notes notes = {NULL, 0};
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};
	int n = bw_spec_parse(text, strlen(text), "damaged", &own, &spec, &notes, &err);

	if (n == 0) {
		auto_free char *written = write_as(&bw_spec_schema, spec);

		ck_assert_uint_gt(strlen(written), 2);
	} else {
		ck_assert_msg(err.field[0] && err.text[0], "a fault without a place: %s", err.text);
		ck_assert_int_eq(err.code, BW_E_SPEC);
	}
	bw_arena_done(&own);
	return n == 0;
}

START_TEST(a_damaged_configuration_is_read_or_refused_with_a_place)
{
	enum { ROUNDS = 300 };
	unsigned state = (unsigned)_i + 1, accepted_count = 0;
	auto_free char *text = NULL;
	struct bw_json *json;
	struct bw_err err = {0};
	size_t len, values;

	text = read_config(_i, &len);
	ck_assert_int_eq(bw_json_parse(text, len, "config", &arena, &json, &err), 0);
	values = count_values(json);
	for (int round = 0; round < ROUNDS; round++) {
		auto_free char *damaged = NULL;
		struct damage d = {bw_json_writer_new(false), 0, 0, 0};

		d.victim = 1 + next_random(&state) % (values - 1);
		d.kind = next_random(&state) % 128;
		write_damaged(&d, json);
		ck_assert_int_eq(bw_json_writer_end(d.w, &damaged, NULL, &err), 0);
		bw_json_writer_free(d.w);
		accepted_count += try_damaged(damaged);
	}
	/* Both ways must have been taken. */
	ck_assert_uint_gt(accepted_count, 0);
	ck_assert_uint_lt(accepted_count, ROUNDS);
}
END_TEST

/* ---- files ---- */

static char directory[64];

static void make_directory(void)
{
	strcpy(directory, "/tmp/test_spec.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/config.json", directory);
	unlink(path);
	rmdir(directory);
	done();
}

static void write_file(const char *text, char *path, size_t size)
{
	FILE *file;

	snprintf(path, size, "%s/config.json", directory);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

START_TEST(a_bundle_is_loaded_from_its_directory)
{
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};
	char path[128], expected[160];

	ck_assert_int_eq(bw_spec_load(directory, &arena, &spec, NULL, &err), -1);
	snprintf(expected, sizeof expected, "config.json not found in the bundle %s", directory);
	ck_assert_str_eq(err.text, expected);
	write_file(bw_spec_default_text(false, false), path, sizeof path);
	ck_assert_msg(bw_spec_load(directory, &arena, &spec, NULL, &err) == 0, "%s", err.text);
	ck_assert_str_eq(spec->root->path, "rootfs");
}
END_TEST

static const struct {
	const char *rootfs, *before, *behind; /* a destination: before, the directory, behind */
	const char *taken;                     /* NULL: as it is written */
} destinations_of_the_host[] = {
	{"rootfs", "", "/rootfs/proc/a", "/proc/a"},
	{"./x/../rootfs/", "/.//", "/rootfs//proc/../b/", "/b"},
	{"rootfs", "", "/rootfs", "/"},
	{"rootfs", "", "/rootfs2/proc", NULL},
	{"rootfs", "/mnt", "/rootfs/proc", NULL},
	{".", "", "/proc", "/proc"},
	{"/", "", "/proc", NULL},
};

/* Before anybody, and the policy first of all, looks at a destination. */
START_TEST(a_destination_in_the_host_s_rootfs_is_taken_as_in_the_container)
{
	const char *rootfs = destinations_of_the_host[_i].rootfs, *taken = destinations_of_the_host[_i].taken;
	struct bw_notes notes = {NULL, 0};
	struct bw_spec *spec = NULL;
	struct bw_err err = {0};
	char path[128], destination[256], text[1024];

	snprintf(destination, sizeof destination, "%s%s%s", destinations_of_the_host[_i].before, directory,
		destinations_of_the_host[_i].behind);
	snprintf(text, sizeof text,
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"%s\"},\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},"
		"\"mounts\":[{\"destination\":\"%s\",\"type\":\"tmpfs\"}],\"linux\":{}}",
		rootfs, destination);
	write_file(text, path, sizeof path);
	ck_assert_msg(bw_spec_load(directory, &arena, &spec, &notes, &err) == 0, "%s", err.text);
	ck_assert_str_eq(spec->mounts.v[0].destination, taken ? taken : destination);
	ck_assert_uint_eq(notes.n, taken ? 1 : 0);
	if (!taken)
		return;
	ck_assert_str_eq(notes.v[0].pointer, "/mounts/0/destination");
	snprintf(text, sizeof text, "names the rootfs, and is taken as %s in it", taken);
	ck_assert_str_eq(notes.v[0].text, text);
}
END_TEST

static const struct {
	const char *text, *message;
} process_files[] = {
	{"{\"cwd\":\"/\",\"args\":[\"sh\",\"-c\",\"true\"],\"user\":{\"uid\":7}}", NULL},
	{"{\"cwd\":\"x\",\"args\":[\"sh\"]}", "/cwd: must be an absolute path, not \"x\""},
	{"{\"cwd\":\"/\"}", "/args: must have at least one entry"},
	{"{\"cwd\":\"/\",\"args\":[\"sh\"],\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":2,"
	 "\"hard\":1}]}",
		"/rlimits/0/soft: must not be above the hard limit: 2 > 1"},
};

START_TEST(a_process_file_is_checked_like_the_process_of_a_bundle)
{
	struct bw_spec_process *process = NULL;
	struct bw_err err = {0};
	char path[128];
	int n;

	write_file(process_files[_i].text, path, sizeof path);
	n = bw_spec_load_process(path, &arena, &process, &err);
	ck_assert_int_eq(n, process_files[_i].message ? -1 : 0);
	if (n < 0)
		ck_assert_str_eq(err.text, process_files[_i].message);
	else
		ck_assert_uint_eq(process->user->uid.v, 7);
}
END_TEST

/* ---- the default configuration ---- */

START_TEST(the_default_configuration_has_the_known_shape)
{
	bool rootless = _i & 1, cgroup_namespace = _i & 2;
	const char *text = bw_spec_default_text(rootless, cgroup_namespace);
	struct bw_notes notes = {NULL, 0};
	struct bw_spec *spec;
	struct bw_err err = {0};

	ck_assert_msg(
		bw_spec_parse(text, strlen(text), "default", &arena, &spec, &notes, &err) == 0,
		"%s", err.text);
	ck_assert_uint_eq(notes.n, 0);
	ck_assert_str_eq(spec->hostname, "runc");
	ck_assert(spec->process->terminal.v && spec->process->no_new_privileges.v);
	ck_assert_uint_eq(spec->process->capabilities->bounding.n, 3);
	ck_assert_uint_eq(spec->process->capabilities->inheritable.n, 0);
	ck_assert_uint_eq(spec->process->rlimits.v[0].hard.v, 1024);
	ck_assert_uint_eq(spec->mounts.n, 7);
	ck_assert_uint_eq(spec->linux_->masked_paths.n, 10);
	ck_assert_uint_eq(spec->linux_->readonly_paths.n, 5);
	ck_assert_int_eq(bw_spec_has_new_namespace(spec, "network"), !rootless);
	ck_assert_int_eq(bw_spec_has_new_namespace(spec, "user"), rootless);
	ck_assert_int_eq(bw_spec_has_new_namespace(spec, "cgroup"), cgroup_namespace);
	ck_assert_int_eq(bw_strs_has(&spec->mounts.v[2].options, "gid=5"), !rootless);
	ck_assert_str_eq(spec->mounts.v[5].source, rootless ? "/sys" : "sysfs");
	ck_assert_int_eq(spec->linux_->resources != NULL, !rootless);
	ck_assert_uint_eq(spec->linux_->uid_mappings.n, rootless);
	if (rootless)
		ck_assert_uint_eq(spec->linux_->uid_mappings.v[0].host_id.v, geteuid());
	ck_assert_ptr_nonnull(strstr(text, "\n\t\"process\": {\n\t\t\"terminal\": true,"));
	ck_assert_ptr_nonnull(strstr(text, "\"args\": [\n\t\t\t\"sh\"\n\t\t],"));
}
END_TEST

/* ---- questions ---- */

START_TEST(a_joined_namespace_is_not_a_new_one)
{
	const struct change change = {
		.namespaces = "{\"type\":\"pid\",\"path\":\"/x\"},{\"type\":\"ipc\"}"};
	struct bw_spec *spec;
	struct bw_err err = {0};

	ck_assert_int_eq(parse(&change, &spec, NULL, &err), 0);
	ck_assert_str_eq(bw_spec_namespace(spec, "pid")->path, "/x");
	ck_assert(!bw_spec_has_new_namespace(spec, "pid"));
	ck_assert(bw_spec_has_new_namespace(spec, "ipc"));
	ck_assert_ptr_null(bw_spec_namespace(spec, "user"));
}
END_TEST

START_TEST(decisions_are_stored_but_not_read_from_a_bundle)
{
	const struct change change = {.top = ",\"hardening\":{\"landlock\":\"require\"}"};
	auto_free char *text = NULL;
	struct bw_notes notes = {NULL, 0};
	struct bw_spec *spec, *stored;
	struct bw_json *json;
	struct bw_err err = {0};
	void *object;

	ck_assert_int_eq(parse(&change, &spec, &notes, &err), 0);
	ck_assert_ptr_null(spec->hardening);
	ck_assert_str_eq(notes.v[0].pointer, "/hardening");
	spec->hardening = bw_arena_alloc(&arena, sizeof *spec->hardening);
	spec->hardening->lock_securebits = (struct bw_opt_bool){true, true};
	ck_assert_int_eq(
		bw_strs_add(&arena, &spec->hardening->block_endpoints, "169.254.169.254"), 0);
	text = write_as(&bw_hardened_schema, spec);
	ck_assert_int_eq(bw_json_parse(text, strlen(text), "stored", &arena, &json, &err), 0);
	ck_assert_int_eq(
		bw_schema_read(&bw_hardened_schema, json, BW_E_STATE, &arena, &object, NULL, &err),
		0);
	stored = object;
	ck_assert_uint_eq(bw_schema_diff(&bw_hardened_schema, spec, stored, NULL, NULL), 0);
	ck_assert_str_eq(stored->hardening->block_endpoints.v[0], "169.254.169.254");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spec");
	TCase *rules = tcase_create("rules"), *configs = tcase_create("configs");
	TCase *files = tcase_create("files");
	SRunner *runner;
	int failed;

	find_configs();
	tcase_add_checked_fixture(rules, NULL, done);
	tcase_add_loop_test(
		rules, a_wrong_value_is_refused_with_its_pointer, 0, (int)BW_COUNT(faults));
	tcase_add_loop_test(
		rules, what_the_specification_allows_is_read, 0, (int)BW_COUNT(accepted));
	tcase_add_test(rules, process_root_and_arguments_are_required);
	tcase_add_loop_test(
		rules, what_needs_a_namespace_is_asked_of_the_spec_in_force, 0, (int)BW_COUNT(needs));
	tcase_add_loop_test(rules, versions_are_compared_as_numbers, 0, (int)BW_COUNT(versions));
	tcase_add_test(rules, relative_destinations_and_unknown_properties_are_noted);
	tcase_add_test(rules, every_property_of_the_specification_has_a_row);
	tcase_add_test(rules, rows_are_described_and_fit_their_members);
	tcase_add_test(rules, the_whole_table_can_be_published);
	tcase_add_loop_test(rules, the_default_configuration_has_the_known_shape, 0, 4);
	tcase_add_test(rules, a_joined_namespace_is_not_a_new_one);
	tcase_add_test(rules, decisions_are_stored_but_not_read_from_a_bundle);
	tcase_add_checked_fixture(configs, NULL, done);
	tcase_set_timeout(configs, 60);
	tcase_add_loop_test(
		configs, a_real_configuration_is_read_written_and_read_again, 0, config_count);
	tcase_add_loop_test(
		configs, a_damaged_configuration_is_read_or_refused_with_a_place, 0, config_count);
	tcase_add_checked_fixture(files, make_directory, remove_directory);
	tcase_add_test(files, a_bundle_is_loaded_from_its_directory);
	tcase_add_loop_test(files, a_destination_in_the_host_s_rootfs_is_taken_as_in_the_container, 0,
		(int)BW_COUNT(destinations_of_the_host));
	tcase_add_loop_test(files, a_process_file_is_checked_like_the_process_of_a_bundle, 0,
		(int)BW_COUNT(process_files));
	suite_add_tcase(suite, rules);
	suite_add_tcase(suite, configs);
	suite_add_tcase(suite, files);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	for (int i = 0; i < config_count; i++)
		free(config_paths[i]);
	return failed || config_count < 19 ? EXIT_FAILURE : EXIT_SUCCESS;
}

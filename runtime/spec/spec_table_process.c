/* SPDX-License-Identifier: Apache-2.0 */
/* spec_table_process.c - rows of "process" (runtime-spec config.md, "Process"). */
#include "spec/spec_table.h"

static const char *const rlimit_names[] = {"RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA",
	"RLIMIT_FSIZE", "RLIMIT_LOCKS", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NICE",
	"RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
	"RLIMIT_SIGPENDING", "RLIMIT_STACK", NULL};
static const char *const scheduler_policies[] = {"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",
	"SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE", NULL};
static const char *const scheduler_flags[] = {"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",
	"SCHED_FLAG_DL_OVERRUN", "SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS",
	"SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX", NULL};
static const char *const io_classes[] = {
	"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", NULL};

static const struct bw_field user_fields[] = {
	BW_FIELD(struct bw_spec_user, uid, "uid", .max = BW_ID_MAX,
		.doc = "user id in the container's user namespace"),
	BW_FIELD(struct bw_spec_user, gid, "gid", .max = BW_ID_MAX,
		.doc = "group id in the container's user namespace"),
	BW_FIELD(struct bw_spec_user, umask, "umask", .max = 0777,
		.doc = "file mode creation mask; absent: as inherited"),
	BW_FIELD(struct bw_spec_user, additional_gids, "additionalGids", .max = BW_ID_MAX,
		.doc = "supplementary group ids"),
	BW_FIELD(struct bw_spec_user, username, "username", .flags = BW_IGNORED,
		.doc = "user name (Windows)"),
	BW_END};
static const struct bw_schema user_schema = {
	"user", sizeof(struct bw_spec_user), BW_UNKNOWN_NOTE, user_fields};

static const struct bw_field console_size_fields[] = {
	BW_FIELD(struct bw_spec_console_size, height, "height", .flags = BW_REQUIRED,
		.doc = "rows of the terminal"),
	BW_FIELD(struct bw_spec_console_size, width, "width", .flags = BW_REQUIRED,
		.doc = "columns of the terminal"),
	BW_END};
static const struct bw_schema console_size_schema = {
	"consoleSize", sizeof(struct bw_spec_console_size), BW_UNKNOWN_NOTE, console_size_fields};

static const struct bw_field rlimit_fields[] = {
	BW_FIELD(struct bw_spec_rlimit, type, "type", .flags = BW_REQUIRED, .names = rlimit_names,
		.doc = "which limit, as in getrlimit(2)"),
	BW_FIELD(struct bw_spec_rlimit, hard, "hard", .flags = BW_REQUIRED,
		.doc = "ceiling of the soft limit"),
	BW_FIELD(struct bw_spec_rlimit, soft, "soft", .flags = BW_REQUIRED,
		.doc = "the limit that the kernel enforces"),
	BW_END};
static const struct bw_schema rlimit_schema = {
	"rlimit", sizeof(struct bw_spec_rlimit), BW_UNKNOWN_NOTE, rlimit_fields};

/* Names that this kernel does not know are warned of when they are applied (config.md, Linux
 * Process, capabilities): no error here. */
static const struct bw_field capabilities_fields[] = {
	BW_FIELD(struct bw_spec_capabilities, bounding, "bounding",
		.doc = "capabilities that can be gained at all"),
	BW_FIELD(struct bw_spec_capabilities, effective, "effective",
		.doc = "capabilities that are in use"),
	BW_FIELD(struct bw_spec_capabilities, inheritable, "inheritable",
		.doc = "capabilities kept across execve for files that say so"),
	BW_FIELD(struct bw_spec_capabilities, permitted, "permitted",
		.doc = "capabilities that may be made effective"),
	BW_FIELD(struct bw_spec_capabilities, ambient, "ambient",
		.doc = "capabilities kept across execve of ordinary files"),
	BW_END};
static const struct bw_schema capabilities_schema = {
	"capabilities", sizeof(struct bw_spec_capabilities), BW_UNKNOWN_NOTE, capabilities_fields};

static const struct bw_field scheduler_fields[] = {
	BW_FIELD(struct bw_spec_scheduler, policy, "policy", .flags = BW_REQUIRED,
		.names = scheduler_policies, .doc = "scheduling policy, as in sched(7)"),
	BW_FIELD(struct bw_spec_scheduler, nice, "nice", .min = INT32_MIN, .max = INT32_MAX,
		.doc = "nice value, for SCHED_OTHER and SCHED_BATCH"),
	BW_FIELD(struct bw_spec_scheduler, priority, "priority", .min = INT32_MIN, .max = INT32_MAX,
		.doc = "static priority, for SCHED_FIFO and SCHED_RR"),
	BW_FIELD(struct bw_spec_scheduler, flags, "flags", .names = scheduler_flags,
		.doc = "flags of sched_setattr(2)"),
	BW_FIELD(struct bw_spec_scheduler, runtime, "runtime",
		.doc = "nanoseconds per period, for SCHED_DEADLINE"),
	BW_FIELD(struct bw_spec_scheduler, deadline, "deadline",
		.doc = "nanoseconds until the work must be done, for SCHED_DEADLINE"),
	BW_FIELD(struct bw_spec_scheduler, period, "period",
		.doc = "nanoseconds of the period, for SCHED_DEADLINE"),
	BW_END};
static const struct bw_schema scheduler_schema = {
	"scheduler", sizeof(struct bw_spec_scheduler), BW_UNKNOWN_NOTE, scheduler_fields};

static const struct bw_field io_priority_fields[] = {
	BW_FIELD(struct bw_spec_io_priority, class_, "class", .flags = BW_REQUIRED,
		.names = io_classes, .doc = "I/O scheduling class, as in ioprio_set(2)"),
	BW_FIELD(struct bw_spec_io_priority, priority, "priority", .max = 7,
		.doc = "priority within the class, 0 is highest"),
	BW_END};
static const struct bw_schema io_priority_schema = {
	"ioPriority", sizeof(struct bw_spec_io_priority), BW_UNKNOWN_NOTE, io_priority_fields};

static const struct bw_field cpu_affinity_fields[] = {
	BW_FIELD(struct bw_spec_cpu_affinity, initial, "initial", .flags = BW_EMPTY_IS_ABSENT,
		.check = bw_check_cpu_list,
		.doc = "CPUs of the runtime's process before it enters the container's cgroup"),
	BW_FIELD(struct bw_spec_cpu_affinity, final, "final", .flags = BW_EMPTY_IS_ABSENT,
		.check = bw_check_cpu_list, .doc = "CPUs of the process that exec starts"),
	BW_END};
static const struct bw_schema cpu_affinity_schema = {"execCPUAffinity",
	sizeof(struct bw_spec_cpu_affinity), BW_UNKNOWN_NOTE, cpu_affinity_fields};

static const struct bw_field process_fields[] = {
	BW_FIELD(struct bw_spec_process, terminal, "terminal",
		.doc = "whether the process gets a terminal"),
	BW_NESTED(struct bw_spec_process, console_size, "consoleSize", &console_size_schema,
		.doc = "size of the terminal; ignored without one"),
	BW_NESTED(struct bw_spec_process, user, "user", &user_schema,
		.doc = "ids that the process runs with"),
	BW_FIELD(struct bw_spec_process, args, "args",
		.doc = "program and arguments, as execvp(3) takes them"),
	BW_FIELD(struct bw_spec_process, command_line, "commandLine", .flags = BW_IGNORED,
		.doc = "command line (Windows)"),
	BW_FIELD(struct bw_spec_process, env, "env", .check = bw_check_env,
		.doc = "environment, NAME=value"),
	BW_FIELD(struct bw_spec_process, cwd, "cwd", .flags = BW_REQUIRED | BW_ABSOLUTE_PATH,
		.doc = "working directory in the container"),
	BW_NESTED(struct bw_spec_process, capabilities, "capabilities", &capabilities_schema,
		.doc = "sets of capabilities(7)"),
	BW_LIST_OF(struct bw_spec_process, rlimits, "rlimits", &rlimit_schema,
		.doc = "resource limits of getrlimit(2)"),
	BW_FIELD(struct bw_spec_process, no_new_privileges, "noNewPrivileges",
		.doc = "whether execve can give no further privileges"),
	BW_FIELD(struct bw_spec_process, apparmor_profile, "apparmorProfile",
		.flags = BW_EMPTY_IS_ABSENT, .check = bw_check_one_line,
		.doc = "AppArmor profile of the process"),
	BW_FIELD(struct bw_spec_process, oom_score_adj, "oomScoreAdj", .min = -1000, .max = 1000,
		.doc = "what the out-of-memory killer adds to the score; absent: as inherited"),
	BW_NESTED(struct bw_spec_process, scheduler, "scheduler", &scheduler_schema,
		.doc = "CPU scheduling, as in sched_setattr(2)"),
	BW_FIELD(struct bw_spec_process, selinux_label, "selinuxLabel", .flags = BW_EMPTY_IS_ABSENT,
		.check = bw_check_one_line, .doc = "SELinux label of the process"),
	BW_NESTED(struct bw_spec_process, io_priority, "ioPriority", &io_priority_schema,
		.doc = "I/O scheduling, as in ioprio_set(2)"),
	BW_NESTED(struct bw_spec_process, exec_cpu_affinity, "execCPUAffinity",
		&cpu_affinity_schema, .doc = "CPU affinity of processes that exec starts"),
	BW_END};
const struct bw_schema bw_spec_process_schema = {
	"process", sizeof(struct bw_spec_process), BW_UNKNOWN_NOTE, process_fields};

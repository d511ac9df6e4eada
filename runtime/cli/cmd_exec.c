/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_exec.c - bulwark exec, bulwark-exec(8). */
#include "cli/verb.h"

#include "base/str.h"

static const struct bw_option exec_options[] = {
	BW_OPT_PATH(struct bw_exec_options, process_path, "process", 'p', "FILE",
		"the process, as in config.json, instead of COMMAND"),
	BW_OPT_FLAG(struct bw_exec_options, detach, "detach", 'd', "do not wait for the program"),
	BW_OPT_FLAG(struct bw_exec_options, tty, "tty", 't', "give it a terminal"),
	BW_OPT_PATH(struct bw_exec_options, console_socket, "console-socket", 0, "SOCKET",
		"socket that gets the terminal's master end"),
	BW_OPT_PATH(struct bw_exec_options, pid_file, "pid-file", 0, "FILE",
		"write the process id to FILE"),
	BW_OPT_PATH(struct bw_exec_options, pidfd_socket, "pidfd-socket", 0, "SOCKET",
		"socket that gets a pidfd of the process"),
	BW_OPT_TEXT(
		struct bw_exec_options, cwd, "cwd", 0, "DIR", "working directory in the container"),
	BW_OPT_LIST(struct bw_exec_options, env, "env", 'e', "NAME=VALUE",
		"set an environment variable"),
	BW_OPT_TEXT(struct bw_exec_options, user, "user", 'u', "UID[:GID]", "run as this user"),
	BW_OPT_LIST(struct bw_exec_options, additional_gids, "additional-gids", 'g', "GID",
		"add a supplementary group"),
	BW_OPT_LIST(struct bw_exec_options, caps, "cap", 'c', "CAP", "add a capability"),
	BW_OPT_FLAG(struct bw_exec_options, no_new_privs, "no-new-privs", 0, "set no_new_privs"),
	BW_OPT_TEXT(struct bw_exec_options, apparmor, "apparmor", 0, "PROFILE", "AppArmor profile"),
	BW_OPT_TEXT(struct bw_exec_options, process_label, "process-label", 0, "LABEL",
		"SELinux label"),
	BW_OPT_NUMBER(struct bw_exec_options, preserve_fds, "preserve-fds", 0, "N",
		"pass N more descriptors, from 3 upwards"),
	BW_OPT_FLAG(struct bw_exec_options, ignore_paused, "ignore-paused", 0,
		"also in a paused container; waits for its end of pause"),
	BW_OPT_LIST(struct bw_exec_options, cgroups, "cgroup", 0, "[CONTROLLER[,...]:]PATH",
		"run in this cgroup beneath the container's"),
	BW_OPT_END,
};

static int run(const struct bw_call *call, struct bw_err *err)
{
	struct bw_exec_options *options = call->options;
	const char *const *command = call->args + 1;
	int code = 0;

	if (*command && bw_streq(*command, "--"))
		command++;
	if (!*command && !options->process_path)
		return bw_fail(
			err, BW_E_USAGE, 0, "exec needs a command, or a process by --process");
	if (*command && options->process_path)
		return bw_fail(err, BW_E_USAGE, 0,
			"a command and --process exclude each other: \"%s\"", *command);
	options->args = command;
	if (bw_container_exec(call->ctx, call->args[0], options, &code, err) < 0)
		return -1;
	return code;
}

const struct bw_verb bw_verb_exec = {
	.name = "exec",
	.group = BW_VERB_RUN,
	.about = "run another program in a container",
	.synopsis = "CONTAINER COMMAND [ARGUMENT...]",
	.details = "The program gets at most what the policy left to the container at create. "
		   "Options go\n"
		   "before CONTAINER; what follows it belongs to COMMAND. Exits with the program's "
		   "status,\n"
		   "255 when it could not be run.\n\n"
		   "EXAMPLE:\n"
		   "   bulwark exec -t -e LANG=C app1 python3 -q\n",
	.options = exec_options,
	.options_size = sizeof(struct bw_exec_options),
	.min_args = 1,
	.max_args = BW_ARGS_ANY,
	.stop_after = 1,
	.takes_id = true,
	.failure = 255,
	.run = run,
};

/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - bulwark-label: whether this host knows a label and enforces it. A program of its own,
 *because the libraries that can tell must not be part of a runtime that starts in a millisecond.
 *
 *	bulwark-label check apparmor PROFILE
 *	bulwark-label check selinux CONTEXT [FILES OTHERS]
 *
 * With FILES and OTHERS, contexts of files, CONTEXT must be able to read the first and not the second: categories keep
 * apart only what the loaded policy says that they do.
 *
 * Exit status 0: valid and enforced. 2: valid, but nothing is forbidden by it. 1: not valid, or not
 *to be found out. With 1 and 2 there is one sentence on stderr. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_APPARMOR
#include <sys/apparmor.h>
#endif
#ifdef HAVE_SELINUX
#include <selinux/selinux.h>
#endif

#include "label/profiles.h"

enum { ENFORCED = 0, NOT_VALID = 1, WEAK = 2 };

__attribute__((format(printf, 2, 3))) static int answer(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

#ifdef HAVE_APPARMOR
static FILE *open_profiles(void)
{
	char *mount = NULL, *path = NULL;
	FILE *list = NULL;

	if (aa_find_mountpoint(&mount) == 0 && asprintf(&path, "%s/profiles", mount) >= 0)
		list = fopen(path, "re");
	free(path);
	free(mount);
	return list;
}

/* What loads the profile, where a file of its name is there to be loaded. */
static int not_loaded(const char *profile)
{
	char path[512];
	int len = snprintf(path, sizeof path, "%s/%s", BW_APPARMORDIR, profile);

	if (len < (int)sizeof path && !strchr(profile, '/') && access(path, R_OK) == 0)
		return answer(NOT_VALID, "AppArmor profile \"%s\" is not loaded: \"apparmor_parser -r %s\" loads it",
			profile, path);
	return answer(NOT_VALID, "AppArmor profile \"%s\" is not loaded", profile);
}

static int check_apparmor(char **args)
{
	const char *profile = args[0];
	enum bw_profile_state state;
	FILE *list;

	if (!aa_is_enabled())
		return answer(NOT_VALID, "AppArmor is not enabled in this kernel");
	list = open_profiles();
	if (!list)
		return answer(NOT_VALID, "the list of AppArmor profiles cannot be read: %s",
			strerror(errno));
	state = bw_profile_state(list, profile);
	fclose(list);
	switch (state) {
	case BW_PROFILE_ENFORCED:
		return ENFORCED;
	case BW_PROFILE_WEAK:
		return answer(WEAK, "AppArmor profile \"%s\" is not in enforce mode", profile);
	case BW_PROFILE_MISSING:
		break;
	}
	return not_loaded(profile);
}
#else
static int check_apparmor(char **args)
{
	return answer(NOT_VALID,
		"AppArmor profile \"%s\" cannot be checked: built without libapparmor", args[0]);
}
#endif

#ifdef HAVE_SELINUX
static int answer_invalid(const char *context)
{
	return answer(NOT_VALID, "SELinux context \"%s\" is not valid in the loaded policy: %s", context,
		strerror(errno));
}

/* It is short enough to be kept whole in a container's state. */
static int answer_not_loaded(const char *context)
{
	return answer(NOT_VALID,
		"SELinux context \"%s\" is not valid in the loaded policy; semodule -i bulwark.cil loads ours", context);
}

/* What source may do with files of target; -1 and errno. */
static int may_read(const char *source, const char *target, bool *ret)
{
	security_class_t file = string_to_security_class("file");
	access_vector_t read = file ? string_to_av_perm(file, "read") : 0;
	struct av_decision decision;

	if (!read || security_compute_av_flags_raw(source, target, file, read, &decision) < 0)
		return -1;
	*ret = decision.allowed & read;
	return 0;
}

static int check_files(const char *context, const char *own, const char *others)
{
	bool reads_own, reads_others;

	if (security_check_context_raw(own) < 0)
		return answer_not_loaded(own);
	if (security_check_context_raw(others) < 0)
		return answer_not_loaded(others);
	if (may_read(context, own, &reads_own) < 0 || may_read(context, others, &reads_others) < 0)
		return answer(NOT_VALID, "SELinux does not say what \"%s\" may read: %s", context, strerror(errno));
	if (!reads_own)
		return answer(NOT_VALID, "the loaded SELinux policy does not let \"%s\" read \"%s\"", context, own);
	if (reads_others)
		return answer(NOT_VALID, "the loaded SELinux policy lets \"%s\" read \"%s\"", context, others);
	return ENFORCED;
}

/* A type can be permissive alone (semanage permissive). */
static bool is_permissive(const char *context)
{
	security_class_t process = string_to_security_class("process");
	struct av_decision decision;

	return process && security_compute_av_flags_raw(context, context, process, 1, &decision) == 0 &&
	       (decision.flags & SELINUX_AVD_FLAGS_PERMISSIVE);
}

static int check_selinux(char **args)
{
	const char *context = args[0];
	int enforcing;

	if (is_selinux_enabled() != 1)
		return answer(NOT_VALID, "SELinux is not enabled in this kernel");
	if (security_check_context_raw(context) < 0)
		return args[1] ? answer_not_loaded(context) : answer_invalid(context);
	if (args[1] && check_files(context, args[1], args[2]) != ENFORCED)
		return NOT_VALID;
	enforcing = security_getenforce();
	if (enforcing < 0)
		return answer(NOT_VALID, "SELinux does not say whether it is enforcing: %s",
			strerror(errno));
	if (!enforcing)
		return answer(WEAK, "SELinux is permissive");
	return is_permissive(context) ? answer(WEAK, "SELinux is permissive for \"%s\"", context) : ENFORCED;
}
#else
static int check_selinux(char **args)
{
	return answer(NOT_VALID,
		"SELinux context \"%s\" cannot be checked: built without libselinux", args[0]);
}
#endif

static const struct {
	const char *lsm;
	int (*check)(char **args); /* NULL-terminated */
	int more;		   /* how many may follow the label: so many or none */
} checks[] = {
	{"apparmor", check_apparmor, 0},
	{"selinux", check_selinux, 2},
};

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "check") == 0 && argv[3][0])
		for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
			if (strcmp(argv[2], checks[i].lsm) == 0 && (argc == 4 || argc == 4 + checks[i].more))
				return checks[i].check(&argv[3]);
	return answer(NOT_VALID, "usage: bulwark-label check apparmor PROFILE | selinux CONTEXT [FILES OTHERS]");
}

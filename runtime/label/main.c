/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - bulwark-label: whether this host knows a label and enforces it. A program of its own,
 *because the libraries that can tell must not be part of a runtime that starts in a millisecond.
 *
 *	bulwark-label check apparmor PROFILE
 *	bulwark-label check selinux CONTEXT
 *
 * Exit status 0: valid and enforced. 2: valid, but nothing is forbidden by it. 1: not valid, or not
 *to be found out. With 1 and 2 there is one sentence on stderr. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
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

static int check_apparmor(const char *profile)
{
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
static int check_apparmor(const char *profile)
{
	return answer(NOT_VALID,
		"AppArmor profile \"%s\" cannot be checked: built without libapparmor", profile);
}
#endif

#ifdef HAVE_SELINUX
static int check_selinux(const char *context)
{
	int enforcing;

	if (is_selinux_enabled() != 1)
		return answer(NOT_VALID, "SELinux is not enabled in this kernel");
	if (security_check_context_raw(context) < 0)
		return answer(NOT_VALID,
			"SELinux context \"%s\" is not valid in the loaded policy: %s", context,
			strerror(errno));
	enforcing = security_getenforce();
	if (enforcing < 0)
		return answer(NOT_VALID, "SELinux does not say whether it is enforcing: %s",
			strerror(errno));
	return enforcing ? ENFORCED : answer(WEAK, "SELinux is permissive");
}
#else
static int check_selinux(const char *context)
{
	return answer(NOT_VALID,
		"SELinux context \"%s\" cannot be checked: built without libselinux", context);
}
#endif

static const struct {
	const char *lsm;
	int (*check)(const char *label);
} checks[] = {
	{"apparmor", check_apparmor},
	{"selinux", check_selinux},
};

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "check") == 0 && argv[3][0])
		for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
			if (strcmp(argv[2], checks[i].lsm) == 0)
				return checks[i].check(argv[3]);
	return answer(NOT_VALID, "usage: bulwark-label check apparmor|selinux LABEL");
}

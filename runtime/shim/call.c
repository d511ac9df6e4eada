/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - the command line as containerd writes it, by the rules of Go's package flag: one dash or two, the value behind
 * '=' or in the next word, switches alone or with "=true", "--" ends the flags. */
#include "shim/shim.h"

#include <stddef.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

enum { NAME_MAX_BYTES = 200 };

static const struct flag {
	const char *name;
	bool is_switch;
	size_t offset;
} flags[] = {
	{"namespace", false, offsetof(struct bw_shim_call, namespace)},
	{"address", false, offsetof(struct bw_shim_call, address)},
	{"publish-binary", false, offsetof(struct bw_shim_call, publish_binary)},
	{"id", false, offsetof(struct bw_shim_call, id)},
	{"bundle", false, offsetof(struct bw_shim_call, bundle)},
	{"socket", false, offsetof(struct bw_shim_call, socket)},
	{"debug-socket", false, offsetof(struct bw_shim_call, debug_socket)},
	{"debug", true, offsetof(struct bw_shim_call, debug)},
	{"v", true, offsetof(struct bw_shim_call, version)},
	{"version", true, offsetof(struct bw_shim_call, version)},
	{"info", true, offsetof(struct bw_shim_call, info)},
	{"h", true, offsetof(struct bw_shim_call, help)},
	{"help", true, offsetof(struct bw_shim_call, help)},
};

/* name is not NUL-terminated. */
static const struct flag *find(const char *name, size_t len)
{
	for (size_t i = 0; i < BW_COUNT(flags); i++)
		if (strlen(flags[i].name) == len && memcmp(flags[i].name, name, len) == 0)
			return &flags[i];
	return NULL;
}

/* value: NULL for a switch that stands alone. */
static int set_switch(const struct flag *flag, const char *value, struct bw_shim_call *call, struct bw_err *err)
{
	static const struct {
		const char *word;
		bool on;
	} words[] = {{"true", true}, {"false", false}, {"1", true}, {"0", false}};

	for (size_t i = 0; i < BW_COUNT(words); i++) {
		if (value && !bw_streq(value, words[i].word))
			continue;
		*(bool *)(void *)((char *)call + flag->offset) = words[i].on;
		return 0;
	}
	return bw_fail(err, BW_E_USAGE, 0, "invalid value \"%.64s\" for flag -%s: expected true or false", value,
		flag->name);
}

int bw_shim_call_read(const char *const *words, struct bw_shim_call *ret, struct bw_err *err)
{
	struct bw_shim_call call = {0};

	for (; *words && (*words)[0] == '-' && (*words)[1]; words++) {
		const char *word = *words, *name = word + (word[1] == '-' ? 2 : 1), *value = strchr(name, '=');
		size_t len = value ? (size_t)(value - name) : strlen(name);
		const struct flag *flag = find(name, len);

		if (bw_streq(word, "--")) {
			words++;
			break;
		}
		if (!flag)
			return bw_fail(err, BW_E_USAGE, 0, "flag provided but not defined: -%.*s",
				(int)(len < 64 ? len : 64), name);
		if (value)
			value++;
		if (flag->is_switch) {
			if (set_switch(flag, value, &call, err) < 0)
				return -1;
			continue;
		}
		if (!value && !(value = *++words))
			return bw_fail(err, BW_E_USAGE, 0, "flag needs an argument: -%s", flag->name);
		*(const char **)(void *)((char *)&call + flag->offset) = *value ? value : NULL;
	}
	call.action = *words;
	*ret = call;
	return 0;
}

const char *bw_shim_call_usage(void)
{
	return "usage: containerd-shim-bulwark-v2 -namespace NAME -id ID -address SOCKET [-bundle DIR] [-debug] start|delete\n"
	       "       containerd-shim-bulwark-v2 -info | -version\n"
	       "containerd starts this program; see containerd-shim-bulwark-v2(8).\n";
}

int bw_shim_name_check(const char *what, const char *name, struct bw_err *err)
{
	static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-";

	if (!name || !*name)
		return bw_fail(err, BW_E_USAGE, 0, "%s must be given", what);
	if (!strchr(alphanumeric, name[0]) || name[strspn(name, allowed)] || strlen(name) > NAME_MAX_BYTES)
		return bw_fail(err, BW_E_USAGE, 0,
			"%s \"%.64s\": expected at most %d letters, digits and \"._+-\", the first a letter or a digit", what,
			name, NAME_MAX_BYTES);
	return 0;
}

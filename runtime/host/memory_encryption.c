/* SPDX-License-Identifier: Apache-2.0 */
/* memory_encryption.c - flags of /proc/cpuinfo, registers by /dev/cpu/N/msr (msr(4)), and what drivers tell in sysfs. */
#include "host/memory_encryption.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/fd.h"
#include "base/str.h"

enum {
	CPUINFO_MAX = 5120, /* the first processor's part of it */
	CPUS_MAX = 8192,
	/* Registers, and their bits. */
	TME_ACTIVATE = 0x982,
	SEV_STATUS = (int)0xc0010131
};

#define TME_ENABLED (UINT64_C(1) << 1)
#define TME_BYPASS  (UINT64_C(1) << 31) /* memory without a key of its own goes around it */
#define SEV_ENABLED (UINT64_C(1) << 0)

/* How the flags of Linux 6.0 differ: "sme" is only there when the kernel uses it. */
enum { SME_MEANS_ACTIVE = 6 };

struct machine {
	const char *root;
	uint64_t major;
	char flags[CPUINFO_MAX]; /* " a b c " */
};

static bool has_flag(const struct machine *m, const char *name)
{
	char word[32];

	snprintf(word, sizeof word, " %s ", name);
	return strstr(m->flags, word);
}

static void read_flags(struct machine *m)
{
	char path[PATH_MAX], text[CPUINFO_MAX], *line;
	auto_close int fd = -1;
	ssize_t len;

	snprintf(path, sizeof path, "%s/proc/cpuinfo", m->root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : TEMP_FAILURE_RETRY(read(fd, text, sizeof text - 1));
	if (len < 0)
		return;
	text[len] = '\0';
	line = strstr(text, "\nflags");
	line = line ? strchr(line + 1, ':') : NULL;
	if (line)
		snprintf(m->flags, sizeof m->flags, "%.*s ", (int)strcspn(line + 1, "\n"), line + 1);
}

/* The register on every processor that has a file for it, all bits that are set on each; how many there are, or -errno. */
static int read_register(const struct machine *m, unsigned number, uint64_t *ret)
{
	int cpu;

	*ret = UINT64_MAX;
	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		char path[PATH_MAX];
		auto_close int fd = -1;
		uint64_t value;
		ssize_t len;

		snprintf(path, sizeof path, "%s/dev/cpu/%d/msr", m->root, cpu);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return cpu ? cpu : -errno;
		len = pread(fd, &value, sizeof value, (off_t)number);
		if (len != (ssize_t)sizeof value)
			return len < 0 ? -errno : -EIO;
		*ret &= value;
	}
	return cpu;
}

static bool exists(const struct machine *m, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", m->root, name);
	return access(path, F_OK) == 0;
}

/* The processor's own encryption of everything, which neither kernel nor flags know: the driver of its secure part asks. */
static bool is_transparent_sme(const struct machine *m)
{
	char pattern[PATH_MAX], text[8];
	bool found = false;
	glob_t paths;

	snprintf(pattern, sizeof pattern, "%s/sys/bus/pci/devices/*/tsme_status", m->root);
	if (glob(pattern, GLOB_NOSORT, NULL, &paths) != 0)
		return false;
	for (size_t i = 0; i < paths.gl_pathc; i++)
		found = found || (bw_read_at(AT_FDCWD, paths.gl_pathv[i], text, sizeof text) > 0 && bw_streq(text, "1"));
	globfree(&paths);
	return found;
}

/* Text of what of it was found, for the refusal. */
static void say_register(const char *name, int r, uint64_t value, struct bw_buf *buf)
{
	if (r < 0)
		bw_buf_addf(buf, "%s: %s", name, bw_errno_words(-r));
	else
		bw_buf_addf(buf, "%s is 0x%llx", name, (unsigned long long)value);
}

static bool is_intels(const struct machine *m, struct bw_buf *buf)
{
	static const char *const ciphers[] = {"AES-XTS-128", "AES-XTS-128 with integrity", "AES-XTS-256"};
	uint64_t value = 0;
	int r;

	if (has_flag(m, "tdx_guest")) {
		bw_buf_add(buf, "a guest of Intel TDX, as the hypervisor says");
		return true;
	}
	if (!has_flag(m, "tme"))
		return false;
	r = read_register(m, TME_ACTIVATE, &value);
	if (r > 0 && (value & TME_ENABLED) && !(value & TME_BYPASS)) {
		bw_buf_addf(buf, "Intel TME, %s",
			(value >> 4 & 15) < BW_COUNT(ciphers) ? ciphers[value >> 4 & 15] : "of another cipher");
		return true;
	}
	bw_buf_add(buf, "the processor has Intel TME, but that it is in use is not seen: ");
	say_register("register 0x982", r, value, buf);
	return false;
}

static bool is_amds(const struct machine *m, struct bw_buf *buf)
{
	uint64_t value = 0;
	int r;

	if (exists(m, "sys/devices/system/cpu/sev/vmpl")) {
		bw_buf_add(buf, "a guest of AMD SEV-SNP, as the hypervisor says");
		return true;
	}
	if (is_transparent_sme(m)) {
		bw_buf_add(buf, "AMD TSME");
		return true;
	}
	if (has_flag(m, "sme") && m->major >= SME_MEANS_ACTIVE) {
		bw_buf_add(buf, "AMD SME");
		return true;
	}
	/* A host has these flags, too: it could have such guests. */
	if (!has_flag(m, "sme") && !has_flag(m, "sev"))
		return false;
	r = read_register(m, (unsigned)SEV_STATUS, &value);
	if (r > 0 && (value & SEV_ENABLED)) {
		bw_buf_add(buf, "a guest of AMD SEV");
		return true;
	}
	bw_buf_add(buf, "the processor has AMD SME or SEV, but that it is in use is not seen: ");
	say_register("register 0xc0010131", r, value, buf);
	return false;
}

void bw_memory_encryption_look(const char *root, const char *machine, uint64_t major, struct bw_memory_encryption *ret)
{
	struct machine m = {.root = root, .major = major};
	struct bw_buf buf = bw_buf_over(ret->seen, sizeof ret->seen);

	*ret = (struct bw_memory_encryption){0};
	if (!bw_streq(machine, "x86_64")) {
		bw_buf_addf(&buf,
			"on %s it cannot be seen from here: what encrypts memory (as in AWS Graviton2 and later) does "
			"not say so",
			machine);
		return;
	}
	read_flags(&m);
	ret->encrypted = is_intels(&m, &buf) || is_amds(&m, &buf);
	if (!buf.len)
		bw_buf_add(&buf, m.flags[0] ? "the flags of /proc/cpuinfo have none of tme, tdx_guest, sme and sev"
					   : "/proc/cpuinfo has no flags");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* test_encryption.c - what of a machine is seen to be encrypted, from files such as it has; and what can be wished of a
 * disk. */
#include <check.h>
#include <limits.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "base/str.h"
#include "host/block_encryption.h"
#include "host/memory_encryption.h"
#include "scratch.h"
#include "scratch/wishes.h"

static struct scratch machine;

static void make_machine(void)
{
	scratch_make(&machine);
}

static void remove_machine(void)
{
	scratch_remove(&machine);
}

/* A file of the machine, with the directories on its way. */
static void put(const char *name, const void *bytes, size_t len)
{
	char path[PATH_MAX];
	auto_close int fd = -1;

	snprintf(path, sizeof path, "%s/%s", machine.path, name);
	for (char *slash = path + strlen(machine.path) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(path, 0755);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static void put_link(const char *name, const char *target)
{
	char path[PATH_MAX];

	put_text(name, "");
	snprintf(path, sizeof path, "%s/%s", machine.path, name);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(target, path), 0);
}

/* ---- memory ---- */

/* Where a register's file has no value, there is no such file. */
static const struct memory_row {
	const char *flags;
	uint64_t number, value; /* of a register, or 0 */
	const char *file;	/* further one with "1", or NULL */
	uint64_t major;
	bool encrypted;
	const char *seen;
} memory_rows[] = {
	{"fpu vme", 0, 0, NULL, 6, false, "the flags of /proc/cpuinfo have none of tme, tdx_guest, sme and sev"},
	{"fpu tme vme", 0x982, 0x2, NULL, 6, true, "Intel TME, AES-XTS-128"},
	{"fpu tme", 0x982, 0x23, NULL, 6, true, "Intel TME, AES-XTS-256"},
	{"tme", 0x982, 0x1, NULL, 6, false, "the processor has Intel TME, but that it is in use is not seen: register 0x982 is 0x1"},
	/* Around it. */
	{"tme", 0x982, 0x80000003, NULL, 6, false,
		"the processor has Intel TME, but that it is in use is not seen: register 0x982 is 0x80000003"},
	{"tme", 0, 0, NULL, 6, false,
		"the processor has Intel TME, but that it is in use is not seen: register 0x982: no such file or directory"},
	{"fpu tdx_guest", 0, 0, NULL, 6, true, "a guest of Intel TDX, as the hypervisor says"},
	{"fpu not_tdx_guest tmex", 0, 0, NULL, 6, false, "the flags of /proc/cpuinfo have none of tme, tdx_guest, sme and sev"},
	{"sme sev", 0, 0, NULL, 6, true, "AMD SME"},
	/* An older kernel has the flag where it could. */
	{"sme sev", 0, 0, NULL, 5, false,
		"the processor has AMD SME or SEV, but that it is in use is not seen: register 0xc0010131: no such file or directory"},
	{"sev", 0xc0010131, 0, NULL, 6, false,
		"the processor has AMD SME or SEV, but that it is in use is not seen: register 0xc0010131 is 0x0"},
	{"sev sev_es", 0xc0010131, 1, NULL, 6, true, "a guest of AMD SEV"},
	{"fpu", 0, 0, "sys/devices/system/cpu/sev/vmpl", 6, true, "a guest of AMD SEV-SNP, as the hypervisor says"},
	{"fpu", 0, 0, "sys/bus/pci/devices/0000:22:00.1/tsme_status", 5, true, "AMD TSME"},
};

/* A sparse file: the register lies at its number. */
static void put_register(const char *name, uint64_t number, uint64_t value)
{
	char path[PATH_MAX];
	auto_close int fd = -1;

	put_text(name, "");
	snprintf(path, sizeof path, "%s/%s", machine.path, name);
	fd = open(path, O_WRONLY);
	ck_assert_int_eq(pwrite(fd, &value, sizeof value, (off_t)number), (ssize_t)sizeof value);
}

START_TEST(memory_is_encrypted_when_it_is_seen_to_be)
{
	const struct memory_row *row = &memory_rows[_i];
	struct bw_memory_encryption seen;
	char cpuinfo[512];

	snprintf(cpuinfo, sizeof cpuinfo, "processor\t: 0\nmodel name\t: sme tme sev\nflags\t\t: %s\nbugs\t\t: tme\n\nprocessor\t: 1\nflags\t\t: tme sme\n",
		row->flags);
	put_text("proc/cpuinfo", cpuinfo);
	if (row->number)
		put_register("dev/cpu/0/msr", row->number, row->value);
	if (row->file)
		put_text(row->file, "1\n");
	bw_memory_encryption_look(machine.path, "x86_64", row->major, &seen);
	ck_assert_str_eq(seen.seen, row->seen);
	ck_assert_int_eq(seen.encrypted, row->encrypted);
}
END_TEST

START_TEST(one_processor_without_is_enough)
{
	struct bw_memory_encryption seen;

	put_text("proc/cpuinfo", "\nflags : tme\n");
	put_register("dev/cpu/0/msr", 0x982, 3);
	put_register("dev/cpu/1/msr", 0x982, 1);
	bw_memory_encryption_look(machine.path, "x86_64", 6, &seen);
	ck_assert(!seen.encrypted);
}
END_TEST

START_TEST(other_machines_do_not_say)
{
	struct bw_memory_encryption seen;

	bw_memory_encryption_look(machine.path, "aarch64", 6, &seen);
	ck_assert(!seen.encrypted);
	ck_assert_ptr_nonnull(strstr(seen.seen, "on aarch64 it cannot be seen from here"));
	bw_memory_encryption_look(machine.path, "x86_64", 6, &seen);
	ck_assert(!seen.encrypted);
	ck_assert_str_eq(seen.seen, "/proc/cpuinfo has no flags");
}
END_TEST

/* ---- disks ---- */

/* sda with a partition sda1; dm-0 and dm-1 encrypted over sda1; dm-2 (LVM) over both; dm-3 (LVM) over dm-0 and sda; dm-4 a
 * verity device; dm-5 an LVM loop of devices; a partition of dm-0; zram0. */
static void make_disks(void)
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{"devices/sda/uevent", "MAJOR=8\nMINOR=0\nDEVNAME=sda\nDEVTYPE=disk\n"},
		{"devices/sda/sda1/uevent", "MAJOR=8\nMINOR=1\nDEVNAME=sda1\n"},
		{"devices/sda/sda1/partition", "1\n"},
		{"devices/dm-0/dm/uuid", "CRYPT-LUKS2-0123-home\n"},
		{"devices/dm-0/uevent", "DEVNAME=dm-0\n"},
		{"devices/dm-0/dm-0p1/partition", "1\n"},
		{"devices/dm-0/dm-0p1/uevent", "DEVNAME=dm-0p1\n"},
		{"devices/dm-1/dm/uuid", "CRYPT-PLAIN-bulwark-scratch-1-2-3\n"},
		{"devices/dm-2/dm/uuid", "LVM-abc\n"},
		{"devices/dm-2/uevent", "DEVNAME=dm-2\n"},
		{"devices/dm-3/dm/uuid", "LVM-def\n"},
		{"devices/dm-3/uevent", "DEVNAME=dm-3\n"},
		{"devices/dm-4/dm/uuid", "CRYPT-VERITY-0123-usr\n"},
		{"devices/dm-4/uevent", "DEVNAME=dm-4\n"},
		{"devices/dm-5/uevent", "DEVNAME=dm-5\n"},
		{"devices/dm-6/dm/uuid", "CRYPT-LUKS2-OPAL-0123-x\n"},
		{"devices/dm-6/uevent", "DEVNAME=dm-6\n"},
		{"devices/zram0/uevent", "DEVNAME=zram0\n"},
		{"devices/zram1/uevent", "DEVNAME=zram1\n"},
		{"devices/zram1/backing_dev", "/dev/sda2\n"},
	};
	static const char *const links[][2] = {
		{"dev/block/8:0", "../../devices/sda"}, {"dev/block/8:1", "../../devices/sda/sda1"},
		{"dev/block/253:0", "../../devices/dm-0"}, {"dev/block/253:1", "../../devices/dm-1"},
		{"dev/block/253:2", "../../devices/dm-2"}, {"dev/block/253:3", "../../devices/dm-3"},
		{"dev/block/253:4", "../../devices/dm-4"}, {"dev/block/253:5", "../../devices/dm-5"},
		{"dev/block/253:6", "../../devices/dm-6"}, {"dev/block/259:0", "../../devices/dm-0/dm-0p1"},
		{"dev/block/252:0", "../../devices/zram0"}, {"dev/block/252:1", "../../devices/zram1"},
		{"devices/dm-0/slaves/sda1", "../../sda/sda1"}, {"devices/dm-2/slaves/dm-0", "../../dm-0"},
		{"devices/dm-2/slaves/dm-1", "../../dm-1"}, {"devices/dm-3/slaves/dm-0", "../../dm-0"},
		{"devices/dm-3/slaves/sda", "../../sda"}, {"devices/dm-4/slaves/sda", "../../sda"},
		{"devices/dm-5/slaves/dm-5", "../../dm-5"},
	};

	for (size_t i = 0; i < BW_COUNT(files); i++)
		put_text(files[i].name, files[i].text);
	for (size_t i = 0; i < BW_COUNT(links); i++)
		put_link(links[i][0], links[i][1]);
}

static const struct block_row {
	unsigned major, minor;
	const char *why; /* NULL: encrypted */
} block_rows[] = {
	{253, 0, NULL},
	{253, 1, NULL},
	{253, 2, NULL},
	{259, 0, NULL},
	{8, 0, "it lies on sda, which is not dm-crypt"},
	{8, 1, "it lies on sda, which is not dm-crypt"},
	{253, 3, "it lies on sda, which is not dm-crypt"},
	{253, 4, "it lies on sda, which is not dm-crypt"},
	{253, 5, "it lies on dm-5, which is not dm-crypt"},
	{253, 6, "it lies on dm-6, which is not dm-crypt"},
	{9, 9, "it lies on device 9:9, of which the kernel tells nothing"},
};

START_TEST(a_device_is_encrypted_when_all_beneath_it_is)
{
	const struct block_row *row = &block_rows[_i];
	char why[200] = "";
	auto_close int sys = -1;

	make_disks();
	sys = open(machine.path, O_PATH | O_DIRECTORY);
	ck_assert_int_eq(bw_block_is_encrypted(sys, makedev(row->major, row->minor), why, sizeof why), row->why == NULL);
	if (row->why)
		ck_assert_str_eq(why, row->why);
}
END_TEST

#define HEADING "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

START_TEST(memory_stays_off_the_disk_without_swap)
{
	char swaps[512], why[256] = "";
	auto_close int dir = -1;
	struct stat st;

	dir = open(machine.path, O_PATH | O_DIRECTORY);
	/* No such file, and a file with nothing in it. */
	ck_assert(bw_swap_is_encrypted(dir, dir, why, sizeof why));
	put_text("swaps", HEADING);
	ck_assert(bw_swap_is_encrypted(dir, dir, why, sizeof why));
	/* A file of ours is swap; what it lies on sysfs is told. */
	ck_assert_int_eq(stat(machine.path, &st), 0);
	put_text("my swap", "");
	snprintf(swaps, sizeof swaps, HEADING "%s/my\\040swap\tfile\t\t1\t0\t-2\n", machine.path);
	put_text("swaps", swaps);
	ck_assert(!bw_swap_is_encrypted(dir, dir, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "it is in memory, which may go to the swap "));
	ck_assert_ptr_nonnull(strstr(why, "/my swap: it lies on device "));
	snprintf(swaps, sizeof swaps, "dev/block/%u:%u/dm/uuid", major(st.st_dev), minor(st.st_dev));
	put_text(swaps, "CRYPT-PLAIN-swap\n");
	ck_assert(bw_swap_is_encrypted(dir, dir, why, sizeof why));
	put_text("swaps", HEADING "/no/such/file file 1 0 -2\n");
	ck_assert(!bw_swap_is_encrypted(dir, dir, why, sizeof why));
}
END_TEST

START_TEST(zram_is_memory_unless_it_has_a_disk)
{
	char name[128], swaps[512], why[256];
	auto_close int dir = -1;
	struct stat st;

	ck_assert_int_eq(stat(machine.path, &st), 0);
	snprintf(swaps, sizeof swaps, HEADING "%s/swap file 1 0 -2\n", machine.path);
	put_text("swap", "");
	put_text("swaps", swaps);
	dir = open(machine.path, O_PATH | O_DIRECTORY);
	snprintf(name, sizeof name, "dev/block/%u:%u/uevent", major(st.st_dev), minor(st.st_dev));
	put_text(name, "DEVNAME=zram0\n");
	ck_assert(bw_swap_is_encrypted(dir, dir, why, sizeof why));
	snprintf(name, sizeof name, "dev/block/%u:%u/backing_dev", major(st.st_dev), minor(st.st_dev));
	put_text(name, "none\n");
	ck_assert(bw_swap_is_encrypted(dir, dir, why, sizeof why));
	put_text(name, "/dev/sda2\n");
	ck_assert(!bw_swap_is_encrypted(dir, dir, why, sizeof why));
}
END_TEST

/* ---- what can be wished ---- */

#define WHOLE "size=1048577", "nr_inodes=7", "mode=0750", "uid=1001", "gid=1002"
static const struct wish_row {
	const char *words[8];
	const char *wrong; /* NULL: it can be had */
} wish_rows[] = {
	{{WHOLE}, NULL},
	{{WHOLE, "context=a:b"}, NULL},
	{{WHOLE, "noexec"}, "noexec is not known"},
	{{WHOLE, "size=4096"}, "size=4096 cannot be had: 1048576 to 8796093022208 can"},
	{{WHOLE, "uid=4294967295"}, "uid=4294967295 cannot be had: 0 to 4294967294 can"},
	{{WHOLE, "mode=0799"}, "mode=0799 cannot be had: 0 to 4095 can"},
	{{WHOLE, "mode="}, "mode= cannot be had: 0 to 4095 can"},
	{{WHOLE, "nr_inodes=-1"}, "nr_inodes=-1 cannot be had: 1 to 4294967295 can"},
	{{"size=1048576"}, "nr_inodes= is missing"},
};

START_TEST(wishes_are_numbers_that_can_be_had)
{
	const struct wish_row *row = &wish_rows[_i];
	struct bw_wishes wishes = {0};
	struct bw_err err = {0};
	size_t n = 0;
	int r;

	while (row->words[n])
		n++;
	r = bw_wishes_read((char *const *)(uintptr_t)row->words, n, &wishes, &err);
	ck_assert_int_eq(r, row->wrong ? -1 : 0);
	if (row->wrong) {
		ck_assert_str_eq(err.text, row->wrong);
		return;
	}
	ck_assert_uint_eq(wishes.size, 1048576);
	ck_assert_uint_eq(wishes.inodes, 7);
	ck_assert_uint_eq(wishes.mode, 0750);
	ck_assert_uint_eq(wishes.uid, 1001);
	ck_assert_uint_eq(wishes.gid, 1002);
	ck_assert(bw_streq0(wishes.context, n == 6 ? "a:b" : NULL));
}
END_TEST

START_TEST(a_small_disk_is_not_all_tables)
{
	char words[][24] = {"size=1048576", "nr_inodes=262144", "mode=0750", "uid=0", "gid=0"};
	char *const pointers[] = {words[0], words[1], words[2], words[3], words[4]};
	struct bw_wishes wishes = {0};
	struct bw_err err = {0};

	ck_assert_int_eq(bw_wishes_read(pointers, BW_COUNT(pointers), &wishes, &err), 0);
	ck_assert_uint_eq(wishes.inodes, 128);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("encryption");
	TCase *one = tcase_create("encryption");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(one, make_machine, remove_machine);
	tcase_add_loop_test(one, memory_is_encrypted_when_it_is_seen_to_be, 0, BW_COUNT(memory_rows));
	tcase_add_test(one, one_processor_without_is_enough);
	tcase_add_test(one, other_machines_do_not_say);
	tcase_add_loop_test(one, a_device_is_encrypted_when_all_beneath_it_is, 0, BW_COUNT(block_rows));
	tcase_add_test(one, memory_stays_off_the_disk_without_swap);
	tcase_add_test(one, zram_is_memory_unless_it_has_a_disk);
	tcase_add_loop_test(one, wishes_are_numbers_that_can_be_had, 0, BW_COUNT(wish_rows));
	tcase_add_test(one, a_small_disk_is_not_all_tables);
	suite_add_tcase(suite, one);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

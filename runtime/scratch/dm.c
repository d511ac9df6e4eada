/* SPDX-License-Identifier: Apache-2.0 */
/* dm.c - see dm.h. Without libdevmapper, which waits for udev's word about each device: nobody else is to look at these. */
#include "scratch/dm.h"

#include <errno.h>
#include <limits.h>
#include <linux/dm-ioctl.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "scratch/nodes.h"

#define OURS "bulwark-scratch-"

enum {
	MISC_MAJOR_NUMBER = 10,
	MAPPER_MINOR = 236, /* MAPPER_CTRL_MINOR of linux/miscdevice.h */
	LIST_SIZE = 1 << 16,
	/* For udev's rules: no links in /dev, no looking for what is on it (DM_UDEV_DISABLE_* of libdevmapper). */
	UDEV_HANDS_OFF = (0x01 | 0x02 | 0x04 | 0x08) << 16
};

struct call {
	struct dm_ioctl head;
	union {
		struct {
			struct dm_target_spec spec;
			char parameters[512];
		} load;
		struct dm_target_versions versions;
	};
};

static struct call call_for(const char *name)
{
	struct call call = {.head = {.version = {DM_VERSION_MAJOR, 0, 0},
				    .data_size = sizeof call,
				    .data_start = offsetof(struct call, load)}};

	snprintf(call.head.name, sizeof call.head.name, "%s", name);
	return call;
}

/* As the kernel writes device numbers there (huge_encode_dev). */
static dev_t device_of(uint64_t dev)
{
	return makedev((unsigned)(dev >> 8 & 0xfff), (unsigned)((dev & 0xff) | (dev >> 12 & 0xfff00)));
}

int bw_dm_open(int nodes, struct bw_err *err)
{
	int control = bw_node_open(nodes, "control", S_IFCHR, makedev(MISC_MAJOR_NUMBER, MAPPER_MINOR), O_RDWR);

	return control < 0 ? bw_fail(err, BW_E_HOST, errno, "this kernel has no device mapper") : control;
}

int bw_dm_has_target(int control, const char *target, struct bw_err *err)
{
	struct call call = call_for(target);

	if (ioctl(control, DM_GET_TARGET_VERSION, &call) == 0)
		return 0;
	return bw_fail(err, BW_E_HOST, errno, "the device mapper of this kernel has no %s", target);
}

/* Pid and start time: a pid alone may be somebody else by now. */
int bw_dm_name(char ret[BW_DM_NAME_SIZE], struct bw_err *err)
{
	struct bw_proc_stat self = {0};
	uint64_t random[2];
	int r = bw_proc_stat(getpid(), &self);

	if (r < 0)
		return bw_fail(err, BW_E_KERNEL, -r, "reading /proc/self/stat");
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return bw_fail(err, BW_E_KERNEL, errno, "getrandom");
	snprintf(ret, BW_DM_NAME_SIZE, OURS "%d-%llu-%016llx%016llx", (int)getpid(), (unsigned long long)self.start_time,
		(unsigned long long)random[0], (unsigned long long)random[1]);
	return 0;
}

int bw_dm_create(int control, const char *name, dev_t *ret_device, struct bw_err *err)
{
	struct call call = call_for(name);

	/* As cryptsetup has them: by its beginning others know what is encrypted. */
	snprintf(call.head.uuid, sizeof call.head.uuid, "CRYPT-PLAIN-%s", name);
	if (ioctl(control, DM_DEV_CREATE, &call) < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "making a device of the device mapper");
	*ret_device = device_of(call.head.dev);
	return 0;
}

int bw_dm_load(int control, const char *name, uint64_t sectors, const char *target, const char *parameters,
	struct bw_err *err)
{
	struct call call = call_for(name);

	/* The kernel's copies are wiped. */
	call.head.flags = DM_SECURE_DATA_FLAG;
	call.head.target_count = 1;
	call.load.spec.length = sectors;
	if (strlen(parameters) >= sizeof call.load.parameters)
		return bw_fail(err, BW_E_INTERNAL, 0, "parameters of %s are too long", target);
	memcpy(call.load.parameters, parameters, strlen(parameters) + 1);
	snprintf(call.load.spec.target_type, sizeof call.load.spec.target_type, "%s", target);
	if (ioctl(control, DM_TABLE_LOAD, &call) < 0)
		return bw_fail(err, BW_E_HOST, errno, "the kernel takes no mapping of the kind %s", target);
	return 0;
}

int bw_dm_resume(int control, const char *name, struct bw_err *err)
{
	struct call call = call_for(name);

	call.head.event_nr = UDEV_HANDS_OFF;
	return ioctl(control, DM_DEV_SUSPEND, &call) < 0
		       ? bw_fail(err, BW_E_KERNEL, errno, "putting the mapping in force")
		       : 0;
}

int bw_dm_remove(int control, const char *name, struct bw_err *err)
{
	struct call call = call_for(name);

	call.head.flags = DM_DEFERRED_REMOVE;
	call.head.event_nr = UDEV_HANDS_OFF;
	return ioctl(control, DM_DEV_REMOVE, &call) < 0
		       ? bw_fail(err, BW_E_KERNEL, errno, "having the device removed with its last user")
		       : 0;
}

/* "bulwark-scratch-PID-START-RANDOM" of somebody who lives, or none of ours. */
static bool is_kept(const char *name)
{
	const char *text = bw_after_prefix(name, OURS);
	unsigned long long start;
	char *end;
	long pid;

	if (!text)
		return true;
	pid = strtol(text, &end, 10);
	if (end == text || *end != '-' || pid <= 0 || pid > INT_MAX)
		return true;
	text = end + 1;
	start = strtoull(text, &end, 10);
	return end == text || *end != '-' || bw_proc_alive((pid_t)pid, start);
}

void bw_dm_tidy(int control)
{
	alignas(struct dm_ioctl) static char buffer[LIST_SIZE];
	struct dm_ioctl *head = (struct dm_ioctl *)(void *)buffer;
	struct dm_name_list *entry;

	*head = (struct dm_ioctl){
		.version = {DM_VERSION_MAJOR, 0, 0}, .data_size = sizeof buffer, .data_start = sizeof *head};
	if (ioctl(control, DM_LIST_DEVICES, head) < 0 || (head->flags & DM_BUFFER_FULL_FLAG))
		return;
	entry = (struct dm_name_list *)(void *)(buffer + head->data_start);
	while (entry->dev) {
		/* Not deferred: of one that somebody has open the kernel says so. */
		struct call call = call_for(entry->name);

		if (!is_kept(entry->name))
			(void)ioctl(control, DM_DEV_REMOVE, &call);
		if (!entry->next)
			break;
		entry = (struct dm_name_list *)(void *)((char *)entry + entry->next);
	}
}

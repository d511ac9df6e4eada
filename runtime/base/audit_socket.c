/* SPDX-License-Identifier: Apache-2.0 */
/* audit_socket.c - see audit_socket.h. */
#include "base/audit_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The inode of the first pid namespace is fixed (linux/nsfs.h, PID_NS_INIT_INO). */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCU

/* That of the first network namespace is not fixed in every kernel; process 1 of the first pid namespace is in it. */
static bool in_first_namespaces(void)
{
	struct stat own, first;

	if (stat("/proc/self/ns/pid", &own) < 0 || own.st_ino != INITIAL_PID_NAMESPACE)
		return false;
	return stat("/proc/self/ns/net", &own) == 0 && stat("/proc/1/ns/net", &first) == 0 && own.st_ino == first.st_ino;
}

int bw_audit_socket(void)
{
	int fd;

	if (!in_first_namespaces())
		return -ENOTUNIQ;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	return fd < 0 ? -errno : fd;
}

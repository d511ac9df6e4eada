/* SPDX-License-Identifier: Apache-2.0 */
/* audit_socket.c - see audit_socket.h. */
#include "base/audit_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Inodes of the first namespaces (linux/nsfs.h, PID_NS_INIT_INO and NET_NS_INIT_INO); that of the network is fixed from Linux
 * 6.18 on, and never another's. */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCU
#define INITIAL_NET_NAMESPACE 0xEFFFFFF9U

/* Before 6.18 process 1 of the first pid namespace says which it is, if it may be asked. */
static bool in_first_namespaces(void)
{
	struct stat own, first;

	if (stat("/proc/self/ns/pid", &own) < 0 || own.st_ino != INITIAL_PID_NAMESPACE)
		return false;
	if (stat("/proc/self/ns/net", &own) < 0)
		return false;
	return own.st_ino == INITIAL_NET_NAMESPACE || (stat("/proc/1/ns/net", &first) == 0 && own.st_ino == first.st_ino);
}

int bw_audit_socket(void)
{
	int fd;

	if (!in_first_namespaces())
		return -ENOTUNIQ;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	return fd < 0 ? -errno : fd;
}

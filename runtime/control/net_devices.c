/* SPDX-License-Identifier: Apache-2.0 */
/* net_devices.c - linux.netDevices: interfaces of the host that move into the container's network namespace,
 * by rtnetlink(7); see config-linux.md "Network Devices". The parent's work, while the child waits: only it
 * is in the host's namespace. The kernel keeps the hardware address and the MTU; addresses it drops, so
 * those that an administrator has given for the wide world are put back. Nothing is ever moved out again. */
#include "control/control.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "control/rtnl.h"
#include "plan/plan.h"
#include "spec/spec.h"

enum { OP_MOVE };
enum { MESSAGE_BYTES = 512, ANSWER_BYTES = 32 << 10, ADDRESSES_BYTES = 64 << 10 };

/* What of an address's flags is its owner's wish; the rest the kernel finds out anew. */
enum { KEPT_FLAGS = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN };

static int prepare(const struct bw_request *request, struct bw_plan *plan, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = request->spec->linux_;

	if (request->exec || !linux_ || !linux_->net_devices.n)
		return 0;
	/* Behind the guard of netns.c, before the hooks, which may want to see them. */
	return bw_plan_add_parent(plan, BW_CONTROL_net_devices, OP_MOVE, BW_PHASE_HOOKS, NULL, 0, err);
}

static void say(uint16_t op, const void *data, size_t len, char *buf, size_t size)
{
	(void)op, (void)data, (void)len;
	snprintf(buf, size, "move network devices of the host into the namespace");
}

/* ---- rtnetlink ---- */

/* Sends what is in the batch. 0 or -errno. */
static int send_batch(int sock, const struct bw_rtnl *batch)
{
	if (batch->overflow)
		return -EMSGSIZE;
	return send(sock, batch->bytes, batch->len, 0) < 0 ? -errno : 0;
}

/* One datagram of answers; requests are done within send(2), so that it is there or will never be. */
static ssize_t receive(int sock, void *bytes, size_t size)
{
	ssize_t len = TEMP_FAILURE_RETRY(recv(sock, bytes, size, MSG_DONTWAIT | MSG_TRUNC));

	if (len < 0)
		return -errno;
	return (size_t)len > size ? -EMSGSIZE : len;
}

/* Says each message of a datagram to seen() until it returns something other than 0; -EPROTO for what is no
 * sequence of messages. */
static int each_message(const unsigned char *bytes, size_t len, int (*seen)(const struct nlmsghdr *, const void *, void *),
	void *ctx)
{
	while (len >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr head;
		size_t step;
		int r;

		memcpy(&head, bytes, sizeof head);
		if (head.nlmsg_len < sizeof head || head.nlmsg_len > len)
			return -EPROTO;
		r = seen(&head, bytes + sizeof head, ctx);
		if (r)
			return r;
		step = NLMSG_ALIGN(head.nlmsg_len);
		bytes += step < len ? step : len;
		len -= step < len ? step : len;
	}
	return 0;
}

/* The errno of an answer that is an error (0: acknowledged); -EPROTO for any other answer. */
static int error_of(const struct nlmsghdr *head, const void *body)
{
	int error;

	if (head->nlmsg_type != NLMSG_ERROR || head->nlmsg_len < sizeof *head + sizeof error)
		return -EPROTO;
	memcpy(&error, body, sizeof error);
	return error;
}

static int take_ack(const struct nlmsghdr *head, const void *body, void *ctx)
{
	int *answer = ctx;

	*answer = error_of(head, body);
	return 1;
}

/* A batch of one message that has NLM_F_ACK. 0 or -errno. */
static int change(int sock, const struct bw_rtnl *batch)
{
	_Alignas(8) unsigned char bytes[2 * MESSAGE_BYTES];
	int answer = -EPROTO, r = send_batch(sock, batch);
	ssize_t len;

	if (r < 0)
		return r;
	len = receive(sock, bytes, sizeof bytes);
	if (len < 0)
		return (int)len;
	r = each_message(bytes, (size_t)len, take_ack, &answer);
	return r < 0 ? r : answer;
}

/* ---- one device ---- */

struct found {
	int index; /* of the device, or -errno */
};

static int take_link(const struct nlmsghdr *head, const void *body, void *ctx)
{
	struct found *found = ctx;
	struct ifinfomsg link;

	if (head->nlmsg_type == RTM_NEWLINK && head->nlmsg_len >= sizeof *head + sizeof link) {
		memcpy(&link, body, sizeof link);
		found->index = link.ifi_index;
	} else {
		found->index = error_of(head, body);
	}
	return 1;
}

/* The index of the device with this name, or -errno: -ENODEV when there is none. */
static int find_link(int sock, const char *name)
{
	auto_free unsigned char *bytes = malloc(ANSWER_BYTES);
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
	_Alignas(8) unsigned char request[MESSAGE_BYTES];
	struct bw_rtnl batch = bw_rtnl_over(request, sizeof request);
	struct found found = {.index = -EPROTO};
	ssize_t len;
	int r;

	if (!bytes)
		return -ENOMEM;
	bw_rtnl_begin(&batch, RTM_GETLINK, 0, &link, sizeof link);
	bw_rtnl_attr(&batch, IFLA_IFNAME, name, strlen(name) + 1);
	r = send_batch(sock, &batch);
	if (r < 0)
		return r;
	len = receive(sock, bytes, ANSWER_BYTES);
	if (len < 0)
		return (int)len;
	r = each_message(bytes, (size_t)len, take_link, &found);
	return r < 0 ? r : found.index;
}

/* Addresses to give again: requests without the device's index, laid one behind the other. */
struct addresses {
	struct bw_rtnl batch;
	int index; /* of the device */
	bool done; /* the list has ended */
};

/* Not the label, which holds the old name, nor what the kernel tells about the address's age. */
static void copy_attributes(struct bw_rtnl *batch, const unsigned char *bytes, size_t len, uint32_t *flags)
{
	while (len >= sizeof(struct rtattr)) {
		struct rtattr attr;
		const unsigned char *value = bytes + sizeof attr;
		size_t step;

		memcpy(&attr, bytes, sizeof attr);
		if (attr.rta_len < sizeof attr || attr.rta_len > len)
			return;
		if (attr.rta_type == IFA_FLAGS && attr.rta_len == sizeof attr + sizeof *flags)
			memcpy(flags, value, sizeof *flags);
		else if (attr.rta_type == IFA_ADDRESS || attr.rta_type == IFA_LOCAL || attr.rta_type == IFA_BROADCAST ||
			 attr.rta_type == IFA_RT_PRIORITY)
			bw_rtnl_attr(batch, attr.rta_type, value, attr.rta_len - sizeof attr);
		step = RTA_ALIGN(attr.rta_len);
		bytes += step < len ? step : len;
		len -= step < len ? step : len;
	}
}

static int take_address(const struct nlmsghdr *head, const void *body, void *ctx)
{
	struct addresses *addresses = ctx;
	const unsigned char *bytes = body;
	struct bw_rtnl before = addresses->batch;
	struct ifaddrmsg address;
	uint32_t flags;

	if (head->nlmsg_type == NLMSG_DONE) {
		addresses->done = true;
		return 1;
	}
	if (head->nlmsg_type != RTM_NEWADDR)
		return error_of(head, body) < 0 ? error_of(head, body) : -EPROTO;
	if (head->nlmsg_len < sizeof *head + sizeof address)
		return -EPROTO;
	memcpy(&address, body, sizeof address);
	/* Those of another scope mean something on the host alone; those that end were lent to it. */
	if ((int)address.ifa_index != addresses->index || address.ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	flags = address.ifa_flags;
	bw_rtnl_begin(&addresses->batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &address, sizeof address);
	copy_attributes(&addresses->batch, bytes + sizeof address, head->nlmsg_len - sizeof *head - sizeof address, &flags);
	if (!(flags & IFA_F_PERMANENT)) {
		addresses->batch = before;
		return 0;
	}
	flags &= KEPT_FLAGS;
	bw_rtnl_attr(&addresses->batch, IFA_FLAGS, &flags, sizeof flags);
	return addresses->batch.overflow ? -E2BIG : 0;
}

/* 0 or -errno. */
static int collect_addresses(int sock, struct addresses *addresses)
{
	auto_free unsigned char *bytes = malloc(ANSWER_BYTES);
	struct ifaddrmsg any = {.ifa_family = AF_UNSPEC};
	_Alignas(8) unsigned char request[MESSAGE_BYTES];
	struct bw_rtnl batch = bw_rtnl_over(request, sizeof request);
	int r;

	if (!bytes)
		return -ENOMEM;
	bw_rtnl_begin(&batch, RTM_GETADDR, NLM_F_DUMP, &any, sizeof any);
	r = send_batch(sock, &batch);
	while (r == 0 && !addresses->done) {
		ssize_t len = receive(sock, bytes, ANSWER_BYTES);

		r = len < 0 ? (int)len : each_message(bytes, (size_t)len, take_address, addresses);
		r = r > 0 ? 0 : r;
	}
	return r;
}

/* Into the namespace, and there to its new name, in one request: between the two it could be in somebody's way. */
static int move_link(int sock, int index, int ns, const char *name)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	_Alignas(8) unsigned char request[MESSAGE_BYTES];
	struct bw_rtnl batch = bw_rtnl_over(request, sizeof request);

	bw_rtnl_begin(&batch, RTM_NEWLINK, NLM_F_ACK, &link, sizeof link);
	bw_rtnl_attr(&batch, IFLA_NET_NS_FD, &ns, sizeof ns);
	bw_rtnl_attr(&batch, IFLA_IFNAME, name, strlen(name) + 1);
	return change(sock, &batch);
}

static int set_up(int sock, int index)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	_Alignas(8) unsigned char request[MESSAGE_BYTES];
	struct bw_rtnl batch = bw_rtnl_over(request, sizeof request);

	bw_rtnl_begin(&batch, RTM_NEWLINK, NLM_F_ACK, &link, sizeof link);
	return change(sock, &batch);
}

/* Each collected request on its own, for the device's new index. */
static int give_addresses(int sock, const struct addresses *addresses, int index)
{
	const size_t index_at = sizeof(struct nlmsghdr) + offsetof(struct ifaddrmsg, ifa_index);
	size_t at = 0;

	while (at < addresses->batch.len) {
		struct bw_rtnl one = {.bytes = addresses->batch.bytes + at};
		struct nlmsghdr head;
		int r;

		memcpy(&head, one.bytes, sizeof head);
		memcpy(one.bytes + index_at, &index, sizeof index);
		one.len = head.nlmsg_len;
		r = change(sock, &one);
		if (r < 0 && r != -EEXIST)
			return r;
		at += NLMSG_ALIGN(head.nlmsg_len);
	}
	return 0;
}

/* ---- the namespace ---- */

struct errand {
	int ns, sock, sys;
};

static int run_errand(void *arg)
{
	struct errand *errand = arg;

	if (setns(errand->ns, CLONE_NEWNET) == 0)
		errand->sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	errand->sys = errno;
	return 0;
}

/* A socket belongs to the namespace in which it was made. A child that shares our descriptors makes it there,
 * and we never leave our own. Descriptor or -errno. */
static int socket_in(int ns)
{
	enum { STACK_SIZE = 64 << 10 };
	auto_free char *stack = malloc(STACK_SIZE);
	struct errand errand = {.ns = ns, .sock = -1};
	int status;
	pid_t pid;

	if (!stack)
		return -ENOMEM;
	pid = clone(run_errand, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &errand);
	if (pid < 0)
		return -errno;
	if (bw_wait(pid, &status) < 0)
		return -ECHILD;
	return errand.sock < 0 ? -errand.sys : errand.sock;
}

struct places {
	int ns;            /* the container's network namespace */
	int here, there;   /* rtnetlink sockets in ours and in it */
};

/* The name in the container: as it is, if it is free there; "%d" in it stands for the first number that makes
 * it free, as in dev_alloc_name() of the kernel. 0 or -errno. */
static int choose_name(int there, const char *pattern, char *name, size_t size)
{
	enum { NUMBERS = 1024 };
	const char *hole = strstr(pattern, "%d");
	int prefix = hole ? (int)(hole - pattern) : (int)strlen(pattern);
	const char *rest = hole ? hole + 2 : "";

	if (strchr(rest, '%') || memchr(pattern, '%', (size_t)prefix))
		return -EINVAL;
	for (int number = 0; number < (hole ? NUMBERS : 1); number++) {
		int r = hole ? snprintf(name, size, "%.*s%d%s", prefix, pattern, number, rest)
			     : snprintf(name, size, "%s", pattern);

		if (r < 0 || (size_t)r >= size)
			return -ENAMETOOLONG;
		r = find_link(there, name);
		if (r < 0)
			return r == -ENODEV ? 0 : r;
	}
	return -EEXIST;
}

static int move(const struct places *at, const struct bw_spec_net_device *device, const char **ret_what)
{
	char name[IFNAMSIZ];
	_Alignas(8) static unsigned char room[ADDRESSES_BYTES];
	struct addresses addresses = {.batch = bw_rtnl_over(room, sizeof room)};
	int r;

	*ret_what = "looking for it";
	addresses.index = find_link(at->here, device->key);
	if (addresses.index < 0)
		return addresses.index;
	*ret_what = "its name in the container";
	r = choose_name(at->there, device->name ? device->name : device->key, name, sizeof name);
	if (r < 0)
		return r;
	*ret_what = "reading its addresses";
	r = collect_addresses(at->here, &addresses);
	if (r < 0)
		return r;
	*ret_what = "moving it";
	r = move_link(at->here, addresses.index, at->ns, name);
	if (r < 0)
		return r;
	*ret_what = "finding it in the container";
	/* It has kept its index, unless that was taken there. */
	r = find_link(at->there, name);
	if (r < 0)
		return r;
	addresses.index = r;
	*ret_what = "giving it its addresses";
	r = give_addresses(at->there, &addresses, addresses.index);
	if (r < 0)
		return r;
	*ret_what = "setting it up";
	return set_up(at->there, addresses.index);
}

static int move_all(const struct bw_settling *now, const struct places *at, struct bw_err *err)
{
	const struct bw_spec_linux *linux_ = now->request->spec->linux_;

	for (size_t i = 0; i < linux_->net_devices.n; i++) {
		const struct bw_spec_net_device *device = &linux_->net_devices.v[i];
		const char *what;
		int r = move(at, device, &what);

		if (r == 0)
			continue;
		bw_fail(err, BW_E_KERNEL, -r, "network device %s: %s", device->key, what);
		return bw_at(err, "/linux/netDevices/%s", device->key);
	}
	return 0;
}

static int settle(const struct bw_settling *now, uint16_t op, const void *data, size_t len, struct bw_err *err)
{
	auto_close int ns = -1, here = -1, there = -1;
	char path[64];

	(void)op, (void)data, (void)len;
	snprintf(path, sizeof path, "%d/ns/net", (int)now->pid);
	ns = openat(now->host_proc, path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return bw_fail(err, BW_E_KERNEL, errno, "network devices: opening the container's network namespace");
	here = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	there = socket_in(ns);
	if (here < 0 || there < 0)
		return bw_fail(err, BW_E_KERNEL, there < 0 ? -there : errno, "network devices: rtnetlink");
	return move_all(now, &(struct places){.ns = ns, .here = here, .there = there}, err);
}

const struct bw_control bw_net_devices = {
	.name = "net_devices",
	.about = "moves network devices of the host into the container's namespace",
	.prepare = prepare,
	.say = say,
	.settle = settle,
};

/* The parent does it all. */
int bw_net_devices_apply(struct bw_child *child, uint16_t op, const void *data, size_t len)
{
	(void)child, (void)op, (void)data, (void)len;
	return -EINVAL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* audit_socket.h - a way to the records of the kernel's audit log. */
#ifndef BW_BASE_AUDIT_SOCKET_H
#define BW_BASE_AUDIT_SOCKET_H

/* A socket of NETLINK_AUDIT that is bound to nothing yet, or -errno: EPROTONOSUPPORT where the kernel keeps no such log,
 * ENOTUNIQ where we are in another network or pid namespace than the first, which alone gets records and numbers them. */
int bw_audit_socket(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* pidfd_socket.c - the socket that engines get a pidfd over. */
#include "container/pidfd_socket.h"

#include <string.h>

#include "base/fd.h"

int bw_pidfd_socket_open(const char *path, int *ret, struct bw_err *err)
{
	int sock;

	*ret = -1;
	if (!path)
		return 0;
	sock = bw_connect_unix(path, err);
	if (sock < 0)
		return bw_wrap(err, "--pidfd-socket");
	*ret = sock;
	return 0;
}

int bw_pidfd_socket_send(int sock, int pidfd, const char *word, struct bw_err *err)
{
	if (sock < 0 || bw_send_fd(sock, pidfd, word, strlen(word), err) == 0)
		return 0;
	return bw_wrap(err, "--pidfd-socket");
}

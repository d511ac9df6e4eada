/* SPDX-License-Identifier: Apache-2.0 */
/* auto.h - resources that end with their scope. Always initialise at the declaration:
 *	auto_free char *text = NULL;  auto_close int fd = -1;
 * and hand over with take_ptr(&text), take_fd(&fd). */
#ifndef BW_BASE_AUTO_H
#define BW_BASE_AUTO_H

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void bw_free_p(void *p)
{
	free(*(void **)p);
}

/* Closing must not disturb the errno that the caller is about to report. */
static inline void bw_close_p(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void bw_closedir_p(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define auto_free     __attribute__((cleanup(bw_free_p)))
#define auto_close    __attribute__((cleanup(bw_close_p)))
#define auto_closedir __attribute__((cleanup(bw_closedir_p)))

#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(*(p)) taken_ = *(p);                                                    \
		*(p) = NULL;                                                                       \
		taken_;                                                                            \
	})

#define BW_COUNT(array) (sizeof(array) / sizeof *(array))

#endif

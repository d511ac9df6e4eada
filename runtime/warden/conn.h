/* SPDX-License-Identifier: Apache-2.0 */
/* conn.h - one connection through the gate: two sockets, what was read from each and is not yet written to the other,
 * and how far it has come. Decides nothing. */
#ifndef BW_WARDEN_CONN_H
#define BW_WARDEN_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "warden/clienthello.h"
#include "warden/listen.h"
#include "warden/names.h"
#include "warden/ranges.h"
#include "warden/resolve.h"

enum bw_conn_state {
	BW_CONN_FREE,
	BW_CONN_HEAD,	    /* a request to the proxy is coming */
	BW_CONN_HELLO,	    /* a ClientHello is coming */
	BW_CONN_RESOLVING,
	BW_CONN_CONNECTING,
	BW_CONN_RELAY,	    /* bytes are let through */
	BW_CONN_LINGER,	    /* the client is told why not */
	BW_CONN_DNS,	    /* questions over TCP */
	BW_CONN_STATES,
};

struct bw_side {
	int fd; /* -1: none */
	uint32_t watched;
	uint64_t data;	/* for epoll */
	uint8_t *bytes; /* read from fd, for the other side: bytes[at..len) */
	uint32_t at, len, room;
	bool eof;  /* nothing more comes */
	bool shut; /* we have said that nothing more goes there */
};

struct bw_conn {
	enum bw_conn_state state;
	enum bw_listener_kind kind;
	uint16_t port;	  /* outside */
	bool is_plain;	  /* HTTP: one request, no tunnel */
	bool is_let_out;  /* the event CONNECT is written */
	bool is_accepted; /* the proxy has said 200 */
	bool is_held;	  /* what comes behind the ClientHello is held back until the server has answered */
	bool is_asked;	  /* the server wants a second ClientHello */
	uint32_t cleared; /* of the client's bytes, while held */
	uint32_t generation, next_free;
	char name[BW_NAME_SIZE];
	char address[BW_ADDRESS_TEXT];
	struct bw_lookup *lookup;
	size_t next_address;
	int error; /* of the last address that was tried; 0: it was refused */
	uint8_t answer[BW_HELLO_ANSWER]; /* the server's first bytes, while held */
	uint32_t answer_len;
	uint64_t deadline_ms, overall_ms;
	uint64_t bytes_out, bytes_in;
	struct bw_side client, up;
};

/* One read appended to side->bytes, which never holds more than max. Bytes read, 0: the end, or -errno; -EAGAIN also
 * when there is no room. */
int bw_side_read(struct bw_side *side, size_t max);

/* How many bytes wait. */
size_t bw_side_waiting(const struct bw_side *side);

/* Appends our own bytes to what waits; -1 when memory is out. */
int bw_side_add(struct bw_side *side, const void *bytes, size_t len);

/* Forgets the first n bytes that wait; gives the memory back when none are left. */
void bw_side_drop(struct bw_side *side, size_t n);

/* Writes up to n of the bytes that wait in from to the socket of to. Bytes written (0: it would block), or -errno. */
int bw_side_send(struct bw_side *from, const struct bw_side *to, size_t n);

/* Reads from one socket and writes to the other at once; only what could not be written waits, at most 16 KiB.
 * Nothing may be waiting before. Bytes read, with *ret_sent of them written, 0: the end, or -errno. */
int bw_side_pass(struct bw_side *from, const struct bw_side *to, size_t *ret_sent);

/* Makes epoll watch for events, or for nothing: not even for a hang-up, which would be reported for ever. */
void bw_side_watch(struct bw_side *side, int epoll, uint32_t events);

/* Says that nothing more goes to it. */
void bw_side_shut(struct bw_side *side);

/* With reset: what the kernel still holds for the peer goes too, which a peer that does not read could keep for long. */
void bw_side_close(struct bw_side *side, bool reset);

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Feeds a segment's bytes to the machine of the port's protocol. */
#ifndef XFF_BAN_HEADER_H
#define XFF_BAN_HEADER_H

#include <bpf/bpf_endian.h>
#include "http.h"
#include "uwsgi.h"

#define WIDE 32                /* bytes of a line passed over at once, where it goes on as long */

/* A length in 1..max (a power of two) in a form that every verifier since 5.17 understands. */
#define AT_LEAST_1(n, max) ({ __u32 n_ = (n) - 1; barrier_var(n_); n_ &= (max) - 1; n_ + 1; })

static __always_inline void header_start(struct header *r, struct port *port)
{
	__builtin_memset(r, 0, sizeof *r);
	address_start(&r->text);
	r->phase = port->protocol == PROTOCOL_UWSGI ? UWSGI_HEAD : HTTP_REQUEST_LINE;
}

/* Whether a segment met in mid-stream may be the beginning of a request. */
static __always_inline int looks_like_start(struct port *port, __u8 first)
{
	if (port->protocol == PROTOCOL_UWSGI)
		return first == 0;
	return first > ' ' && first <= '~';                              /* HAProxy passes any token as a method */
}

struct feeding {
	struct __sk_buff *skb;
	struct desk *desk;
	struct port *port;
	__u32 offset, end;
};

static long feed_byte(__u32 index, struct feeding *f)
{
	struct desk *d = f->desk;
	struct header *r = &d->connection.header;
	__u32 at = d->position, length = d->length;

	if (at >= length || at >= CHUNK)
		return 1;
	switch (r->phase) {
	case HTTP_REQUEST_LINE:
	case HTTP_OTHER_LINE: {
		__u64 *words = (__u64 *)(d->bytes + at), found = newlines(words[0]);
		if (at + 8 <= length && !found) {
			__u32 more = at + WIDE <= length && !newlines(words[1]) && !newlines(words[2]) && !newlines(words[3]);
			r->line_end = bpf_be64_to_cpu(words[more ? 3 : 0]);
			d->position = at + (more ? WIDE : 8);
			return 0;
		}
		if (r->phase == HTTP_OTHER_LINE && at + 8 <= length) {   /* straight to the line's end */
			r->phase = HTTP_LINE_START;
			d->position = at + 1;
#pragma unroll
			for (__u32 i = 1; i < 8; i++)
				d->position += (found & ((1ULL << (8 * i)) - 1)) == 0;
			return 0;
		}
		break;
	}
	case UWSGI_OTHER_KEY:
	case UWSGI_OTHER_VALUE:
		d->position = at + uwsgi_skip(r, length - at);
		return r->result != RESULT_MORE;
	}
	d->position = at + 1;
	if (r->phase <= HTTP_LAST_LINE)
		http_byte(r, f->port, d->bytes[at]);
	else
		uwsgi_byte(r, f->port, d->bytes[at]);
	return r->result != RESULT_MORE;
}

static long feed_chunk(__u32 index, struct feeding *f)
{
	struct desk *d = f->desk;
	__u32 length;

	if (f->offset >= f->end)
		return 1;
	length = f->end - f->offset;
	if (length > CHUNK)
		length = CHUNK;
	length = AT_LEAST_1(length, CHUNK);
	if (bpf_skb_load_bytes(f->skb, f->offset, d->bytes, length))
		return 1;
	d->length = length;
	d->position = 0;
	f->offset += length;
	bpf_loop(CHUNK, feed_byte, f, 0);
	return d->connection.header.result != RESULT_MORE;
}

/* Reads on in desk->connection.header with the bytes from offset to end. */
static __always_inline void header_feed(struct feeding *f)
{
	bpf_loop(CHUNKS, feed_chunk, f, 0);
}

#endif

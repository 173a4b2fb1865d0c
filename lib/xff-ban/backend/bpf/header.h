/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Feeds what has been loaded of a segment to the machine of the port's protocol, many bytes at a time where it can. */
#ifndef XFF_BAN_HEADER_H
#define XFF_BAN_HEADER_H

#include "http_some.h"
#include "uwsgi.h"

#define STEPS 8
#define MAX_SECTION 65536      /* bytes of a header section; uWSGI takes no more */

/* A segment in the hands of bpf_loop. */
struct reading {
	struct __sk_buff *skb;
	struct port *port;
	struct scratch *scratch;
};

static __always_inline void header_start(struct header *r, struct port *port, __u32 guessed)
{
	__builtin_memset(r, 0, __builtin_offsetof(struct header, hops.older)); /* the rest is not read before it is written */
	address_start(&r->text);
	r->phase = port->protocol == PROTOCOL_UWSGI ? UWSGI_HEAD : HTTP_FIRST_BYTE;
	r->guessed = guessed;
}

/* Whether a segment met in mid-stream may be the beginning of a request. */
static __always_inline int looks_like_start(struct port *port, __u8 first)
{
	if (port->protocol == PROTOCOL_UWSGI)
		return first == 0;
	return first > ' ' && first <= '~';                              /* HAProxy passes any token as a method */
}

/* Loads what comes next, as far as there is room, if it is not there yet; 0 where there is nothing, or it cannot be had. */
static __always_inline int load(struct __sk_buff *skb, struct scratch *d)
{
	__u32 length = d->end - d->offset;

	if (d->offset >= d->end)
		return 0;
	d->position = d->offset - d->base;
	if (d->position < d->length)
		return 1;
	if (length > CHUNK)
		length = CHUNK;
	length = AT_LEAST_1(length, CHUNK);
	if (bpf_skb_load_bytes(skb, d->offset, d->bytes, length)) {
		d->stop = STOP_READ;
		d->length = 0;
		return 0;
	}
	d->base = d->offset;
	d->length = length;
	d->position = 0;
	return 1;
}

/* The next byte, or more of them; 0 at the end of what is loaded, or of the section. */
static __always_inline int header_step(struct scratch *d, struct port *port)
{
	struct header *r = &d->header;
	__u32 at = d->position, length = d->length;

	if (at >= length || at >= CHUNK)
		return 0;
	if (r->phase >= UWSGI_HEAD) {
		d->position = at + uwsgi_some(r, port, d->bytes + at, length - at);
	} else {
		__u32 taken = http_some(r, port, d->bytes + at, length - at);
		if (!taken) {
			http_byte(r, port, d->bytes[at]);
			taken = 1;
		}
		d->position = at + taken;
	}
	return r->result == RESULT_MORE;
}

/* Several steps: to return from a function costs as much as many a step. */
static long header_steps(__u32 index, struct reading *reading)
{
	for (int i = 0; i < STEPS; i++)
		if (!header_step(reading->scratch, reading->port))
			return 1;
	return 0;
}

/* Loads a piece, and reads it as far as the section goes. */
__noinline int header_read(struct __sk_buff *skb, struct scratch *d, struct port *port)
{
	struct reading reading = { .skb = skb, .port = port, .scratch = d };

	if (!d || !port || !load(skb, d))
		return 0;
	bpf_loop(CHUNK / STEPS + 1, header_steps, &reading, 0);
	d->header.read += d->base + d->position - d->offset;
	d->offset = d->base + d->position;
	if (d->header.result == RESULT_MORE && d->header.read >= MAX_SECTION)
		d->header.result = RESULT_FOREIGN;
	return 0;
}

#endif

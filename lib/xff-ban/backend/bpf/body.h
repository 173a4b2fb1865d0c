/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Where a body ends: by its length it is passed over, in chunks the line before each tells how much more to pass over. */
#ifndef XFF_BAN_BODY_H
#define XFF_BAN_BODY_H

#include "header.h"

enum chunk_phase {
	CHUNK_SIZE_FIRST,      /* a size begins: at least one digit */
	CHUNK_SIZE,
	CHUNK_EXTENSION,       /* what stands behind the size */
	CHUNK_SIZE_LF,
	CHUNK_DATA_CR,         /* CR LF behind the data */
	CHUNK_DATA_LF,
	CHUNK_TRAILER_START,   /* of a line behind the last chunk */
	CHUNK_TRAILER,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,         /* of the empty line, with which the body ends */
	CHUNK_END,
	CHUNK_BAD,
};

#define MAX_CHUNK 0x0fffffff   /* bytes of a chunk: less than SKIP, so that it is passed over at once */

static __always_inline __u32 hex_digit(__u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* One byte of what stands between the data. c->rest: the size so far. 1 where data follow. */
static __always_inline int chunk_byte(struct connection *c, __u8 byte)
{
	__u32 digit = hex_digit(byte);

	switch (c->phase) {
	case CHUNK_SIZE_FIRST:
		c->rest = 0;
		/* fall through */
	case CHUNK_SIZE:
		if (digit < 16) {
			c->phase = c->rest > MAX_CHUNK >> 4 ? CHUNK_BAD : CHUNK_SIZE;
			c->rest = c->rest << 4 | digit;
		} else if (c->phase == CHUNK_SIZE_FIRST) {
			c->phase = CHUNK_BAD;
		} else {
			c->phase = byte == '\r' ? CHUNK_SIZE_LF : byte == '\n' ? CHUNK_BAD : CHUNK_EXTENSION;
		}
		return 0;
	case CHUNK_EXTENSION:
		if (byte == '\r')
			c->phase = CHUNK_SIZE_LF;
		return 0;
	case CHUNK_SIZE_LF:
		if (byte != '\n') {
			c->phase = CHUNK_BAD;
			return 0;
		}
		c->phase = c->rest ? CHUNK_DATA_CR : CHUNK_TRAILER_START;
		return c->rest != 0;
	case CHUNK_DATA_CR:
		c->phase = byte == '\r' ? CHUNK_DATA_LF : CHUNK_BAD;
		return 0;
	case CHUNK_DATA_LF:
		c->phase = byte == '\n' ? CHUNK_SIZE_FIRST : CHUNK_BAD;
		return 0;
	case CHUNK_TRAILER_START:
		c->phase = byte == '\r' ? CHUNK_LAST_LF : CHUNK_TRAILER;
		return 0;
	case CHUNK_TRAILER:
		if (byte == '\r')
			c->phase = CHUNK_TRAILER_LF;
		return 0;
	case CHUNK_TRAILER_LF:
		c->phase = byte == '\n' ? CHUNK_TRAILER_START : CHUNK_TRAILER;
		return 0;
	case CHUNK_LAST_LF:
		c->phase = byte == '\n' ? CHUNK_END : CHUNK_BAD;
		return 0;
	default:
		c->phase = CHUNK_BAD;
		return 0;
	}
}

/* Passes over bytes of a body, of which some may be behind the segment. */
static __always_inline void body_pass(struct scratch *d, __u64 length)
{
	__u32 here = d->end - d->offset;

	if (length <= here) {
		d->offset += length;
	} else {
		d->offset = d->end;
		d->beyond = length - here;
	}
}

/* The next byte of what stands between chunks, and the data behind it; 0 at the end of what is loaded, or of the body. */
static __always_inline int chunk_step(struct scratch *d)
{
	struct connection *c = &d->connection;
	__u32 at = d->position, length = d->length, data;

	if (at >= length || at >= CHUNK)
		return 0;
	d->position = at + 1;
	if (chunk_byte(c, d->bytes[at])) {
		data = c->rest;
		c->rest = 0;
		if (data > length - at - 1) {
			d->beyond = data - (length - at - 1);    /* behind what is loaded, for now */
			d->position = length;
			return 0;
		}
		d->position = at + 1 + data;
	}
	return c->phase < CHUNK_END;
}

static long chunk_steps(__u32 index, struct reading *reading)
{
	for (int i = 0; i < STEPS; i++)
		if (!chunk_step(reading->scratch))
			return 1;
	return 0;
}

/* Loads a piece, and reads it as far as the body goes. */
__noinline int chunks_read(struct __sk_buff *skb, struct scratch *d)
{
	struct reading reading = { .skb = skb, .scratch = d };

	if (!d || !load(skb, d))
		return 0;
	bpf_loop(CHUNK / STEPS + 1, chunk_steps, &reading, 0);
	__u64 data = d->beyond;
	d->beyond = 0;
	d->offset = d->base + d->position;
	body_pass(d, data);
	return 0;
}

#endif

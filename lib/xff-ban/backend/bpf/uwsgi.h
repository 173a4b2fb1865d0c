/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A block of the uwsgi protocol, byte by byte: modifier1, size (2 bytes, little-endian), modifier2, then
 * { key size, key, value size, value } until the size is used up. Of several variables of the wanted name the last
 * one counts, as it does for uWSGI. The body is as long as CONTENT_LENGTH says.
 */
#ifndef XFF_BAN_UWSGI_H
#define XFF_BAN_UWSGI_H

#include "hops.h"

const char UWSGI_LENGTH_NAME[16] = "CONTENT_LENGTH";

/* A size has been read: the key or value has to lie inside the block. */
static __always_inline void uwsgi_size(struct header *r, __u32 phase)
{
	if (r->size > r->block)
		r->result = RESULT_FOREIGN;
	else
		r->block -= r->size;
	r->matched = 0;
	r->phase = phase;
}

static __always_inline void uwsgi_variable_done(struct header *r)
{
	r->phase = UWSGI_KEY_SIZE;
	r->matched = r->size = 0;
	if (!r->block)
		r->result = RESULT_COMPLETE;
}

static __always_inline void uwsgi_key_done(struct header *r)
{
	r->phase = UWSGI_VALUE_SIZE;
	r->matched = r->size = 0;
}

/* Of a key or value that is not wanted: this many of `available` bytes are passed over at once. */
static __always_inline __u32 uwsgi_skip(struct header *r, __u32 available)
{
	__u32 n = r->size < available ? r->size : available;
	r->size -= n;
	if (!r->size) {
		if (r->phase == UWSGI_OTHER_KEY)
			uwsgi_key_done(r);
		else
			uwsgi_variable_done(r);
	}
	return n;
}

/* The size of a key or value is known. */
static __always_inline void uwsgi_size_known(struct header *r, struct port *port)
{
	if (r->phase == UWSGI_KEY_SIZE) {
		r->names = (r->size == port->name_length ? NAME_CLIENT : 0) |
			   (r->size == LENGTH_NAME_LENGTH ? NAME_LENGTH : 0);
		uwsgi_size(r, r->names ? UWSGI_KEY : UWSGI_OTHER_KEY);
		if (!r->size)
			uwsgi_key_done(r);
		return;
	}
	uwsgi_size(r, r->names & NAME_CLIENT ? UWSGI_VALUE : r->names ? UWSGI_LENGTH : UWSGI_OTHER_VALUE);
	if (r->names & NAME_CLIENT)
		hops_start(&r->hops);
	else if (r->names)
		r->length = 0;
	if (!r->size && !r->result)
		uwsgi_variable_done(r);
}

/* Bytes of a key that may be wanted, or of CONTENT_LENGTH, to its end at the most. Returns how many. */
__noinline int uwsgi_bytes(struct header *r, struct port *port, const struct piece *piece, __u32 available)
{
	__u32 i, rest;

	if (!r || !port || !piece)
		return 0;
	rest = r->size < available ? r->size : available;
	for (i = 0; i < PIECE && i < rest; i++) {
		__u8 c = piece->byte[i];
		if (r->phase == UWSGI_KEY) {
			if (c != (__u8)port->name[r->matched & (NAME_SIZE - 1)])
				r->names &= ~NAME_CLIENT;
			if (c != (__u8)UWSGI_LENGTH_NAME[r->matched & 15])
				r->names &= ~NAME_LENGTH;
			r->matched++;
		} else {
			if ((__u8)(c - '0') > 9 || r->length >= MAX_LENGTH)
				r->framing |= FRAMING_UNKNOWN;
			r->length = r->length * 10 + (__u8)(c - '0');
		}
	}
	r->size -= i;
	if (!r->size && r->phase == UWSGI_KEY)
		uwsgi_key_done(r);
	else if (!r->size)
		uwsgi_variable_done(r);
	return i;
}

__noinline int uwsgi_byte(struct header *r, struct port *port, __u32 byte)
{
	if (!r || !port)
		return 0;
	__u8 c = byte;
	switch (r->phase) {
	case UWSGI_HEAD:
		if (r->matched == 1)
			r->block = c;
		else if (r->matched == 2)
			r->block |= (__u32)c << 8;
		else if (r->matched == 3) {
			if (!r->block)
				r->result = RESULT_FOREIGN;     /* a ping, say */
			r->phase = UWSGI_KEY_SIZE;
			r->matched = r->size = 0;
			return 0;
		}
		r->matched++;
		return 0;
	case UWSGI_KEY_SIZE:
	case UWSGI_VALUE_SIZE:
		if (!r->block) {
			r->result = RESULT_FOREIGN;
			return 0;
		}
		r->block--;
		if (!r->matched) {
			r->size = c;
			r->matched = 1;
			return 0;
		}
		r->size |= (__u32)c << 8;
		uwsgi_size_known(r, port);
		return 0;
	case UWSGI_VALUE:
		if (c == ',')
			hop_done(r, port);
		else
			address_feed(&r->text, c);
		if (!--r->size) {
			hop_done(r, port);
			uwsgi_variable_done(r);
		}
		return 0;
	}
	return 0;
}

/* Reads some bytes of `available`, and returns how many. */
static __always_inline __u32 uwsgi_some(struct header *r, struct port *port, const char *at, __u32 available)
{
	__u32 taken;

	switch (r->phase) {
	case UWSGI_OTHER_KEY:
	case UWSGI_OTHER_VALUE:
		return uwsgi_skip(r, available);
	case UWSGI_KEY_SIZE:
	case UWSGI_VALUE_SIZE:
		if (r->matched || available < 2 || r->block < 2)
			break;
		r->block -= 2;
		r->size = (__u8)at[0] | (__u32)(__u8)at[1] << 8;
		uwsgi_size_known(r, port);
		return 2;
	case UWSGI_KEY:
	case UWSGI_LENGTH:
		return uwsgi_bytes(r, port, (const struct piece *)at, available);
	case UWSGI_VALUE:
		taken = r->size < available ? r->size : available;
		taken = hops_bytes(r, port, (const struct piece *)at, taken);
		if (!taken)
			break;
		r->size -= taken;
		if (!r->size) {
			hop_done(r, port);
			uwsgi_variable_done(r);
		}
		return taken;
	}
	uwsgi_byte(r, port, *at);
	return 1;
}

#endif

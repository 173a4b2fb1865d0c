/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A block of the uwsgi protocol, byte by byte: modifier1, size (2 bytes, little-endian), modifier2, then
 * { key size, key, value size, value } until the size is used up. Of several variables of the wanted name the last
 * one counts, as it does for uWSGI.
 */
#ifndef XFF_BAN_UWSGI_H
#define XFF_BAN_UWSGI_H

#include "address_feed.h"
#include "client.h"

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

static __always_inline void uwsgi_byte(struct header *r, struct port *port, __u8 c)
{
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
			return;
		}
		r->matched++;
		return;
	case UWSGI_KEY_SIZE:
	case UWSGI_VALUE_SIZE:
		if (!r->block) {
			r->result = RESULT_FOREIGN;
			return;
		}
		r->block--;
		if (!r->matched) {
			r->size = c;
			r->matched = 1;
			return;
		}
		r->size |= (__u32)c << 8;
		if (r->phase == UWSGI_KEY_SIZE) {
			r->ours = r->size == port->name_length;
			uwsgi_size(r, r->ours ? UWSGI_KEY : UWSGI_OTHER_KEY);
			if (!r->size)
				uwsgi_key_done(r);
		} else {
			uwsgi_size(r, r->ours ? UWSGI_VALUE : UWSGI_OTHER_VALUE);
			if (r->ours)
				hops_start(&r->hops);
			if (!r->size && !r->result)
				uwsgi_variable_done(r);
		}
		return;
	case UWSGI_KEY:
		if (c != (__u8)port->name[r->matched & (NAME_SIZE - 1)])
			r->ours = 0;
		r->matched++;
		if (!--r->size)
			uwsgi_key_done(r);
		return;
	case UWSGI_VALUE:
		if (c == ',')
			hop_done(r, port);
		else
			address_feed(&r->text, c);
		if (!--r->size) {
			hop_done(r, port);
			uwsgi_variable_done(r);
		}
		return;
	}
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which hop is the client: the same answer as uwsgi-parse gives on the same list, in one pass from left to right.
 *
 * By trust: from the right, the first hop that is not trusted, or the leftmost if all are. Read from the left that is
 * "the leftmost, until an untrusted one comes; then the newest untrusted one": one remembered hop, whatever the
 * length of the list. A hop that is not an address is untrusted too, and takes the place of the client it hides.
 *
 * By count: the Nth from the right. A ring keeps the last 8, since which of them it is shows only at the end.
 */
#ifndef XFF_BAN_CLIENT_H
#define XFF_BAN_CLIENT_H

#include "address.h"
#include "maps.h"

static __always_inline void hops_start(struct hops *h)
{
	h->seen = 0;
	h->addresses = 0;
}

static __always_inline int is_trusted(__u32 jail, const __u8 *address)
{
	struct range key = { .prefixlen = 32 + 128, .jail = jail };
	__builtin_memcpy(key.address, address, 16);
	return bpf_map_lookup_elem(&trust, &key) != 0;
}

/* One entry of the list is complete. */
__noinline int hop_done(struct header *r, struct port *port)
{
	if (!r || !port)
		return 0;
	struct hops *h = &r->hops;
	__u8 address[16] = {};
	int is_address = address_finish(&r->text, address);
	__u32 slot = 0;

	if (port->hops)
		slot = h->seen & (MAX_HOPS - 1);
	else if (h->seen && is_address && is_trusted(port->jail, address))
		return 0;
	__builtin_memcpy(h->address[slot], address, 16);
	if (is_address)
		h->addresses |= 1 << slot;
	else
		h->addresses &= ~(1 << slot);
	h->seen++;
	return 0;
}

/* At the end of the list: the client's address, or null where it cannot be known. */
static __always_inline __u8 *client_of(struct hops *h, struct port *port)
{
	__u32 count = port->hops, slot = 0;

	if (!count)
		return h->seen && h->addresses & 1 ? h->address[0] : 0;
	if (count > MAX_HOPS || h->seen < count)
		return 0;
	for (__u32 i = 1; i <= MAX_HOPS; i++) {           /* whoever stands right of the client has to be an address too */
		slot = (h->seen - i) & (MAX_HOPS - 1);
		if (!(h->addresses & (1 << slot)))
			return 0;
		if (i == count)
			break;
	}
	return h->address[slot];
}

/* The most specific live ban on this address. An expired one may hide a live wider one: climb. */
static __always_inline struct ban *ban_on(__u32 jail, const __u8 *address, __u64 now, struct counters *n)
{
	struct range key = { .prefixlen = 32 + 128, .jail = jail };
	__builtin_memcpy(key.address, address, 16);
	for (int i = 0; i < 8; i++) {
		struct ban *ban = bpf_map_lookup_elem(&bans, &key);
		if (!ban || ban->until > now)
			return ban;
		COUNT(n, expired);
		if (ban->bits - 1 > 127)
			return 0;
		key.prefixlen = 32 + ban->bits - 1;
	}
	return 0;
}

#endif

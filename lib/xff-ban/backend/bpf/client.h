/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which hop is the client: the same answer as uwsgi-parse gives on the same list. A ring keeps the last eight hops, since
 * which of them it is shows only at the end, where they are looked at from the right.
 *
 * By trust: the first that is not trusted, or the leftmost if all are. A hop that is not an address is untrusted too,
 * and takes the place of the client it hides. Of hops that leave the ring the newest untrusted one is remembered; after
 * MAX_LOOKUPS of them none is looked up any more, and counts as untrusted: it takes a thousand hops and eight trusted
 * ones behind them until that makes a difference.
 *
 * By count: the Nth from the right.
 */
#ifndef XFF_BAN_CLIENT_H
#define XFF_BAN_CLIENT_H

#include "address.h"
#include "maps.h"

#define MAX_LOOKUPS 1024

static __always_inline void hops_start(struct hops *h)
{
	h->seen = 0;
	h->lookups = 0;
	h->addresses = 0;
	h->candidate = CANDIDATE_NONE;
}

static __always_inline int is_trusted(__u32 jail, const __u8 *address)
{
	struct range key = { .prefixlen = 32 + 128, .jail = jail };
	__builtin_memcpy(key.address, address, 16);
	return bpf_map_lookup_elem(&trust, &key) != 0;
}

/* A hop makes room in the ring for another one. */
static __always_inline void hop_leaves(struct hops *h, struct port *port, __u32 slot)
{
	if (!(h->addresses & (1 << slot))) {
		h->candidate = CANDIDATE_UNKNOWN;
		return;
	}
	if (h->candidate != CANDIDATE_NONE && h->lookups < MAX_LOOKUPS) {       /* the leftmost needs no trust */
		h->lookups++;
		if (is_trusted(port->jail, h->address[slot]))
			return;
	}
	h->candidate = CANDIDATE_ADDRESS;
	__builtin_memcpy(h->older, h->address[slot], 16);
}

/* The slot for one more hop. */
static __always_inline __u32 hop_slot(struct hops *h, struct port *port)
{
	__u32 slot = h->seen & (MAX_HOPS - 1);

	if (h->seen >= MAX_HOPS && !port->hops)
		hop_leaves(h, port, slot);
	h->seen++;
	return slot;
}

static __always_inline void hop_mark(struct hops *h, __u32 slot, int is_address)
{
	if (is_address)
		h->addresses |= 1 << slot;
	else
		h->addresses &= ~(1 << slot);
}

/*
 * The quick way for an entry that is plainly no address, behind which none leaves the ring: 0 where that is not so, and
 * hop_done has to look.
 */
static __always_inline int hop_none(struct header *r)
{
	struct address_text *t = &r->text;
	struct hops *h = &r->hops;
	__u32 slot = h->seen & (MAX_HOPS - 1);

	if (h->addresses & (1 << slot))
		return 0;
	int is_unspecified = !t->gap && !t->groups && !t->digits && !t->dots;             /* "::" */
	if (t->stage == TEXT_ADDRESS ? !is_unspecified && (t->dots > 2 || t->gap != NO_GAP || t->groups > 6)
				     : t->stage != TEXT_START && t->stage != TEXT_BAD)
		return 0;
	if (h->seen >= MAX_HOPS)
		h->candidate = CANDIDATE_UNKNOWN;
	h->seen++;
	if (t->stage != TEXT_START)
		address_start(t);
	return 1;
}

/* One entry of the list is complete. */
static __always_inline void hop_add(struct header *r, struct port *port)
{
	__u32 slot = hop_slot(&r->hops, port);
	hop_mark(&r->hops, slot, address_finish(&r->text, r->hops.address[slot]));
}

__noinline int hop_done(struct header *r, struct port *port)
{
	if (r && port)
		hop_add(r, port);
	return 0;
}

/* The same for a plain IPv4 address, in host order. */
__noinline int hop_ipv4(struct hops *h, struct port *port, __u32 ipv4)
{
	if (!h || !port)
		return 0;
	__u32 slot = hop_slot(h, port);
	__u32 *words = (__u32 *)h->address[slot];
	words[0] = words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = bpf_htonl(ipv4);
	hop_mark(h, slot, ipv4 != 0);
	return 0;
}

/* As many hops that are no addresses as the ring holds. */
static __always_inline void hops_none(struct hops *h)
{
	h->seen += MAX_HOPS;
	h->addresses = 0;
	h->candidate = CANDIDATE_UNKNOWN;
}
_Static_assert(MAX_HOPS == 8, "a word of commas are so many");

/* At the end of the list: the client's address, or null where it cannot be known. */
static __always_inline __u8 *client_of(struct hops *h, struct port *port)
{
	__u32 count = port->hops, slot = 0, i;

	if (h->seen < (count ? count : 1))
		return 0;
	for (i = 1; i <= MAX_HOPS; i++) {                 /* whoever stands right of the client has to be an address too */
		slot = (h->seen - i) & (MAX_HOPS - 1);
		if (!(h->addresses & (1 << slot)))
			return 0;
		if (count ? i == count : i == h->seen || !is_trusted(port->jail, h->address[slot]))
			return h->address[slot];
	}
	return !count && h->candidate == CANDIDATE_ADDRESS ? h->older : 0;
}

struct climb {
	struct range key;
	__u64 now;             /* 0 as long as nobody has asked */
	struct ban *found;
	__u32 expired;
};

static long climb_on(__u32 index, struct climb *c)
{
	struct ban *ban = bpf_map_lookup_elem(&bans, &c->key);

	c->found = ban;
	if (!ban)
		return 1;
	if (!c->now)
		c->now = bpf_ktime_get_boot_ns();
	if (ban->until > c->now)
		return 1;
	c->found = 0;
	c->expired++;
	if (ban->bits - 1 > 127)
		return 1;
	c->key.prefixlen = 32 + ban->bits - 1;
	return 0;
}

/* The most specific live ban on this address. An expired one may hide a live wider one: climb. */
static __always_inline struct ban *ban_on(struct climb *c, __u32 jail, const __u8 *address)
{
	c->key.prefixlen = 32 + 128;
	c->key.jail = jail;
	__builtin_memcpy(c->key.address, address, 16);
	if (!climb_on(0, c))
		bpf_loop(129, climb_on, c, 0);
	return c->found;
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * One entry of a list of hops, fed byte by byte (address_feed.h): text to 16 bytes.
 *
 *     1.2.3.4   1.2.3.4:5678   2001:db8::1   [2001:db8::1]   [2001:db8::1]:443   fe80::1%eth0   ::ffff:1.2.3.4
 *
 * Space around it is no part of it. A port is 1 to 5 digits, a zone 1 or more of [0-9A-Za-z.:-]. Octets have no
 * leading zero, brackets hold only IPv6, and everything else is not an address, the empty entry included; nor are
 * 0.0.0.0 and ::, which no client has. lib/uwsgi-parse/client.ts decides alike, and test/kernel/bpf-parser.ts compares.
 */
#ifndef XFF_BAN_ADDRESS_H
#define XFF_BAN_ADDRESS_H

#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum text_stage {
	TEXT_START,            /* nothing but space so far */
	TEXT_ADDRESS,
	TEXT_ZONE,             /* after '%' */
	TEXT_BRACKETED,        /* after ']' */
	TEXT_PORT,             /* after the ':' of a port */
	TEXT_BAD,
};

#define NO_GAP 0xff

struct address_text {
	__u64 high, low;       /* finished groups, the newest lowest; an embedded IPv4 fills two */
	__u16 hex, decimal;    /* the group or octet in hand, read both ways */
	__u32 ipv4;            /* finished octets */
	__u8  stage;
	__u8  spaced;          /* space followed: only space may come */
	__u8  bracket;         /* '[' is open */
	__u8  groups;
	__u8  gap;             /* "::" stands before this group; NO_GAP: nowhere */
	__u8  digits;          /* in hand (of a port too; of a zone: one for "some") */
	__u8  zero_first;      /* the octet in hand begins with 0 */
	__u8  letters;         /* the octet in hand has a..f in it */
	__u8  dots;
	__u8  colon;           /* the last byte was one */
	__u8  lone_colon;      /* the text began with ':', a second one has to follow */
	__u8  zero;
};

static __always_inline void address_start(struct address_text *t)
{
	__builtin_memset(t, 0, sizeof *t);
	t->gap = NO_GAP;
}

static __always_inline void address_add_group(struct address_text *t, __u32 group)
{
	t->high = t->high << 16 | t->low >> 48;
	t->low = t->low << 16 | group;
	t->groups++;
}

static __always_inline void address_next_number(struct address_text *t)
{
	t->hex = t->decimal = 0;
	t->digits = t->zero_first = t->letters = 0;
}

static __always_inline int address_octet_ok(struct address_text *t)
{
	return t->digits && !t->letters && t->decimal <= 255 && !(t->zero_first && t->digits > 1);
}

/* The address proper has ended (at the end of the entry, at '%', ']' or a port): is it whole? */
static __always_inline int address_whole(struct address_text *t)
{
	if (t->lone_colon)
		return 0;
	if (t->dots) {
		if (t->dots != 3 || !address_octet_ok(t))
			return 0;
		__u32 ipv4 = t->ipv4 << 8 | t->decimal;
		if (!t->groups && t->gap == NO_GAP) {     /* plain IPv4 */
			t->low = 0xffff;
			t->groups = 6;
		}
		if (t->groups > 6)
			return 0;
		address_add_group(t, ipv4 >> 16);
		address_add_group(t, ipv4 & 0xffff);
	} else if (t->digits) {
		if (t->groups > 7)
			return 0;
		address_add_group(t, t->hex);
	} else if (t->gap != t->groups) {                 /* "1:2:", or nothing at all */
		return 0;
	}
	address_next_number(t);
	return t->gap == NO_GAP ? t->groups == 8 : t->groups < 8;
}

static __always_inline int address_is_plain_ipv4(struct address_text *t)
{
	return t->dots && !t->groups && t->gap == NO_GAP;
}

/* What stands before the gap moves to the front: of 128 bits, those from `stay` on, up by `by`. Both are multiples of 16. */
static __always_inline void address_widen(__u64 *high, __u64 *low, __u32 stay, __u32 by)
{
	__u64 ones = (1ULL << (stay & 63)) - 1;
	__u64 low_stays = stay < 64 ? *low & ones : *low;
	__u64 high_stays = stay < 64 ? 0 : *high & ones;
	__u64 low_moves = *low ^ low_stays, high_moves = *high ^ high_stays;

	*high = high_stays | (by < 64 ? high_moves << (by & 63) | low_moves >> 1 >> (63 - by & 63) : low_moves << (by & 63));
	*low = low_stays | (by < 64 ? low_moves << (by & 63) : 0);
}

/* Writes the 16 bytes of a whole address; 0 for 0.0.0.0 (as v4-mapped) and ::. */
static __always_inline int address_write(struct address_text *t, __u8 *address)
{
	__u32 *to = (__u32 *)address;
	__u64 high = t->high, low = t->low;

	if (t->gap != NO_GAP)
		address_widen(&high, &low, 16 * (t->groups - t->gap), 16 * (8 - t->groups));
	to[0] = bpf_htonl(high >> 32);
	to[1] = bpf_htonl(high);
	to[2] = bpf_htonl(low >> 32);
	to[3] = bpf_htonl(low);
	return high || (low && low != 0xffff00000000);
}

/* The entry has ended: 1 and its bytes, or 0 where it is not an address. Makes ready for the next one. */
static __always_inline int address_finish(struct address_text *t, __u8 *address)
{
	int ok = t->stage == TEXT_ADDRESS ? address_whole(t)
	       : t->stage == TEXT_ZONE || t->stage == TEXT_PORT ? t->digits > 0
	       : t->stage == TEXT_BRACKETED;
	if (t->bracket)
		ok = 0;
	if (ok)
		ok = address_write(t, address);
	address_start(t);
	return ok;
}

#endif

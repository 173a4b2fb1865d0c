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
	__u16 group[8];        /* finished groups; an embedded IPv4 fills two */
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
			t->group[5] = 0xffff;
			t->groups = 6;
		}
		if (t->groups > 6)
			return 0;
		t->group[t->groups & 7] = ipv4 >> 16;
		t->group[(t->groups + 1) & 7] = ipv4;
		t->groups += 2;
	} else if (t->digits) {
		if (t->groups > 7)
			return 0;
		t->group[t->groups & 7] = t->hex;
		t->groups++;
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

/* 0.0.0.0 (as v4-mapped) or :: */
static __always_inline int address_is_zero(const __u8 *address)
{
	__u32 word[4];

	__builtin_memcpy(word, address, sizeof word);
	return !word[0] && !word[1] && !word[3] && (!word[2] || word[2] == bpf_htonl(0xffff));
}

/* The entry has ended: 1 and its bytes, or 0 where it is not an address. Makes ready for the next one. */
static __always_inline int address_finish(struct address_text *t, __u8 *address)
{
	int ok = t->stage == TEXT_ADDRESS ? address_whole(t)
	       : t->stage == TEXT_ZONE || t->stage == TEXT_PORT ? t->digits > 0
	       : t->stage == TEXT_BRACKETED;
	if (t->bracket)
		ok = 0;
	if (ok) {
		__u32 groups = t->groups & 15, gap = t->gap, missing = 8 - groups;
		if (gap == NO_GAP)
			gap = 8;
#pragma unroll
		for (__u32 i = 0; i < 8; i++) {
			__u32 group = 0;
			if (i < gap)
				group = t->group[i];
			else if (i >= gap + missing)
				group = t->group[(i - missing) & 7];
			address[2 * i] = group >> 8;
			address[2 * i + 1] = group;
		}
		ok = !address_is_zero(address);
	}
	address_start(t);
	return ok;
}

#endif

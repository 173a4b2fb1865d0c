/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * One entry of a list of hops, fed byte by byte: text to 16 bytes.
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
	__u32 hex, decimal;    /* the group or octet in hand, read both ways */
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

/*
 * Global, not static, so that the verifier looks at it once and not at every call; so are the others of that kind.
 */
__noinline int address_feed(struct address_text *t, __u32 byte)
{
	if (!t)
		return 0;
	__u32 c = byte & 0xff, lower = c | 0x20, digit = 16;

	if (c == ' ' || c == '\t') {
		t->spaced = t->stage != TEXT_START;
		return 0;
	}
	if (t->spaced)
		goto bad;
	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (lower >= 'a' && lower <= 'f')
		digit = lower - 'a' + 10;

	switch (t->stage) {
	case TEXT_START:
		t->stage = TEXT_ADDRESS;
		if (c == '[') {
			t->bracket = 1;
			return 0;
		}
		break;
	case TEXT_ADDRESS:
		break;
	case TEXT_ZONE:
		if (c == ']' && t->bracket && t->digits) {
			t->stage = TEXT_BRACKETED;
			t->bracket = 0;
			return 0;
		}
		if (digit > 9 && !(lower >= 'a' && lower <= 'z') && c != '-' && c != '.' && c != ':')
			goto bad;
		t->digits = 1;
		return 0;
	case TEXT_BRACKETED:
		if (c != ':')
			goto bad;
		t->stage = TEXT_PORT;
		t->digits = 0;
		return 0;
	case TEXT_PORT:
		if (digit > 9 || t->digits > 4)
			goto bad;
		t->digits++;
		return 0;
	default:
		goto bad;
	}

	if (digit < 16) {
		if (t->digits > 3 || t->lone_colon)
			goto bad;
		if (!t->digits)
			t->zero_first = !digit;
		if (digit > 9)
			t->letters = 1;
		t->hex = (t->hex << 4 | digit) & 0xffff;
		t->decimal = t->decimal * 10 + digit;
		t->digits++;
		t->colon = 0;
		return 0;
	}
	switch (c) {
	case '.':
		if (t->dots > 2 || !address_octet_ok(t))
			goto bad;
		t->ipv4 = t->ipv4 << 8 | t->decimal;
		t->dots++;
		address_next_number(t);
		return 0;
	case ':':
		if (address_is_plain_ipv4(t)) {
			if (t->bracket || !address_whole(t))
				goto bad;
			t->stage = TEXT_PORT;
			return 0;
		}
		if (t->dots)
			goto bad;
		if (t->digits) {
			if (t->groups > 7)
				goto bad;
			t->group[t->groups & 7] = t->hex;
			t->groups++;
			t->colon = 1;
		} else if (t->colon || t->lone_colon) {
			if (t->gap != NO_GAP)
				goto bad;
			t->gap = t->groups;
			t->colon = t->lone_colon = 0;
		} else if (!t->groups && t->gap == NO_GAP) {
			t->lone_colon = 1;
		} else {
			goto bad;
		}
		address_next_number(t);
		return 0;
	case '%':
		if (address_is_plain_ipv4(t) || !address_whole(t))
			goto bad;
		t->stage = TEXT_ZONE;
		return 0;
	case ']':
		if (!t->bracket || address_is_plain_ipv4(t) || !address_whole(t))
			goto bad;
		t->stage = TEXT_BRACKETED;
		t->bracket = 0;
		return 0;
	}
bad:
	t->stage = TEXT_BAD;
	return 0;
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

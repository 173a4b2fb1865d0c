/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* One byte more of an entry: what it may be depends on what came before it (struct address_text). */
#ifndef XFF_BAN_ADDRESS_FEED_H
#define XFF_BAN_ADDRESS_FEED_H

#include "address.h"

static __always_inline int address_byte(struct address_text *t, __u32 byte)
{
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
			address_add_group(t, t->hex);
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

/* Global, not static, so that the verifier looks at it once and not at every call; so are the others of that kind. */
__noinline int address_feed(struct address_text *t, __u32 byte)
{
	return t ? address_byte(t, byte) : 0;
}

#endif

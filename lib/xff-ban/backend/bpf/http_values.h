/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The quick ways of http_some.h through the values of the headers that count. */
#ifndef XFF_BAN_HTTP_VALUES_H
#define XFF_BAN_HTTP_VALUES_H

#include "http.h"
#include "words.h"

/* A number that is no larger than max (a power of two less one), in a form that every verifier since 5.17 understands. */
#define AT_MOST(n, max) ({ __u64 n_ = (n); barrier_var(n_); n_ & (max); })

#define PAST_CR 1              /* in `last`: a CR of this line was not its end, so that its LF is looked for */

static __always_inline void line_begins(struct header *r)
{
	r->phase = HTTP_LINE_START;
	r->last = '\n';
}

/* The rest of such a line. */
static __always_inline __u32 line_past_cr(struct header *r, const char *at, __u32 available)
{
	__u32 found, taken = find_either(at, available, '\n', '\n', &found);
	int is_behind_cr = taken && at[AT_MOST(taken - 1, 63)] == '\r';

	if (!found) {
		if (!is_behind_cr)
			return taken;
		if (taken > 1)
			return taken - 1;
		r->last = '\r';
		return taken;
	}
	r->last = 0;
	if (is_behind_cr)
		line_begins(r);
	return taken + 1;
}

/*
 * A plain IPv4 address, with one blank before it at the most, and then a comma or the line's end: how many bytes of it
 * and that byte are taken; 0 where anything else stands here.
 */
static __always_inline __u32 ipv4_entry(const char *at, __u32 *ipv4, __u8 *ended_by)
{
	__u32 value = 0, octet = 0, digits = 0, dots = 0, start = at[0] == ' ';

	at += start;
#pragma unroll
	for (__u32 i = 0; i < 16; i++) {
		__u32 c = (__u8)at[i], digit = c - '0';
		if (digit <= 9) {
			if (digits && !octet)
				return 0;
			octet = octet * 10 + digit;
			digits++;
			if (octet > 255)
				return 0;
			continue;
		}
		if (!digits)
			return 0;
		value = value << 8 | octet;
		if (c == '.') {
			if (++dots > 3)
				return 0;
			octet = digits = 0;
			continue;
		}
		if (dots != 3 || (c != ',' && c != '\r'))
			return 0;
		*ipv4 = value;
		*ended_by = c;
		return start + i + 1;
	}
	return 0;
}

/* A hop that is a plain IPv4 address, whole with what ends it. */
static __always_inline __u32 ipv4_hop(struct header *r, struct port *port, const char *at, __u32 available)
{
	__u32 ipv4 = 0, taken;
	__u8 ended_by = 0;

	taken = ipv4_entry(at, &ipv4, &ended_by);
	if (!taken || taken + 2 > available)
		return 0;
	taken = AT_MOST(taken, 31);
	if (ended_by == ',') {
		hop_ipv4(&r->hops, port, ipv4);
		return taken;
	}
	if (at[taken] != '\n' || at[taken + 1] == ' ' || at[taken + 1] == '\t')       /* it may go on in the next line */
		return 0;
	hop_ipv4(&r->hops, port, ipv4);
	r->names = 0;
	line_begins(r);
	return taken + 1;
}

/* What is no address, up to a comma or the line's end. */
static __always_inline __u32 bad_some(const char *at, __u32 available)
{
	__u32 found, taken = find_either(at, available, ',', '\n', &found);

	if (found && at[AT_MOST(taken, 63)] == ',')
		return taken;
	if (taken && at[AT_MOST(taken - 1, 63)] == '\r')                  /* LF is behind it, or may be */
		return taken - 1;
	return taken + (found != 0);
}

/* Of the header that tells the client. */
static __always_inline __u32 value_some(struct header *r, struct port *port, const char *at, __u32 available)
{
	const __u64 *words = (const __u64 *)at;
	__u32 stage = r->text.stage, taken = 0;

	if (at[0] == '\r') {
		if (available < 2)
			return 0;
		if (at[1] == '\n') {
			line_begins(r);                                  /* it may go on in the next */
			return 2;
		}
		r->text.stage = TEXT_BAD;                                /* no address has one in it */
		return bad_some(at, available);
	}
	if (available >= 8 && (stage == TEXT_START || stage == TEXT_BAD) && words[0] == ',' * ONES) {
		hops_none(&r->hops);                                     /* eight at once */
		address_start(&r->text);
		return 8;
	}
	if (stage == TEXT_BAD && at[0] != ',')
		return bad_some(at, available);
	if (stage == TEXT_START)
		taken = ipv4_hop(r, port, at, available);
	return taken ? taken : hops_bytes(r, port, (const struct piece *)at, available);
}

/* Bytes of a value that tells of the body. */
__noinline int framing_bytes(struct header *r, const struct piece *piece, __u32 available)
{
	__u32 i;

	if (!r || !piece)
		return 0;
	for (i = 0; i < PIECE && i < available; i++) {
		__u8 c = piece->byte[i];
		if (c == '\r')
			break;
		if (r->phase == HTTP_LENGTH)
			length_byte(r, c);
		else
			coding_byte(r, c);
	}
	return i;
}

static __always_inline __u32 framing_some(struct header *r, const char *at, __u32 available)
{
	__u32 is_behind_cr = r->last == '\r';

	if (!is_behind_cr && at[0] != '\r') {
		r->last = 0;
		return framing_bytes(r, (const struct piece *)at, available);
	}
	if (!is_behind_cr && available < 2)
		return 0;
	if (at[1 - is_behind_cr] == '\n') {
		line_begins(r);
		return 2 - is_behind_cr;
	}
	r->framing |= FRAMING_UNKNOWN;                                   /* nothing behind it changes that */
	r->names = 0;
	r->phase = HTTP_OTHER_LINE;
	r->last = PAST_CR;
	return line_past_cr(r, at, available);
}

#endif

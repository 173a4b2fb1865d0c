/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The quick ways of http.h, many bytes at once: each comes to where the bytes one by one would come, or takes none. What
 * is read beyond the end of what is loaded decides nothing.
 */
#ifndef XFF_BAN_HTTP_SOME_H
#define XFF_BAN_HTTP_SOME_H

#include "http.h"
#include "words.h"

#define NAME_WORDS 3           /* names up to 23 bytes are compared at once */

/* A number that is no larger than max (a power of two less one), in a form that every verifier since 5.17 understands. */
#define AT_MOST(n, max) ({ __u64 n_ = (n); barrier_var(n_); n_ & (max); })

/* Whether the name that tells the client stands here. */
static __always_inline int client_name_stands(const char *at, struct port *port)
{
	const __u64 *have = (const __u64 *)at, *want = (const __u64 *)port->name;
	__u32 length = port->name_length;

#pragma unroll
	for (__u32 i = 0; i < NAME_WORDS; i++) {
		__u64 different = hyphens_word(lower_case_word(have[i])) ^ want[i];
		if (length < 8 * (i + 1))
			return !(different & ((1ULL << (8 * (length & 7))) - 1));
		if (different)
			return 0;
	}
	return 0;
}

static __always_inline void line_begins(struct header *r)
{
	r->phase = HTTP_LINE_START;
	r->last = '\n';
}

/* At the start of a line that is whole, or of which more has come than a wanted name is long: that name and its colon. */
static __always_inline __u32 line_named(struct header *r, struct port *port, const char *at)
{
	const __u64 *words = (const __u64 *)at;
	const __u64 *length_name = (const __u64 *)LENGTH_NAME, *coding_name = (const __u64 *)CODING_NAME;
	__u32 length = port->name_length;

	if (at[AT_MOST(length, 31)] == ':' && client_name_stands(at, port)) {
		r->names = NAME_CLIENT;
		r->phase = HTTP_VALUE;
		return length + 1;
	}
	__u64 first = lower_case_word(words[0]), second = lower_case_word(words[1]);
	if ((first == length_name[0] && (second << 16) == (length_name[1] << 16)) ||
	    (first == coding_name[0] && second == coding_name[1])) {
		r->names = NAME_LENGTH | NAME_CODING;                    /* letter by letter */
		r->phase = HTTP_NAME;
		r->matched = 0;
	}
	return 0;
}

/* A name and the colon, a line of another name, or the rest of one. */
static __always_inline __u32 line_some(struct header *r, struct port *port, const char *at, __u32 available)
{
	__u32 length = port->name_length, found, taken;

	if (r->phase == HTTP_LINE_START && at[0] == '\r') {
		if (available < 2 || at[1] != '\n')
			return 0;
		if (r->names)
			line_done(r, port);
		r->result = RESULT_COMPLETE;
		return 2;
	}
	int is_folded = r->phase == HTTP_LINE_START && (at[0] == ' ' || at[0] == '\t');
	if (is_folded && r->names) {
		if (!(r->names & NAME_CLIENT))
			return 0;
		r->text.spaced = r->text.stage != TEXT_START;
		r->phase = HTTP_VALUE;
		return 1;
	}
	taken = find_either(at, available, '\r', '\r', &found);
	if (r->phase == HTTP_LINE_START && !is_folded) {
		if ((__u8)at[0] <= ' ' || length >= 8 * NAME_WORDS ||
		    (!found && (available < CODING_NAME_LENGTH + 1 || available <= length)))
			return 0;
		if (r->names)
			line_done(r, port);
		length = line_named(r, port, at);
		if (length || r->phase == HTTP_NAME)
			return length;
	}
	r->phase = HTTP_OTHER_LINE;
	r->last = 0;
	if (!found)
		return taken;
	if (taken + 1 >= available) {
		r->last = '\r';
		return taken + 1;
	}
	if (at[AT_MOST(taken, 63) + 1] != '\n')
		return taken + 1;
	line_begins(r);
	return taken + 2;
}

/* Of the request line: up to a blank, and the last part up to the line's end. */
static __always_inline __u32 request_line_some(struct header *r, const char *at, __u32 available)
{
	__u8 ends = r->phase == HTTP_VERSION ? '\r' : ' ';
	__u32 found, taken = find_either(at, available, ends, '\r', &found);

	if (!found)
		return taken;
	if (at[AT_MOST(taken, 63)] == ' ') {
		r->phase++;
		return taken + 1;
	}
	if (r->phase != HTTP_VERSION || taken + 1 >= available || at[AT_MOST(taken, 63) + 1] != '\n')
		return taken;
	r->names = 0;
	line_begins(r);
	return taken + 2;
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

/* Of the header that tells the client. */
static __always_inline __u32 value_some(struct header *r, struct port *port, const char *at, __u32 available)
{
	const __u64 *words = (const __u64 *)at;
	__u32 stage = r->text.stage, found, taken = 0;

	if (at[0] == '\r') {
		if (available < 2 || at[1] != '\n')
			return 0;
		line_begins(r);                                          /* it may go on in the next */
		return 2;
	}
	if (available >= 8 && (stage == TEXT_START || stage == TEXT_BAD) && words[0] == ',' * ONES) {
		hops_none(&r->hops);                                     /* eight at once */
		address_start(&r->text);
		return 8;
	}
	if (stage == TEXT_BAD) {
		taken = find_either(at, available, ',', '\r', &found);
		return taken;
	}
	if (stage == TEXT_START)
		taken = ipv4_hop(r, port, at, available);
	return taken ? taken : hops_bytes(r, port, (const struct piece *)at, available);
}

/* Reads some bytes of `available`, and returns how many; 0: that is for http_byte. */
static __always_inline __u32 http_some(struct header *r, struct port *port, const char *at, __u32 available)
{
	switch (r->phase) {
	case HTTP_FIRST_BYTE:
		if ((__u8)at[0] <= ' ' || (__u8)at[0] > '~')
			return 0;
		r->phase = HTTP_METHOD;
		/* fall through */
	case HTTP_METHOD:
	case HTTP_URI:
		return request_line_some(r, at, available);
	case HTTP_VERSION:
		return r->guessed ? 0 : request_line_some(r, at, available);
	case HTTP_VALUE:
		return value_some(r, port, at, available);
	case HTTP_OTHER_LINE:
		if (r->last == '\r')
			return 0;
		/* fall through */
	case HTTP_LINE_START:
		return line_some(r, port, at, available);
	}
	return 0;
}

#endif

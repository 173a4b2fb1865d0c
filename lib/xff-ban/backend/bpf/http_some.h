/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The quick ways of http.h, many bytes at once: each comes to where the bytes one by one would come, or takes none. What
 * is read beyond the end of what is loaded decides nothing.
 */
#ifndef XFF_BAN_HTTP_SOME_H
#define XFF_BAN_HTTP_SOME_H

#include "http_values.h"

/* Whether the name that tells the client stands here. */
static __always_inline int client_name_stands(const char *at, struct port *port)
{
	const __u64 *have = (const __u64 *)at, *want = (const __u64 *)port->name;
	__u32 length = port->name_length;

#pragma unroll
	for (__u32 i = 0; i < NAME_SIZE / 8; i++) {
		__u64 different = hyphens_word(lower_case_word(have[i])) ^ want[i];
		if (length < 8 * (i + 1))
			return !(different & ((1ULL << (8 * (length & 7))) - 1));
		if (different)
			return 0;
	}
	return 0;
}

/* At the start of a line that is whole, or of which more has come than a wanted name is long: that name and its colon. */
static __always_inline __u32 line_named(struct header *r, struct port *port, const char *at)
{
	const __u64 *words = (const __u64 *)at;
	const __u64 *length_name = (const __u64 *)LENGTH_NAME, *coding_name = (const __u64 *)CODING_NAME;
	__u32 length = port->name_length;

	if (at[AT_MOST(length, NAME_SIZE - 1)] == ':' && client_name_stands(at, port)) {
		r->names = NAME_CLIENT;
		r->phase = HTTP_VALUE;
		return length + 1;
	}
	__u64 first = lower_case_word(words[0]), second = lower_case_word(words[1]);
	if (at[LENGTH_NAME_LENGTH] == ':' && first == length_name[0] && (second << 16) == (length_name[1] << 16)) {
		r->names = NAME_LENGTH;
		r->phase = HTTP_LENGTH;
		length = LENGTH_NAME_LENGTH + 1;
	} else if (at[CODING_NAME_LENGTH] == ':' && first == coding_name[0] && second == coding_name[1] &&
		   lower_case(at[CODING_NAME_LENGTH - 1]) == 'g') {
		r->names = NAME_CODING;
		r->phase = HTTP_CODING;
		length = CODING_NAME_LENGTH + 1;
	} else {
		return 0;
	}
	r->value = r->size = r->matched = 0;
	return length;
}

/* A folded line of a name that we know goes on. */
static __always_inline void fold(struct header *r)
{
	r->last = 0;
	if (r->names & NAME_CLIENT) {
		r->text.spaced = r->text.stage != TEXT_START;
		r->phase = HTTP_VALUE;
	} else if (r->names & NAME_LENGTH) {
		length_byte(r, ' ');
		r->phase = HTTP_LENGTH;
	} else {
		coding_byte(r, ' ');
		r->phase = HTTP_CODING;
	}
}

/* A name and the colon, a line of another name, or the rest of one. */
static __always_inline __u32 line_some(struct header *r, struct port *port, const char *at, __u32 available)
{
	__u32 length = port->name_length, found, taken;

	if (r->phase == HTTP_LINE_START && at[0] == '\r') {
		if (available < 2)
			return 0;
		if (r->names)
			line_done(r, port);
		if (at[1] == '\n') {
			r->result = RESULT_COMPLETE;
			return 2;
		}
		r->phase = HTTP_OTHER_LINE;
		r->last = PAST_CR;
	}
	int is_folded = r->phase == HTTP_LINE_START && (at[0] == ' ' || at[0] == '\t');
	if (is_folded && r->names) {
		fold(r);
		return 1;
	}
	if (r->phase == HTTP_OTHER_LINE && r->last == PAST_CR)
		return line_past_cr(r, at, available);
	taken = find_either(at, available, '\r', '\r', &found);
	if (r->phase == HTTP_LINE_START && !is_folded) {
		if (!found && (available < CODING_NAME_LENGTH + 1 || available <= length))
			return 0;
		if (r->names)
			line_done(r, port);
		length = line_named(r, port, at);
		if (length)
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
	if (at[AT_MOST(taken, 63) + 1] != '\n') {
		r->last = PAST_CR;
		return taken + 1;
	}
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
	case HTTP_VALUE_CR:
		if (at[0] == '\n') {
			line_begins(r);
			return 1;
		}
		r->text.stage = TEXT_BAD;
		r->phase = HTTP_VALUE;
		/* fall through */
	case HTTP_VALUE:
		return value_some(r, port, at, available);
	case HTTP_LENGTH:
	case HTTP_CODING:
		return framing_some(r, at, available);
	case HTTP_OTHER_LINE:
		if (r->last == '\r') {
			if (at[0] == '\n') {
				line_begins(r);
				return 1;
			}
			r->last = PAST_CR;
		}
		/* fall through */
	case HTTP_LINE_START:
		return line_some(r, port, at, available);
	}
	return 0;
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * An HTTP/1 header section, byte by byte, as uWSGI reads it: lines end in CR LF, and a CR or LF alone is a byte like any
 * other. A folded line goes on where the last one ended. All lines of the wanted name are one list; of that name case
 * does not matter, nor '_' for '-' (uWSGI makes one variable of both).
 *
 * Where the body ends is what the front end means, which speaks by the standard: Content-Length and Transfer-Encoding
 * are only these names.
 */
#ifndef XFF_BAN_HTTP_H
#define XFF_BAN_HTTP_H

#include "hops.h"

#define MAX_LENGTH (1ULL << 56) /* of a body; more is none */

const char LENGTH_NAME[16] = "content-length";
const char CODING_NAME[32] = "transfer-encoding";
const char CHUNKED[8] = "chunked";
#define LENGTH_NAME_LENGTH 14
#define CODING_NAME_LENGTH 17
#define CHUNKED_LENGTH 7
#define CODING_OTHER 0x80      /* in `matched`: not the word that we know */

static __always_inline __u8 lower_case(__u8 c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* "GET /x HTTP/1.1": is it a request line? */
static __always_inline int ends_in_version(__u64 last_eight)
{
	return (last_eight >> 24 & 0xffffffff) == 0x5454502f;           /* "TTP/", and three bytes */
}

/* One byte more of a name, of which `matched` have been met. */
static __always_inline void name_byte(struct header *r, struct port *port, __u8 c)
{
	__u32 at = r->matched;
	__u8 lower = lower_case(c), names = r->names;

	if (c == ':') {
		if (at != port->name_length)
			names &= ~NAME_CLIENT;
		if (at != LENGTH_NAME_LENGTH)
			names &= ~NAME_LENGTH;
		if (at != CODING_NAME_LENGTH)
			names &= ~NAME_CODING;
		r->names = names;
		r->matched = 0;
		r->phase = names & NAME_CLIENT ? HTTP_VALUE : names & NAME_LENGTH ? HTTP_LENGTH
			 : names & NAME_CODING ? HTTP_CODING : HTTP_OTHER_LINE;
		r->value = r->size = 0;
		return;
	}
	if (at >= port->name_length || (lower == '_' ? '-' : lower) != (__u8)port->name[at & (NAME_SIZE - 1)])
		names &= ~NAME_CLIENT;
	if (at >= LENGTH_NAME_LENGTH || lower != (__u8)LENGTH_NAME[at & 15])
		names &= ~NAME_LENGTH;
	if (at >= CODING_NAME_LENGTH || lower != (__u8)CODING_NAME[at & 31])
		names &= ~NAME_CODING;
	r->names = names;
	r->matched = at + 1;
	if (!names)
		r->phase = HTTP_OTHER_LINE;
}

/* Content-Length: what `size` says of it. */
enum length_met { LENGTH_DIGITS = 1, LENGTH_SPACED = 2 };

static __always_inline void length_byte(struct header *r, __u8 c)
{
	__u32 digit = c - '0';

	if (c == ' ' || c == '\t') {
		if (r->size)
			r->size = LENGTH_SPACED;
	} else if (digit > 9 || r->size == LENGTH_SPACED || r->value >= MAX_LENGTH) {
		r->framing |= FRAMING_UNKNOWN;
	} else {
		r->value = r->value * 10 + digit;
		r->size = LENGTH_DIGITS;
	}
}

static __always_inline void length_done(struct header *r)
{
	if (!r->size || (r->framing & FRAMING_LENGTH && r->length != r->value))
		r->framing |= FRAMING_UNKNOWN;
	r->length = r->value;
	r->framing |= FRAMING_LENGTH;
	r->value = r->size = 0;
}

/* Transfer-Encoding: `matched` bytes of "chunked", the last of several. */
static __always_inline void coding_byte(struct header *r, __u8 c)
{
	__u32 at = r->matched;

	if (c == ',')
		r->matched = 0;
	else if (c == ' ' || c == '\t')
		r->matched = at && at < CHUNKED_LENGTH ? CODING_OTHER : at;
	else if (at < CHUNKED_LENGTH && lower_case(c) == (__u8)CHUNKED[at & 7])
		r->matched = at + 1;
	else
		r->matched = CODING_OTHER;
}

/* The line in hand is complete, its folds included. */
__noinline int line_done(struct header *r, struct port *port)
{
	if (!r || !port)
		return 0;
	if (r->names & NAME_CLIENT)
		hop_done(r, port);
	else if (r->names & NAME_LENGTH)
		length_done(r);
	else if (r->names & NAME_CODING)
		r->framing |= r->matched == CHUNKED_LENGTH ? FRAMING_CHUNKED : FRAMING_UNKNOWN;
	r->names = r->matched = 0;
	return 0;
}

__noinline int http_byte(struct header *r, struct port *port, __u32 byte)
{
	if (!r || !port)
		return 0;
	__u8 c = byte, last = r->last;

	r->last = c;
	switch (r->phase) {
	case HTTP_FIRST_BYTE:
		r->phase = HTTP_METHOD;
		if (c <= ' ' || c > '~')
			r->result = RESULT_FOREIGN;
		return 0;
	case HTTP_METHOD:
	case HTTP_URI:
		if (c == ' ')
			r->phase++;
		else if (c == '\r')
			r->result = RESULT_FOREIGN;
		return 0;
	case HTTP_VERSION:
		if (c == '\r')
			r->phase = HTTP_VERSION_CR;
		else
			r->value = r->value << 8 | c;
		return 0;
	case HTTP_VERSION_CR:
		r->phase = HTTP_LINE_START;
		r->names = 0;
		if (c != '\n' || (r->guessed && !ends_in_version(r->value)))
			r->result = RESULT_FOREIGN;
		return 0;
	case HTTP_LINE_START:
		if (c == ' ' || c == '\t') {                            /* a folded line goes on */
			r->phase = r->names & NAME_CLIENT ? HTTP_VALUE : r->names & NAME_LENGTH ? HTTP_LENGTH
				 : r->names & NAME_CODING ? HTTP_CODING : HTTP_OTHER_LINE;
			if (r->names & NAME_CLIENT)
				address_feed(&r->text, ' ');
			else if (r->names & NAME_LENGTH)
				length_byte(r, ' ');
			else if (r->names & NAME_CODING)
				coding_byte(r, ' ');
			return 0;
		}
		if (r->names)
			line_done(r, port);
		if (c == '\r') {
			r->phase = HTTP_LAST_LINE;
			return 0;
		}
		r->phase = HTTP_NAME;
		r->names = NAME_CLIENT | NAME_LENGTH | NAME_CODING;
		r->matched = 0;
		/* fall through */
	case HTTP_NAME:
		if (c == '\n' && last == '\r') {
			r->phase = HTTP_LINE_START;
			r->names = 0;
		} else {
			name_byte(r, port, c);
		}
		return 0;
	case HTTP_VALUE_CR:
		if (c == '\n') {
			r->phase = HTTP_LINE_START;
			return 0;
		}
		address_feed(&r->text, '\r');
		r->phase = HTTP_VALUE;
		/* fall through */
	case HTTP_VALUE:
		if (c == '\r')
			r->phase = HTTP_VALUE_CR;
		else if (c == ',')
			hop_done(r, port);
		else
			address_feed(&r->text, c);
		return 0;
	case HTTP_LENGTH:
	case HTTP_CODING:
		if (c == '\n' && last == '\r')
			r->phase = HTTP_LINE_START;
		else if (last == '\r')
			r->framing |= FRAMING_UNKNOWN;
		else if (c != '\r' && r->phase == HTTP_LENGTH)
			length_byte(r, c);
		else if (c != '\r')
			coding_byte(r, c);
		return 0;
	case HTTP_OTHER_LINE:
		if (c == '\n' && last == '\r')
			r->phase = HTTP_LINE_START;
		return 0;
	case HTTP_LAST_LINE:
		r->phase = HTTP_OTHER_LINE;
		if (c == '\n')
			r->result = RESULT_COMPLETE;
		return 0;
	}
	return 0;
}

#endif

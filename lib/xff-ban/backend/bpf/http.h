/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * An HTTP/1 header section, byte by byte. Lines end in LF, one CR before it is dropped, any other one is a byte of the
 * entry (which is no address then). A folded line goes on where the last one ended. All lines of the wanted name
 * are one list. Names match in any case, '_' as '-' (uWSGI makes one variable of both).
 */
#ifndef XFF_BAN_HTTP_H
#define XFF_BAN_HTTP_H

#include "address_feed.h"
#include "client.h"

/* The first LF among eight bytes as a bit in its place, and perhaps bits after it; 0 where there is none. */
static __always_inline __u64 newlines(__u64 eight)
{
	__u64 x = eight ^ 0x0a0a0a0a0a0a0a0aULL;
	return (x - 0x0101010101010101ULL) & ~x & 0x8080808080808080ULL;
}

/* "GET /x HTTP/1.1\r": is it a request line? */
static __always_inline int ends_in_version(__u64 last_eight)
{
	if ((last_eight & 0xff) == '\r')
		last_eight >>= 8;
	return (last_eight >> 24 & 0xffffffff) == 0x5454502f;           /* "TTP/", and three bytes */
}

static __always_inline void http_byte(struct header *r, struct port *port, __u8 c)
{
	switch (r->phase) {
	case HTTP_REQUEST_LINE:
		if (c != '\n') {
			r->line_end = r->line_end << 8 | c;
			return;
		}
		r->phase = HTTP_LINE_START;
		if (!ends_in_version(r->line_end))
			r->result = RESULT_FOREIGN;
		return;
	case HTTP_LINE_START:
		if (c == ' ' || c == '\t') {                            /* a folded line goes on */
			r->phase = r->ours ? HTTP_VALUE : HTTP_OTHER_LINE;
			if (r->ours)
				address_feed(&r->text, ' ');
			return;
		}
		if (r->ours)
			hop_done(r, port);
		r->ours = r->matched = 0;
		if (c == '\n') {
			r->result = RESULT_COMPLETE;
			return;
		}
		if (c == '\r') {
			r->phase = HTTP_LAST_LINE;
			return;
		}
		r->phase = HTTP_NAME;
		/* fall through */
	case HTTP_NAME: {
		__u32 at = r->matched;
		__u8 lower = c >= 'A' && c <= 'Z' ? c | 0x20 : c == '_' ? '-' : c;
		if (c == '\n') {
			r->phase = HTTP_LINE_START;
		} else if (at == port->name_length && c == ':') {
			r->phase = HTTP_VALUE;
			r->ours = 1;
		} else if (at < port->name_length && lower == (__u8)port->name[at & (NAME_SIZE - 1)]) {
			r->matched = at + 1;
		} else {
			r->phase = HTTP_OTHER_LINE;
		}
		return;
	}
	case HTTP_VALUE_CR:
		if (c == '\n') {
			r->phase = HTTP_LINE_START;
			return;
		}
		address_feed(&r->text, '\r');
		r->phase = HTTP_VALUE;
		/* fall through */
	case HTTP_VALUE:
		if (c == '\n')
			r->phase = HTTP_LINE_START;
		else if (c == '\r')
			r->phase = HTTP_VALUE_CR;
		else if (c == ',')
			hop_done(r, port);
		else
			address_feed(&r->text, c);
		return;
	case HTTP_OTHER_LINE:
		if (c == '\n')
			r->phase = HTTP_LINE_START;
		return;
	case HTTP_LAST_LINE:
		if (c == '\n')
			r->result = RESULT_COMPLETE;
		else
			r->phase = HTTP_OTHER_LINE;
		return;
	}
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A list of hops, several bytes at a time. */
#ifndef XFF_BAN_HOPS_H
#define XFF_BAN_HOPS_H

#include "address_feed.h"
#include "client.h"

#define PIECE 16

/* Bytes of a list of hops; of HTTP, up to the CR that may end a line. Returns how many. */
struct piece { char byte[PIECE]; };
__noinline int hops_bytes(struct header *r, struct port *port, const struct piece *piece, __u32 available)
{
	__u32 i;

	if (!r || !port || !piece)
		return 0;
	for (i = 0; i < PIECE && i < available; i++) {
		__u8 c = piece->byte[i];
		if (c == '\r' && port->protocol == PROTOCOL_HTTP &&
		    (i + 1 >= PIECE || i + 1 >= available || piece->byte[(i + 1) & (PIECE - 1)] == '\n'))
			break;
		if (c != ',')
			address_byte(&r->text, c);
		else if (!hop_none(r))
			hop_add(r, port);
	}
	return i;
}

#endif

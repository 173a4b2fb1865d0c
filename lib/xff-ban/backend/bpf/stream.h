/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Reads a segment: header sections, and the bodies between them, which are passed over. */
#ifndef XFF_BAN_STREAM_H
#define XFF_BAN_STREAM_H

#include "body.h"

/* Where the next section begins cannot be told any more. `ack`: under which none does. */
static __always_inline void lose(struct scratch *d, __u32 ack)
{
	struct connection *c = &d->connection;

	c->stage = STAGE_UNSURE;
	c->flags |= CONNECTION_GUESSED;
	c->ack = ack;
	c->rest = 0;
	d->offset = d->end;
	d->stop = STOP_READ;
}

/* The header section is complete: is its client banned? */
static __always_inline int is_banned(struct scratch *d, struct port *port)
{
	struct climb c = {};
	__u8 *client = client_of(&d->header.hops, port);

	if (!client) {
		d->verdict = VERDICT_UNATTRIBUTED;
		COUNT(d, unattributed);
		return 0;
	}
	d->verdict = VERDICT_CLIENT;
	__builtin_memcpy(d->client, client, 16);
	struct ban *ban = ban_on(&c, port->jail, d->client);
	d->counted[COUNTER(expired)] += c.expired;
	if (!ban)
		return 0;
	__sync_fetch_and_add(&ban->hits, 1);
	ban->last = c.now;
	d->left = ban->until - c.now;
	d->verdict = VERDICT_BANNED;
	COUNT(d, hits);
	return 1;
}

/* A section has been read to its end, or found to be none. */
static __always_inline void section_ended(struct scratch *d, struct port *port)
{
	struct connection *c = &d->connection;
	struct header *r = &d->header;
	__u32 ack = d->packet.ack;

	if (r->result == RESULT_FOREIGN) {
		COUNT(d, foreign);
		lose(d, ack - 1);
		return;
	}
	COUNT(d, requests);
	if (is_banned(d, port) && port->answer != ANSWER_COUNT) {
		d->stop = STOP_BANNED;
		return;
	}
	if (r->guessed || r->framing & FRAMING_UNKNOWN) {
		lose(d, ack);
		return;
	}
	c->ack = ack;
	c->flags |= CONNECTION_ASKED;
	c->rest = 0;
	if (r->framing & FRAMING_CHUNKED) {
		c->stage = STAGE_CHUNKS;
		c->phase = CHUNK_SIZE_FIRST;
	} else {
		c->stage = STAGE_START;
		body_pass(d, r->length);
	}
}

/* A piece of a section or a body. */
static long read_step(__u32 index, struct reading *reading)
{
	struct scratch *d = reading->scratch;
	struct connection *c = &d->connection;

	if (d->offset >= d->end || d->stop)
		return 1;
	if (c->stage == STAGE_CHUNKS) {
		chunks_read(reading->skb, d);
		if (c->phase == CHUNK_BAD)
			lose(d, d->packet.ack - 1);
		else if (c->phase == CHUNK_END)
			c->stage = STAGE_START;
		return 0;
	}
	if (c->stage == STAGE_START) {
		if (c->rest) {
			c->rest--;
			body_pass(d, SKIP);
			return 0;
		}
		header_start(&d->header, reading->port, 0);
		c->stage = STAGE_HEADER;
	}
	header_read(reading->skb, d, reading->port);
	if (d->header.result != RESULT_MORE)
		section_ended(d, reading->port);
	return 0;
}

#define MAX_STEPS 8192

/* Reads on in scratch->connection and scratch->header with the bytes from offset to end; see `stop` for the outcome. */
static __always_inline void stream_read(struct __sk_buff *skb, struct scratch *d, struct port *port)
{
	struct reading reading = { .skb = skb, .port = port, .scratch = d };

	read_step(0, &reading);                                          /* most often it is all */
	if (d->offset < d->end && !d->stop)
		bpf_loop(MAX_STEPS, read_step, &reading, 0);
	if (d->offset < d->end && !d->stop)
		lose(d, d->packet.ack - 1);
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Where in its stream a segment stands: at what is to be read next, before it, or beyond. It is known, from the socket
 * that the segment is for, or from the SYN and all that was read since. Only of a connection that was met in mid-stream
 * it is guessed, as long as that lives: a request begins with a segment, and after an answer.
 */
#ifndef XFF_BAN_POSITION_H
#define XFF_BAN_POSITION_H

#include "connections.h"
#include "socket.h"

enum position {
	POSITION_PASS,         /* nothing to read: of a body, sent again, or not of a connection at all */
	POSITION_KEEP,         /* nothing to read, and the row has changed */
	POSITION_READ,         /* the next byte to be read is in it */
	POSITION_GUESS,        /* it may begin a request */
	POSITION_BEYOND,       /* an earlier part is missing */
};

#define FIRST_WINDOW 65535     /* so much may a SYN announce at the most */

static __always_inline void place_at(struct connection *c, __u8 stage, __u32 next_seq)
{
	c->stage = stage;
	c->next_seq = next_seq;
	c->rest = 0;
}

/* From here on guesses. The newest answer has moved the ack, as far as we know. */
static __always_inline void place_unsure(struct connection *c, struct packet *p, __u32 next_seq)
{
	place_at(c, STAGE_UNSURE, next_seq);
	c->flags |= CONNECTION_GUESSED;
	c->ack = p->ack - 1;
}

/* What the socket tells of the place. */
static __always_inline void ask_socket(struct connection *c, struct packet *p, struct socket *s)
{
	int is_known = c->stage == STAGE_START || c->stage == STAGE_HEADER || c->stage == STAGE_CHUNKS;

	c->flags |= CONNECTION_LOCAL;
	/* what leaves for a container has yet to reach its socket */
	int is_late = p->hook == HOOK_OUT && c->stage == STAGE_UNSURE;

	if (s->fresh && !is_known && !is_late) {
		place_at(c, STAGE_START, s->rcv_nxt);
		c->flags &= ~CONNECTION_GUESSED;
	} else if (c->stage == STAGE_NONE || c->stage == STAGE_OPEN ||
		   (is_known && !c->rest && (__s32)(s->rcv_nxt - c->next_seq) > 0)) {
		place_unsure(c, p, s->rcv_nxt);                          /* bytes have come in of which we know nothing */
	}
}

/* Whether it is a segment of a connection; then the row tells the place. */
static __always_inline int place_known(struct connection *c, struct packet *p, struct socket *s)
{
	switch (s->owner) {
	case OWNER_SOCKET:
		if (!socket_takes(s, p))
			return 0;
		ask_socket(c, p, s);
		return 1;
	case OWNER_OPENING:
		c->flags |= CONNECTION_LOCAL;
		if (c->stage == STAGE_NONE)
			place_unsure(c, p, p->seq);
		else if (c->stage == STAGE_OPEN && p->seq - c->next_seq > FIRST_WINDOW)
			return 0;
		break;
	case OWNER_ELSEWHERE:
		if (c->stage == STAGE_NONE)
			return 0;
		break;
	default:
		return 0;
	}
	if (c->stage == STAGE_OPEN)
		c->stage = STAGE_START;
	return 1;
}

static __always_inline enum position position_guessed(struct connection *c, struct packet *p, struct socket *s)
{
	__s32 ahead = p->seq - c->next_seq, length = p->end - p->data;

	if (ahead + length <= 0)
		return POSITION_PASS;
	if (c->ack == p->ack) {                                          /* of the body of the newest request */
		c->next_seq += ahead + length;
		return s->owner == OWNER_SOCKET ? POSITION_PASS : POSITION_KEEP;
	}
	if (s->owner == OWNER_SOCKET) {
		c->next_seq = s->rcv_nxt;
		ahead = p->seq - c->next_seq;
	}
	return ahead > 0 ? POSITION_BEYOND : POSITION_GUESS;
}

/* *from: the offset of the next byte to be read. */
static __always_inline enum position position_of(struct connection *c, struct packet *p, struct socket *s, __u32 *from)
{
	__s32 ahead, length = p->end - p->data;

	if (!place_known(c, p, s))
		return POSITION_PASS;
	if (c->stage == STAGE_HEADER && c->flags & CONNECTION_GUESSED && c->ack != p->ack)
		place_at(c, STAGE_UNSURE, c->next_seq);                  /* it was none */
	if (c->stage == STAGE_UNSURE)
		return position_guessed(c, p, s);
	ahead = p->seq - c->next_seq;
	if (ahead > 0 && c->stage == STAGE_START && c->rest) {           /* far from the end of a very long body */
		c->rest--;
		c->next_seq += SKIP;
		return POSITION_KEEP;
	}
	if (ahead > 0)
		return POSITION_BEYOND;
	if (ahead + length <= 0)
		return POSITION_PASS;
	*from = p->data - ahead;
	return POSITION_READ;
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Ends a banned request, and plays the server that has answered it to the end of its connection. */
#ifndef XFF_BAN_REFUSAL_H
#define XFF_BAN_REFUSAL_H

#include <linux/pkt_cls.h>
#include "answer.h"
#include "position.h"

#define PASS TC_ACT_UNSPEC     /* to the next filter, if any */
#define DROP TC_ACT_SHOT

static __always_inline void keep(struct scratch *d)
{
	d->connection.seen = ticks();
	connection_store(&d->tag, &d->connection);
}

/* Out by the device that it came in by; or in by the one that it was to leave by, as the app's own answer would come. */
static __always_inline __u64 way_back(struct packet *p)
{
	return p->hook == HOOK_OUT ? BPF_F_INGRESS : 0;
}

static __always_inline int send_back(struct __sk_buff *skb, struct scratch *d, struct segment *s)
{
	if (segment_write(skb, &d->packet, s)) {
		COUNT(d, errors);
		return DROP;
	}
	return bpf_redirect(skb->ifindex, way_back(&d->packet));
}

/*
 * Plays the server that has answered and is closing: without it the rest of a large body would meet no socket, and the
 * RST for that makes a front end lose the answer and count a failure of its upstream.
 */
__noinline int closing_reply(struct __sk_buff *skb, struct scratch *d, struct port *port)
{
	if (!d || !port)
		return PASS;
	struct packet *p = &d->packet;
	struct connection *c = &d->connection;
	__u32 next = packet_next_seq(p);
	__s32 ahead = next - c->next_seq;

	if (ahead > WINDOW || ahead < -WINDOW)
		return PASS;
	COUNT(d, closing);
	if (next == p->seq)                                              /* a bare ack: nothing to say */
		return DROP;
	if (ahead > 0) {
		c->next_seq = next;
		keep(d);
	}
	struct segment s = {
		.back = 1, .seq = c->ack, .ack = c->next_seq, .flags = TCP_ACK, .leap = 1,
		.answer = port->answer, .jail = port->jail, .seconds = c->rest,
	};
	if (p->ack == c->ack) {                                          /* not yet received, perhaps lost */
		s.flags |= TCP_PSH | TCP_FIN;
	} else {
		s.seq += answer_text(s.answer, s.jail)->length + 1;
		s.answer = 0;
	}
	return send_back(skb, d, &s);
}

/* A connection that comes again after it was answered: a SYN was seen, and now there is a socket, or none can tell. */
static __always_inline int is_renewed(struct __sk_buff *skb, struct scratch *d)
{
	struct packet *p = &d->packet;
	struct connection *c = &d->connection;
	struct socket s;

	if (!(c->flags & CONNECTION_RENEWED) || p->seq - (c->isn + 1) > FIRST_WINDOW)
		return 0;
	socket_find(skb, p, &s);
	if (s.owner == OWNER_NOBODY)
		return 0;
	c->flags &= CONNECTION_PASSED_ON | CONNECTION_LEAVING;
	place_at(c, STAGE_OPEN, c->isn + 1);
	return 1;
}

/* A request of somebody banned. `seq`: of the first byte that the local stack has not seen. */
__noinline int stop(struct __sk_buff *skb, struct scratch *d, struct port *port, __u32 seq)
{
	if (!d || !port)
		return PASS;
	struct packet *p = &d->packet;
	struct connection *c = &d->connection;
	struct segment to_front = { .back = 1, .seq = p->ack, .flags = TCP_RST }, to_stack = { .seq = seq, .flags = TCP_RST };
	__u64 seconds = d->left / 1000000000 + 1;
	/* behind a request that is yet to be answered an answer of ours would be taken for its */
	int unanswered = c->flags & CONNECTION_ASKED && c->ack == p->ack;

	c->stage = STAGE_NONE;
	if (port->answer != ANSWER_RESET && !unanswered) {
		is_closing_now(&d->tag);
		place_at(c, STAGE_CLOSING, packet_next_seq(p));
		c->ack = p->ack;
		c->rest = seconds > 0xffffffff ? 0xffffffff : seconds;
		to_front.ack = c->next_seq;
		to_front.flags = TCP_ACK | TCP_PSH | TCP_FIN;
		to_front.leap = 1;
		to_front.answer = port->answer;
		to_front.jail = port->jail;
		to_front.seconds = c->rest;
	}
	c->flags &= CONNECTION_LOCAL | CONNECTION_LEAVING;
	keep(d);
	if (segment_write(skb, p, &to_front))
		goto failed;
	if (bpf_clone_redirect(skb, skb->ifindex, way_back(p)))
		COUNT(d, errors);
	if (segment_write(skb, p, &to_stack))
		goto failed;
	return PASS;
failed:
	COUNT(d, errors);
	return DROP;
}

#endif

// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * xff-ban in the kernel: on their way to the app, follows the requests to some TCP ports, finds out who the client is as
 * uwsgi-parse does, and answers the banned in the app's stead.
 *
 *     packet.h       what is needed of a segment's headers; checksum.h: whether it is whole
 *     device.h       at which device of its way it is looked at
 *     socket.h       what the TCP stack that it is for makes of it
 *     connection.h   what is remembered between two segments, in the tables of connections.h and headers.h
 *     position.h     where in its stream a segment stands
 *     stream.h       bytes to header sections (header.h: http.h, uwsgi.h) and bodies (body.h)
 *     client.h       hops to the client (address.h, address_feed.h), the client to its ban
 *     refusal.h      ends a banned request on both sides; answer.h: a segment into another one
 *     maps.h         all tables; contract.h: those that user space fills
 *
 * A banned request is ended on both sides at once. The front end gets a complete answer, or a RST. The local stack gets
 * a RST in place of the request, so that no half-open socket stays in the listen queue.
 * UAPI only, no BTF of the running kernel; Linux 5.17 and later (bpf_loop).
 */
#include "device.h"
#include "headers.h"
#include "position.h"
#include "refusal.h"
#include "stream.h"

/*
 * Where no socket of ours tells what has come in, segments that overtook a part are dropped for so long, so that the front
 * end sends them again in order. After that they pass unread: a hole in what we see may delay a connection, and must not
 * stall it. In units of 256 ms.
 */
#define PATIENCE 12

static __always_inline __u8 leaving(struct packet *p)
{
	return p->hook == HOOK_OUT ? CONNECTION_LEAVING : 0;
}

/* A SYN: where the stack takes it, a request begins behind it. A second one of the same connection changes nothing. */
__noinline int connection_opened(struct __sk_buff *skb, struct scratch *d, struct port *port)
{
	if (!d || !port)
		return PASS;
	struct packet *p = &d->packet;
	struct connection *c = &d->connection;
	struct socket s;

	if (p->flags & TCP_ACK)
		return PASS;
	socket_find(skb, p, &s);
	if (s.owner == OWNER_SOCKET || s.owner == OWNER_OPENING || (c->stage != STAGE_NONE && c->isn == p->seq))
		return PASS;
	if (s.owner == OWNER_ELSEWHERE && is_seen_leaving(skb, p, port))
		return PASS;
	if (c->stage == STAGE_CLOSING) {                                 /* its first data will show whether it is true */
		c->flags |= CONNECTION_RENEWED;
	} else {
		__builtin_memset(c, 0, sizeof *c);
		place_at(c, STAGE_OPEN, p->seq + 1);
		if (p->data != p->end)                                   /* Fast Open: where the server begins is its choice */
			place_unsure(c, p, p->seq + 1 + (p->end - p->data));
	}
	if (s.owner == OWNER_ELSEWHERE)
		c->flags |= CONNECTION_PASSED_ON;
	c->flags = (c->flags & ~CONNECTION_LEAVING) | leaving(p);
	c->isn = p->seq;
	keep(d);
	return PASS;
}

/*
 * A segment came before its turn. It is dropped, since what was read before it decides what it is, and what the stack
 * has nobody can take back; the front end gets the duplicate ACK that the stack would have sent for it.
 */
__noinline int overtaken(struct __sk_buff *skb, struct scratch *d, struct port *port, struct socket *s)
{
	if (!d || !port || !s)
		return PASS;
	struct packet *p = &d->packet;
	struct connection *c = &d->connection;
	struct segment ack = { .back = 1, .seq = p->ack, .ack = c->next_seq, .flags = TCP_ACK, .selective = 1 };
	__u8 time = now() >> 8 | 1;                                      /* 0 means that nothing is missing */

	if (!c->gap)
		c->gap = time;
	keep(d);
	if (port->answer == ANSWER_COUNT || (s->owner == OWNER_ELSEWHERE && (__u8)(time - c->gap) >= PATIENCE)) {
		COUNT(d, lost);
		place_unsure(c, p, packet_next_seq(p));
		c->gap = 0;
		keep(d);
		return PASS;
	}
	COUNT(d, overtaken);
	if (s->owner == OWNER_SOCKET)
		ack.ack = s->rcv_nxt;
	else if (c->stage != STAGE_START || c->flags & CONNECTION_ASKED) /* of a body more may be missing than we know */
		return DROP;
	return send_back(skb, d, &ack);
}

/* Reads on from an offset in the segment, and keeps in mind where that ended. */
static __always_inline int read_from(struct __sk_buff *skb, struct scratch *d, struct port *port, __u32 from)
{
	struct packet *p = &d->packet;
	struct connection *c = &d->connection;
	d->offset = from;
	d->end = p->end;
	d->beyond = 0;
	d->stop = STOP_NOT;
	if (c->stage == STAGE_UNSURE) {
		header_start(&d->header, port, 1);
		c->stage = STAGE_HEADER;
		c->ack = p->ack;
	} else if (c->stage == STAGE_HEADER && !half_take(d->tag.hash, c->rest, &d->header)) {
		COUNT(d, lost);                                /* there were too many */
		lose(d, p->ack - 1);
	}
	stream_read(skb, d, port);
	if (d->stop == STOP_BANNED)
		return stop(skb, d, port, p->seq + (from - p->data));
	c->next_seq = p->seq + (p->end - p->data) + (d->beyond & (SKIP - 1));
	if (c->stage == STAGE_START)
		c->rest += d->beyond >> SKIP_BITS;
	if (c->stage == STAGE_HEADER) {
		COUNT(d, split);
		c->rest = half_put(d->tag.hash, &d->header);
	}
	c->gap = 0;
	keep(d);
	return PASS;
}

static __always_inline int read_segment(struct __sk_buff *skb, struct scratch *d, struct port *port)
{
	struct packet *p = &d->packet;
	struct connection *c = &d->connection;
	struct socket s;
	__u32 from = p->data;
	__u8 first = 0;

	if (c->stage != STAGE_NONE && c->flags & CONNECTION_PASSED_ON)
		s.owner = OWNER_ELSEWHERE;
	else
		socket_find(skb, p, &s);
	if (s.owner == OWNER_ELSEWHERE && c->stage == STAGE_NONE)        /* whoever sees it leave may know it */
		return PASS;
	COUNT(d, segments);
	enum position position = position_of(c, p, &s, &from);
	if (position == POSITION_PASS || position == POSITION_KEEP) {
		if (c->stage == STAGE_HEADER)
			COUNT(d, repeated);
		if (position == POSITION_KEEP)
			keep(d);
		return PASS;
	}
	d->length = 0;
	if (!checksum_is_right(skb, d))
		return PASS;
	if (position == POSITION_BEYOND)
		return overtaken(skb, d, port, &s);
	if (position == POSITION_GUESS) {
		bpf_skb_load_bytes(skb, from, &first, 1);
		if (!looks_like_start(port, first)) {
			COUNT(d, foreign);
			c->next_seq = packet_next_seq(p);
			keep(d);
			return PASS;
		}
	}
	return read_from(skb, d, port, from);
}

/* Adds what has been counted of this segment. */
static __always_inline void count(struct scratch *d)
{
	struct counters *n = bpf_map_lookup_elem(&stats, &d->packet.port);
	__u64 *all = (__u64 *)n;

	if (!n) {                                                        /* user space has not given the port a row */
		bpf_map_lookup_elem(&jails, &d->packet.port);            /* so that the program keeps all tables there */
		return;
	}
	if (!(d->counted_words[0] >> 16) && !d->counted_words[1]) {      /* the first two, and most often all */
		n->segments += d->counted[COUNTER(segments)];
		n->requests += d->counted[COUNTER(requests)];
		return;
	}
	for (int i = 0; i < sizeof *n / 8; i++)
		all[i] += d->counted[i];
}

static __always_inline int inspect(struct __sk_buff *skb, __u32 l2, __u32 hook)
{
	/* an answer that goes out passes the hook of what leaves while the request that it is for is still in hand */
	struct scratch *d = bpf_map_lookup_elem(&scratch, &hook);
	int action;

	if (!d)
		return PASS;
	struct packet *p = &d->packet;
	d->verdict = VERDICT_NONE;
	p->hook = hook;
	if (!is_addressed(skb, hook) || !packet_read(skb, l2, p))
		return PASS;
	struct port *port = port_of(p);
	if (!port || p->flags & TCP_RST)
		return PASS;
	p->netns = -1;
	if (hook == HOOK_OUT) {
		struct device *device = device_of(skb->ifindex);
		p->netns = device ? device->netns : -1;
	}
	tag_of(&p->flow, &d->tag);
	if (p->data == p->end && !(p->flags & TCP_SYN) && !may_be_closing(&d->tag))
		return PASS;
	connection_find(&d->tag, &d->connection);
	if (p->flags & TCP_SYN)
		return connection_opened(skb, d, port);
	if (d->connection.stage == STAGE_NONE)
		d->connection.flags = leaving(p);
	else if ((d->connection.flags & CONNECTION_LEAVING) != leaving(p))
		return PASS;
	int is_closing = d->connection.stage == STAGE_CLOSING && !is_renewed(skb, d);
	if (!(p->flags & TCP_ACK) || (p->data == p->end && !is_closing))
		return PASS;
	d->counted_words[0] = d->counted_words[1] = 0;
	action = is_closing ? closing_reply(skb, d, port) : read_segment(skb, d, port);
	count(d);
	return action;
}

/* For what comes in by devices with an Ethernet header (lo, veth, bridges, network cards) ... */
SEC("tc") int xff_ban_ether(struct __sk_buff *skb) { return inspect(skb, ETH_HLEN, HOOK_IN); }

/* ... and without (tun, wireguard, ppp, ipip); */
SEC("tc") int xff_ban_plain(struct __sk_buff *skb) { return inspect(skb, 0, HOOK_IN); }

/* and for what leaves for containers and virtual machines. */
SEC("tc") int xff_ban_leaving(struct __sk_buff *skb) { return inspect(skb, ETH_HLEN, HOOK_OUT); }

char _license[] SEC("license") = "Dual MIT/GPL";

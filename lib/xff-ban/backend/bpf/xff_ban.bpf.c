// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * xff-ban in the kernel: at the ingress of the app's host, follows the requests to some TCP ports, finds out who the
 * client is as uwsgi-parse does, and answers the banned in the app's stead.
 *
 *     packet.h       what is needed of a segment's headers
 *     connection.h   what is remembered between two segments
 *     header.h       bytes to a header section: http.h, uwsgi.h
 *     client.h       hops to the client (address.h, address_feed.h), the client to its ban
 *     answer.h       a segment into another one
 *     maps.h         all tables; contract.h: those that user space fills
 *
 * A banned request is ended on both sides at once. The front end gets a complete answer, or a RST. The local stack gets
 * a RST in place of the request, so that no half-open socket stays in the listen queue.
 * UAPI only, no BTF of the running kernel; Linux 5.17 and later (bpf_loop).
 */
#include <linux/pkt_cls.h>
#include "maps.h"
#include "answer.h"

/* How long segments that overtook a part of a header are dropped, so that the front end sends them again in order.
 * After that they pass unread: a hole in what we see may delay a connection, and must not stall it. */
#define PATIENCE_NS 3000000000ULL

#define PASS TC_ACT_UNSPEC     /* to the next filter, if any */
#define DROP TC_ACT_SHOT

static __always_inline void connection_opened(struct packet *p, struct desk *d)
{
	if (bpf_map_lookup_elem(&closings, &p->flow))
		bpf_map_delete_elem(&closings, &p->flow);
	if (p->data != p->end) {                                         /* Fast Open: where the server begins is its choice */
		bpf_map_delete_elem(&connections, &p->flow);
		return;
	}
	__builtin_memset(&d->connection, 0, sizeof d->connection);
	d->connection.stage = STAGE_OPEN;
	d->connection.next_seq = p->seq + 1;
	bpf_map_update_elem(&connections, &p->flow, &d->connection, BPF_ANY);
}

/*
 * Plays the server that has answered and is closing: without it the rest of a large body would meet no socket, and the
 * RST for that makes a front end lose the answer and count a failure of its upstream.
 */
static __always_inline int closing_reply(struct __sk_buff *skb, struct packet *p, struct closing *c, struct counters *n)
{
	__u32 next = packet_next_seq(p);

	COUNT(n, closing);
	if (next == p->seq)                                              /* a bare ack: nothing to say */
		return DROP;
	if ((__s32)(next - c->next_seq) > 0)
		c->next_seq = next;
	struct segment s = { .back = 1, .seq = c->answer_seq, .ack = c->next_seq };
	if (p->ack == c->answer_seq) {                                   /* not yet received, perhaps lost */
		s.flags = TCP_ACK | TCP_PSH | TCP_FIN;
		s.answer = c->answer;
	} else {
		s.flags = TCP_ACK;
		s.seq += ANSWER_TEXT(c->answer)->length + 1;
	}
	if (segment_write(skb, p, &s)) {
		COUNT(n, errors);
		return DROP;
	}
	return bpf_redirect(skb->ifindex, 0);
}

/* `seq`: of the first byte that the local stack has not seen. */
static __always_inline int stop(struct __sk_buff *skb, struct packet *p, struct port *port, __u32 seq, struct counters *n)
{
	struct segment to_front = { .back = 1, .seq = p->ack }, to_stack = { .seq = seq, .flags = TCP_RST };

	if (port->answer == ANSWER_RESET) {
		to_front.flags = TCP_RST;
	} else {
		struct closing c = { .answer_seq = p->ack, .next_seq = packet_next_seq(p), .answer = port->answer };
		bpf_map_update_elem(&closings, &p->flow, &c, BPF_ANY);
		to_front.ack = c.next_seq;
		to_front.flags = TCP_ACK | TCP_PSH | TCP_FIN;
		to_front.answer = port->answer;
	}
	bpf_map_delete_elem(&connections, &p->flow);
	if (segment_write(skb, p, &to_front))
		goto failed;
	if (bpf_clone_redirect(skb, skb->ifindex, 0))
		COUNT(n, errors);
	if (segment_write(skb, p, &to_stack))
		goto failed;
	return PASS;
failed:
	COUNT(n, errors);
	return DROP;
}

/* The header section is complete: is its client banned? */
static __always_inline int is_banned(struct desk *d, struct port *port, struct counters *n)
{
	__u8 *client = client_of(&d->connection.header.hops, port);
	if (!client) {
		d->verdict = VERDICT_UNATTRIBUTED;
		COUNT(n, unattributed);
		return 0;
	}
	d->verdict = VERDICT_CLIENT;
	__builtin_memcpy(d->client, client, 16);
	__u64 now = bpf_ktime_get_boot_ns();
	struct ban *ban = ban_on(port->jail, client, now, n);
	if (!ban)
		return 0;
	__sync_fetch_and_add(&ban->hits, 1);
	ban->last = now;
	d->verdict = VERDICT_BANNED;
	COUNT(n, hits);
	return 1;
}

static __always_inline int inspect(struct __sk_buff *skb, __u32 l2)
{
	struct packet p = {};
	__u32 zero = 0, known = 0;

	if (!packet_read(skb, l2, &p))
		return PASS;
	struct port *port = bpf_map_lookup_elem(&ports, &p.port);
	if (!port)
		return PASS;
	struct desk *d = bpf_map_lookup_elem(&desk, &zero);
	if (!d)
		return PASS;
	d->verdict = VERDICT_NONE;
	if (p.flags & TCP_SYN)
		connection_opened(&p, d);
	if (p.flags & (TCP_SYN | TCP_RST))
		return PASS;
	struct counters *n = bpf_map_lookup_elem(&stats, &p.port);
	struct closing *closing = bpf_map_lookup_elem(&closings, &p.flow);
	if (closing)
		return closing_reply(skb, &p, closing, n);
	if (p.data == p.end)
		return PASS;
	COUNT(n, segments);

	/* Where in the stream is this? */
	struct connection *stored = bpf_map_lookup_elem(&connections, &p.flow), *c = &d->connection;
	__u32 from = p.data;
	if (stored && (stored->ack == p.ack || stored->stage == STAGE_OPEN)) {
		__s32 ahead = p.seq - stored->next_seq;
		if (stored->stage == STAGE_BODY)
			return PASS;
		if (ahead > 0) {
			__u64 now = bpf_ktime_get_boot_ns();
			if (!stored->gap_since)
				stored->gap_since = now;
			if (port->answer != ANSWER_COUNT && now - stored->gap_since < PATIENCE_NS) {
				COUNT(n, overtaken);
				return DROP;
			}
			COUNT(n, lost);
			bpf_map_delete_elem(&connections, &p.flow);
			return PASS;
		}
		if (-ahead >= (__s32)(p.end - p.data)) {
			COUNT(n, repeated);
			return PASS;
		}
		from = p.data - ahead;
		known = 1;
	}

	/* Read on, or begin. */
	if (known && stored->stage == STAGE_HEADER) {
		*c = *stored;
	} else {
		__u8 first = 0;
		bpf_skb_load_bytes(skb, from, &first, 1);
		if (!known && !looks_like_start(port, first)) {
			COUNT(n, foreign);
			return PASS;
		}
		header_start(&c->header, port);
		c->known_start = known;
	}
	struct feeding f = { .skb = skb, .desk = d, .port = port, .offset = from, .end = p.end };
	header_feed(&f);

	/* What has it come to? */
	__u32 result = c->header.result;
	if (result == RESULT_COMPLETE) {
		COUNT(n, requests);
		if (is_banned(d, port, n) && port->answer != ANSWER_COUNT)
			return stop(skb, &p, port, p.seq + (from - p.data), n);
	} else if (result == RESULT_FOREIGN) {
		COUNT(n, foreign);
		if (!c->known_start) {                                   /* the next segment may be a start */
			if (stored)
				bpf_map_delete_elem(&connections, &p.flow);
			return PASS;
		}
	} else {
		COUNT(n, split);
	}
	c->stage = result == RESULT_MORE ? STAGE_HEADER : STAGE_BODY;
	c->next_seq = p.seq + (p.end - p.data);
	c->ack = p.ack;
	c->gap_since = 0;
	bpf_map_update_elem(&connections, &p.flow, c, BPF_ANY);
	return PASS;
}

/* For devices with an Ethernet header (lo, veth, bridges, network cards) ... */
SEC("tc") int xff_ban_ether(struct __sk_buff *skb) { return inspect(skb, ETH_HLEN); }

/* ... and without (tun, wireguard, ppp, ipip). */
SEC("tc") int xff_ban_plain(struct __sk_buff *skb) { return inspect(skb, 0); }

char _license[] SEC("license") = "Dual MIT/GPL";

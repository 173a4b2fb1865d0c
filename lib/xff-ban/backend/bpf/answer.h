/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Turns the segment in hand into another one of its connection: back to the front end, or on to the local stack. */
#ifndef XFF_BAN_ANSWER_H
#define XFF_BAN_ANSWER_H

#include "header.h"
#include "packet.h"

#define ANSWER_SIZE 128        /* a power of two */

struct answer_text { __u32 length; char text[ANSWER_SIZE]; };

#define TEXT(t) { sizeof t - 1, t }
static const struct answer_text answers[2] = {
	TEXT("HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nConnection: close\r\n\r\nForbidden\n"),
	TEXT("HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\nToo many\n"),
};
#define ANSWER_TEXT(answer) (&answers[(answer) == ANSWER_429])

struct segment {
	__u32 back;            /* to the front end */
	__u32 seq, ack, flags;
	__u32 answer;          /* enum answer, whose text follows; 0: none */
};

static __always_inline __u16 checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/*
 * Segments that never saw a wire (lo, veth, virtio) carry a checksum that is still to be filled in, and want the sum
 * of the pseudo header there. Nothing tells them from the others but that a plain replacement leaves them alone.
 */
static __always_inline int checksum_is_partial(struct __sk_buff *skb, struct packet *p)
{
	__u32 at = p->l4 + __builtin_offsetof(struct tcphdr, check);
	__u16 before = 0, after = 0;

	if (bpf_skb_load_bytes(skb, at, &before, 2) || bpf_l4_csum_replace(skb, at, 0, bpf_htons(0x1234), 2) ||
	    bpf_skb_load_bytes(skb, at, &after, 2))
		return -1;
	return before == after;
}

__noinline int segment_write(struct __sk_buff *skb, struct packet *p, struct segment *s)
{
	struct { struct tcphdr tcp; __u32 timestamps[3]; } h = {};
	const struct answer_text *answer;
	__u32 header = sizeof h.tcp, length = 0, tcp_length;
	__u64 sum;

	if (!p || !s)
		return -1;
	int partial = checksum_is_partial(skb, p);
	if (partial < 0)
		return -1;
	answer = ANSWER_TEXT(s->answer);
	if (s->answer)
		length = answer->length;
	if (p->has_timestamps) {
		header = sizeof h;
		h.timestamps[0] = TIMESTAMPS_HEAD;
		h.timestamps[1] = s->back ? p->timestamps[2] : p->timestamps[1];
		h.timestamps[2] = s->back ? p->timestamps[1] : p->timestamps[2];
	}
	tcp_length = header + length;
	if (bpf_skb_change_tail(skb, p->l4 + tcp_length, 0))
		return -1;

	const __u8 *from = s->back ? p->flow.destination : p->flow.source;
	const __u8 *to = s->back ? p->flow.source : p->flow.destination;
	if (p->ipv6) {
		struct ipv6hdr ip = { .version = 6, .nexthdr = IPPROTO_TCP, .hop_limit = 64 };
		ip.payload_len = bpf_htons(tcp_length);
		__builtin_memcpy(&ip.saddr, from, 16);
		__builtin_memcpy(&ip.daddr, to, 16);
		if (bpf_skb_store_bytes(skb, p->l2, &ip, sizeof ip, BPF_F_RECOMPUTE_CSUM))
			return -1;
		sum = bpf_csum_diff(0, 0, (__be32 *)p->flow.source, 32, 0);
	} else {
		struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP };
		ip.tot_len = bpf_htons(sizeof ip + tcp_length);
		ip.frag_off = bpf_htons(0x4000);
		__builtin_memcpy(&ip.saddr, from + 12, 4);
		__builtin_memcpy(&ip.daddr, to + 12, 4);
		sum = (__u64)ip.saddr + ip.daddr;
		ip.check = ~checksum_fold(bpf_csum_diff(0, 0, (__be32 *)&ip, sizeof ip, 0));
		if (bpf_skb_store_bytes(skb, p->l2, &ip, sizeof ip, BPF_F_RECOMPUTE_CSUM))
			return -1;
	}
	sum += bpf_htonl(tcp_length) + (__u64)bpf_htonl(IPPROTO_TCP);

	h.tcp.source = s->back ? p->flow.destination_port : p->flow.source_port;
	h.tcp.dest = s->back ? p->flow.source_port : p->flow.destination_port;
	h.tcp.seq = bpf_htonl(s->seq);
	h.tcp.ack_seq = bpf_htonl(s->ack);
	h.tcp.doff = header / 4;
	((__u8 *)&h.tcp)[13] = s->flags;
	h.tcp.window = s->flags & TCP_RST ? 0 : bpf_htons(8192);
	if (partial) {
		h.tcp.check = checksum_fold(sum);
	} else {
		sum += bpf_csum_diff(0, 0, (__be32 *)&h, sizeof h, 0);
		if (length)
			sum += bpf_csum_diff(0, 0, (__be32 *)answer->text, ANSWER_SIZE, 0);
		h.tcp.check = ~checksum_fold(sum);
	}
	/* two calls, since a length has to be a constant for old verifiers */
	if (p->has_timestamps ? bpf_skb_store_bytes(skb, p->l4, &h, sizeof h, BPF_F_RECOMPUTE_CSUM)
			      : bpf_skb_store_bytes(skb, p->l4, &h, sizeof h.tcp, BPF_F_RECOMPUTE_CSUM))
		return -1;
	if (length) {
		length = AT_LEAST_1(length, ANSWER_SIZE);
		if (bpf_skb_store_bytes(skb, p->l4 + header, answer->text, length, BPF_F_RECOMPUTE_CSUM))
			return -1;
	}
	if (p->l2) {                                                     /* outwards, and home again for a second segment */
		__u8 mac[2 * ETH_ALEN], swapped[2 * ETH_ALEN];
		if (bpf_skb_load_bytes(skb, 0, mac, sizeof mac))
			return -1;
		__builtin_memcpy(swapped, mac + ETH_ALEN, ETH_ALEN);
		__builtin_memcpy(swapped + ETH_ALEN, mac, ETH_ALEN);
		if (bpf_skb_store_bytes(skb, 0, swapped, sizeof swapped, 0))
			return -1;
	}
	return 0;
}

#endif

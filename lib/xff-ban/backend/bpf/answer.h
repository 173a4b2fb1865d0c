/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Turns the segment in hand into another one of its connection: back to the front end, or on to the local stack. */
#ifndef XFF_BAN_ANSWER_H
#define XFF_BAN_ANSWER_H

#include "checksum.h"
#include "maps.h"

#define BLANKS "            "  /* where a number comes */
#define RETRY_SIZE (sizeof BLANKS - 1)

#define STATUS_403 "HTTP/1.1 403 Forbidden\r\n"
#define STATUS_429 "HTTP/1.1 429 Too Many Requests\r\n"
/* Not for caches, which would give it to others. */
#define COMMON "Cache-Control: no-store\r\nConnection: close\r\nContent-Length: "
#define RETRY STATUS_429 "Retry-After: "

const struct text answers[2] = {
	{ sizeof STATUS_403 COMMON "10\r\n\r\nForbidden\n" - 1, 0, STATUS_403 COMMON "10\r\n\r\nForbidden\n" },
	{ sizeof RETRY " " BLANKS "\r\n" COMMON "9\r\n\r\nToo many\n" - 1, sizeof RETRY,
	  RETRY " " BLANKS "\r\n" COMMON "9\r\n\r\nToo many\n" },
};
_Static_assert(sizeof RETRY % 2 == 0, "the number stands at an even place");

struct segment {
	__u32 back;            /* to the front end */
	__u32 seq, ack, flags;
	__u32 answer;          /* enum answer, whose text follows; 0: none */
	__u32 jail;            /* whose text */
	__u32 seconds;         /* until the end of the ban */
	__u32 leap;            /* of a connection that the stack has no more part in */
	__u32 selective;       /* with the SACK option: this segment has come although it is not the next */
};

/* Later than whatever the stack has said meanwhile, even after minutes: else PAWS discards the answer. */
#define TIMESTAMP_LEAP (1U << 30)

static __always_inline const struct text *answer_text(__u32 answer, __u32 jail)
{
	const struct text *own = bpf_map_lookup_elem(&texts, &jail);

	return own ? own : &answers[answer == ANSWER_429];
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

struct tcp_segment {
	struct tcphdr tcp;
	__u32 options[6];      /* timestamps, SACK */
};

#define SACK_HEAD bpf_htonl(0x0101050a) /* NOP NOP kind length */

/* Returns the length of the header. */
static __always_inline __u32 write_tcp_header(struct tcp_segment *h, struct packet *p, struct segment *s)
{
	__u32 *option = h->options, length = sizeof h->tcp;

	if (p->has_timestamps) {
		__u32 leap = s->leap ? TIMESTAMP_LEAP : 0;
		option[0] = TIMESTAMPS_HEAD;
		option[1] = s->back ? bpf_htonl(bpf_ntohl(p->timestamps[2]) + leap) : p->timestamps[1];
		option[2] = s->back ? p->timestamps[1] : p->timestamps[2];
		option += 3;
		length += 12;
	}
	if (s->selective) {
		option[0] = SACK_HEAD;
		option[1] = bpf_htonl(p->seq);
		option[2] = bpf_htonl(packet_next_seq(p));
		length += 12;
	}
	h->tcp.source = s->back ? p->flow.destination_port : p->flow.source_port;
	h->tcp.dest = s->back ? p->flow.source_port : p->flow.destination_port;
	h->tcp.seq = bpf_htonl(s->seq);
	h->tcp.ack_seq = bpf_htonl(s->ack);
	h->tcp.doff = length / 4;
	((__u8 *)&h->tcp)[13] = s->flags;
	h->tcp.window = s->flags & TCP_RST ? 0 : bpf_htons(s->selective ? 1024 : 8192);
	return length;
}

/* The IP header; what stood between it and the TCP header becomes options that mean nothing. */
static __always_inline int write_ip_header(struct __sk_buff *skb, struct packet *p, struct segment *s, __u32 tcp_length)
{
	const __u8 *from = s->back ? p->flow.destination : p->flow.source;
	const __u8 *to = s->back ? p->flow.source : p->flow.destination;

	if (p->ipv6) {
		__u32 extension = p->l4 - p->l2 - sizeof(struct ipv6hdr);
		struct ipv6hdr ip = { .version = 6, .nexthdr = IPPROTO_TCP, .hop_limit = 64 };
		ip.payload_len = bpf_htons(extension + tcp_length);
		__builtin_memcpy(&ip.saddr, from, 16);
		__builtin_memcpy(&ip.daddr, to, 16);
		if (extension) {
			/* one option of a kind that is passed over by whoever does not know it (RFC 4727) */
			__u8 head[4] = { IPPROTO_TCP, extension / 8 - 1, 0x1e, extension - 4 };
			ip.nexthdr = IPPROTO_DSTOPTS;
			if (bpf_skb_store_bytes(skb, p->l2 + sizeof ip, head, sizeof head, BPF_F_RECOMPUTE_CSUM))
				return -1;
		}
		return bpf_skb_store_bytes(skb, p->l2, &ip, sizeof ip, BPF_F_RECOMPUTE_CSUM);
	}
	struct { struct iphdr ip; __u32 options[10]; } h = {
		.ip = { .version = 4, .ttl = 64, .protocol = IPPROTO_TCP },
	};
	__u32 words = (p->l4 - p->l2) / 4 - 5;
	h.ip.ihl = 5 + words;
	h.ip.tot_len = bpf_htons(p->l4 - p->l2 + tcp_length);
	h.ip.frag_off = bpf_htons(0x4000);
	__builtin_memcpy(&h.ip.saddr, from + 12, 4);
	__builtin_memcpy(&h.ip.daddr, to + 12, 4);
	for (__u32 i = 0; i < 10; i++) {
		if (i >= words)
			break;
		h.options[i] = 0x01010101;
		if (bpf_skb_store_bytes(skb, p->l2 + sizeof h.ip + 4 * i, &h.options[i], 4, BPF_F_RECOMPUTE_CSUM))
			return -1;
	}
	h.ip.check = ~checksum_fold(bpf_csum_diff(0, 0, (__be32 *)&h, sizeof h, 0));
	return bpf_skb_store_bytes(skb, p->l2, &h.ip, sizeof h.ip, BPF_F_RECOMPUTE_CSUM);
}

static __always_inline void write_number(__u8 *digits, __u32 number)
{
	for (int i = RETRY_SIZE - 1; i >= 0; i--) {
		digits[i] = number || i == RETRY_SIZE - 1 ? '0' + number % 10 : ' ';
		number /= 10;
	}
}

/* The answer's text behind the TCP header. Adds to the checksum. */
static __always_inline int write_text(struct __sk_buff *skb, __u32 at, const struct text *text, __u32 seconds, __u64 *sum)
{
	__u32 length = AT_LEAST_1(text->length, TEXT_SIZE), retry_at = text->retry_at;
	__u8 digits[RETRY_SIZE], blanks[RETRY_SIZE];

	for (int i = 0; i < TEXT_SIZE / SUM_PIECE; i++)
		*sum += bpf_csum_diff(0, 0, (__be32 *)(text->text + i * SUM_PIECE), SUM_PIECE, 0);
	if (bpf_skb_store_bytes(skb, at, text->text, length, BPF_F_RECOMPUTE_CSUM))
		return -1;
	if (!retry_at || retry_at + RETRY_SIZE > length)
		return 0;
	__builtin_memset(blanks, ' ', sizeof blanks);
	write_number(digits, seconds);
	*sum += bpf_csum_diff((__be32 *)blanks, sizeof blanks, (__be32 *)digits, sizeof digits, 0);
	return bpf_skb_store_bytes(skb, at + retry_at, digits, sizeof digits, BPF_F_RECOMPUTE_CSUM);
}

static __always_inline int swap_macs(struct __sk_buff *skb)
{
	__u8 mac[2 * ETH_ALEN], swapped[2 * ETH_ALEN];

	if (bpf_skb_load_bytes(skb, 0, mac, sizeof mac))
		return -1;
	__builtin_memcpy(swapped, mac + ETH_ALEN, ETH_ALEN);
	__builtin_memcpy(swapped + ETH_ALEN, mac, ETH_ALEN);
	return bpf_skb_store_bytes(skb, 0, swapped, sizeof swapped, 0);
}

__noinline int segment_write(struct __sk_buff *skb, struct packet *p, struct segment *s)
{
	struct tcp_segment h = {};
	const struct text *text;
	__u32 header, length = 0;
	__u64 sum = 0;

	if (!p || !s)
		return -1;
	int partial = checksum_is_partial(skb, p);
	if (partial < 0)
		return -1;
	text = answer_text(s->answer, s->jail);
	if (s->answer)
		length = AT_LEAST_1(text->length, TEXT_SIZE);
	header = write_tcp_header(&h, p, s);
	if (bpf_skb_change_tail(skb, p->l4 + header + length, 0))
		return -1;
	if (write_ip_header(skb, p, s, header + length))
		return -1;
	if (length && write_text(skb, p->l4 + header, text, s->seconds, &sum))
		return -1;
	if (partial)
		h.tcp.check = checksum_fold(pseudo_sum(p, header + length));
	else
		h.tcp.check = ~checksum_fold(pseudo_sum(p, header + length) + sum +
					     bpf_csum_diff(0, 0, (__be32 *)&h, sizeof h, 0));
	/* a length has to be a constant for old verifiers */
	if (header == sizeof h.tcp ? bpf_skb_store_bytes(skb, p->l4, &h, sizeof h.tcp, BPF_F_RECOMPUTE_CSUM)
	    : header == sizeof h.tcp + 12 ? bpf_skb_store_bytes(skb, p->l4, &h, sizeof h.tcp + 12, BPF_F_RECOMPUTE_CSUM)
					  : bpf_skb_store_bytes(skb, p->l4, &h, sizeof h, BPF_F_RECOMPUTE_CSUM))
		return -1;
	return p->l2 ? swap_macs(skb) : 0;                               /* outwards, and home again for a second segment */
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Internet checksums: whether a segment's is right, and what stands in its place before it is known. */
#ifndef XFF_BAN_CHECKSUM_H
#define XFF_BAN_CHECKSUM_H

#include "scratch.h"

static __always_inline __u16 checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Of the pseudo header. `length`: of the TCP header and all behind it. */
static __always_inline __u64 pseudo_sum(const struct packet *p, __u32 length)
{
	const __u32 *from = (const __u32 *)p->flow.source, *to = (const __u32 *)p->flow.destination;
	__u64 sum = (__u64)bpf_htonl(length) + bpf_htonl(IPPROTO_TCP);

	if (p->ipv6)                                                     /* else they say ::ffff:0:0/96 */
		sum += (__u64)from[0] + from[1] + from[2] + to[0] + to[1] + to[2];
	return sum + from[3] + to[3];
}

struct summing {
	struct __sk_buff *skb;
	char *bytes;
	__u32 offset, end;
	__u64 sum;
};

static long sum_another(__u32 index, struct summing *s)
{
	__u32 length = s->end - s->offset;

	if (s->offset >= s->end)
		return 1;
	if (length > SUM_PIECE)
		length = SUM_PIECE;
	length = AT_LEAST_1(length, SUM_PIECE);
	if (bpf_skb_load_bytes(s->skb, s->offset, s->bytes, length))
		return 1;
	*(__u32 *)(s->bytes + length) = 0;                               /* the sum is of whole words */
	s->sum = bpf_csum_diff(0, 0, (__be32 *)s->bytes, (length + 3) & ~3, s->sum);
	s->offset += length;
	return 0;
}

#define SUM_STEP 32            /* bytes that are summed up here at a time; a part of BYTES_BEHIND */

/* The same of a segment that has been loaded whole: to add up a small one takes less time than to call the kernel. */
static __always_inline __u64 sum_loaded(char *bytes, __u32 length, __u64 sum)
{
	__u64 *behind = (__u64 *)(bytes + length), more = 0;

	behind[0] = behind[1] = behind[2] = behind[3] = 0;               /* the sum is of whole steps */
	for (__u32 at = 0; at < CHUNK && at < length; at += SUM_STEP) {
		const __u32 *words = (const __u32 *)(bytes + at);
		sum += words[0];
		more += words[1];
		sum += words[2];
		more += words[3];
		sum += words[4];
		more += words[5];
		sum += words[6];
		more += words[7];
	}
	return sum + more;
}

/*
 * Whether the stack will take the segment for whole. Those put together from several were looked at one by one, those
 * that never saw a wire hold the sum of the pseudo header, and of others a network card may have said that they are.
 * What is loaded for that is kept for who reads on.
 */
static __always_inline int checksum_is_right(struct __sk_buff *skb, struct scratch *d)
{
	struct packet *p = &d->packet;
	__u32 length = p->end - p->l4;
	struct summing s = { .skb = skb, .bytes = d->bytes, .offset = p->l4, .end = p->end };

	if (skb->gso_size || bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0)
		return 1;
	s.sum = pseudo_sum(p, length);
	if (p->checksum == checksum_fold(s.sum))
		return 1;
	s.sum = checksum_fold(s.sum);
	if (length - 1 < CHUNK) {
		length = AT_LEAST_1(length, CHUNK);
		if (bpf_skb_load_bytes(skb, p->l4, d->bytes, length))
			return 0;
		d->base = p->l4;
		d->length = length;
		return checksum_fold(sum_loaded(d->bytes, length, s.sum)) == 0xffff;
	}
	bpf_loop(length / SUM_PIECE + 1, sum_another, &s, 0);
	return checksum_fold(s.sum) == 0xffff;
}

#endif

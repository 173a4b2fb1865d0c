/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is needed of a segment's headers. */
#ifndef XFF_BAN_PACKET_H
#define XFF_BAN_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "connection.h"

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

/* A length in 1..max (a power of two) in a form that every verifier since 5.17 understands. */
#define AT_LEAST_1(n, max) ({ __u32 n_ = (n) - 1; barrier_var(n_); n_ &= (max) - 1; n_ + 1; })

/* Where a packet is looked at: as it comes in by a device, or as it leaves by one for a container. */
enum hook { HOOK_IN, HOOK_OUT };

struct packet {
	struct flow flow;
	__u32 hook;            /* enum hook */
	__s32 netns;           /* whose sockets it is for: as in struct device; HOOK_IN: -1, our own */
	__u32 l2;              /* bytes before the IP header: 14, 18 with a VLAN tag, or 0 where a device has no such header */
	__u32 l4;              /* offset of the TCP header */
	__u32 data, end;       /* offsets of the payload */
	__u32 port;            /* destination, host order; or the one that NAT has led there */
	__u32 seq, ack, flags;
	__u32 checksum;        /* as it stands there, network order */
	__u32 ipv6;
	__u32 has_timestamps;
	__u32 timestamps[3];   /* NOP NOP kind length, the sender's, its echo of ours; network order */
};

#define TIMESTAMPS_HEAD bpf_htonl(0x0101080a)

#define MAX_EXTENSIONS 3       /* IPv6 headers before TCP */
#define MAX_EXTENSION_BYTES 256

/* IPv6: passes over hop-by-hop and destination options, jumbo lengths (BIG TCP) among them; 0 where TCP is not behind. */
static __always_inline int ipv6_extensions(struct __sk_buff *skb, struct packet *p, __u32 next)
{
	__u32 start = p->l4;

#pragma unroll
	for (int i = 0; i < MAX_EXTENSIONS; i++) {
		__u8 head[2];
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS)
			break;
		if (bpf_skb_load_bytes(skb, p->l4, head, sizeof head))
			return 0;
		next = head[0];
		p->l4 += 8 * (head[1] + 1);
	}
	return next == IPPROTO_TCP && p->l4 - start <= MAX_EXTENSION_BYTES;
}

static __always_inline void addresses_ipv4(struct packet *p, const struct iphdr *ip)
{
	__u64 *flow = (__u64 *)&p->flow;

	flow[0] = flow[2] = 0;                                           /* ::ffff:0:0/96 */
	flow[1] = (__u64)ip->saddr << 32 | 0xffff0000;
	flow[3] = (__u64)ip->daddr << 32 | 0xffff0000;
}

static __always_inline int is_whole_tcp(const struct iphdr *ip)
{
	return ip->protocol == IPPROTO_TCP && ip->ihl >= 5 && !(ip->frag_off & bpf_htons(0x3fff));
}

static __always_inline int ipv6_read(struct __sk_buff *skb, struct packet *p, __u32 *ip_end)
{
	struct ipv6hdr ip;

	if (bpf_skb_load_bytes(skb, p->l2, &ip, sizeof ip))
		return 0;
	p->ipv6 = 1;
	p->l4 = p->l2 + sizeof ip;
	*ip_end = ip.payload_len ? p->l4 + bpf_ntohs(ip.payload_len) : skb->len; /* 0: in a jumbo option */
	__builtin_memcpy(p->flow.source, &ip.saddr, 16);
	__builtin_memcpy(p->flow.destination, &ip.daddr, 16);
	return ip.nexthdr == IPPROTO_TCP || ipv6_extensions(skb, p, ip.nexthdr);
}

static __always_inline int ipv4_read(struct __sk_buff *skb, struct packet *p, __u32 *ip_end)
{
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, p->l2, &ip, sizeof ip) || !is_whole_tcp(&ip))
		return 0;
	p->l4 = p->l2 + 4 * ip.ihl;
	*ip_end = ip.tot_len ? p->l2 + bpf_ntohs(ip.tot_len) : skb->len;        /* 0: BIG TCP */
	addresses_ipv4(p, &ip);
	return 1;
}

/* A TCP header; 0 where the lengths do not agree. */
static __always_inline int tcp_read(struct __sk_buff *skb, struct packet *p, const struct tcphdr *tcp, __u32 ip_end)
{
	__u32 header = tcp->doff * 4;

	p->data = p->l4 + header;
	p->end = ip_end;
	p->flow.source_port = tcp->source;
	p->flow.destination_port = tcp->dest;
	p->flow.zero = 0;
	p->port = bpf_ntohs(tcp->dest);
	p->seq = bpf_ntohl(tcp->seq);
	p->ack = bpf_ntohl(tcp->ack_seq);
	p->flags = ((const __u8 *)tcp)[13];
	p->checksum = tcp->check;
	p->has_timestamps = 0;
	return header >= sizeof *tcp && p->data <= p->end && p->end <= skb->len;
}

/* What most segments begin with: read at once. */
struct plain_ipv4 {
	struct iphdr ip;
	struct tcphdr tcp;
	__u32 timestamps[3];
};

/* They lie there in one piece most often, and else are copied. */
static __always_inline const struct plain_ipv4 *plain_ipv4(struct __sk_buff *skb, __u32 l2, struct plain_ipv4 *copy)
{
	const void *at = (void *)(long)skb->data + l2, *end = (void *)(long)skb->data_end;

	if (at + sizeof *copy <= end)
		return at;
	return bpf_skb_load_bytes(skb, l2, copy, sizeof *copy) ? 0 : copy;
}

/* Reads the headers; 0 where this is no TCP segment, or none that we can follow (fragments). */
__noinline int packet_read(struct __sk_buff *skb, __u32 l2, struct packet *p)
{
	const struct plain_ipv4 *plain;
	struct plain_ipv4 copy;
	__u32 ip_end, protocol = skb->protocol;

	if (!p)
		return 0;
	l2 &= 15;
	if (protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD)) {
		__u16 inner = 0;
		if (bpf_skb_load_bytes(skb, l2 + 2, &inner, sizeof inner))
			return 0;
		protocol = inner;
		l2 += 4;
	}
	p->l2 = l2;
	p->ipv6 = 0;
	if (protocol == bpf_htons(ETH_P_IP)) {
		plain = plain_ipv4(skb, l2, &copy);
		if (plain && plain->ip.ihl == 5 && plain->ip.tot_len) {
			p->l4 = l2 + sizeof plain->ip;
			addresses_ipv4(p, &plain->ip);
			if (!is_whole_tcp(&plain->ip) ||
			    !tcp_read(skb, p, &plain->tcp, l2 + bpf_ntohs(plain->ip.tot_len)))
				return 0;
			if (plain->tcp.doff >= 8 && plain->timestamps[0] == TIMESTAMPS_HEAD) {
				p->has_timestamps = 1;
				__builtin_memcpy(p->timestamps, plain->timestamps, sizeof plain->timestamps);
			}
			return 1;
		}
		if (!ipv4_read(skb, p, &ip_end))
			return 0;
	} else if (protocol == bpf_htons(ETH_P_IPV6)) {
		if (!ipv6_read(skb, p, &ip_end))
			return 0;
	} else {
		return 0;
	}
	if (bpf_skb_load_bytes(skb, p->l4, &copy.tcp, sizeof copy.tcp) || !tcp_read(skb, p, &copy.tcp, ip_end))
		return 0;
	if (copy.tcp.doff >= 8) {
		if (bpf_skb_load_bytes(skb, p->l4 + sizeof copy.tcp, p->timestamps, sizeof p->timestamps))
			return 0;
		p->has_timestamps = p->timestamps[0] == TIMESTAMPS_HEAD;
	}
	return 1;
}

/* The sequence number after this segment. */
static __always_inline __u32 packet_next_seq(struct packet *p)
{
	return p->seq + (p->end - p->data) + (p->flags & TCP_FIN ? 1 : 0);
}

#endif

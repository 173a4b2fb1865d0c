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

struct packet {
	struct flow flow;
	__u32 l2;              /* bytes before the IP header: 14, 18 with a VLAN tag, or 0 where a device has no such header */
	__u32 l4;              /* offset of the TCP header */
	__u32 data, end;       /* offsets of the payload */
	__u32 port;            /* destination, host order */
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

	if (bpf_skb_load_bytes(skb, p->l2, &ip, sizeof ip))
		return 0;
	if (ip.protocol != IPPROTO_TCP || ip.ihl < 5 || ip.frag_off & bpf_htons(0x3fff))
		return 0;
	p->l4 = p->l2 + 4 * ip.ihl;
	*ip_end = ip.tot_len ? p->l2 + bpf_ntohs(ip.tot_len) : skb->len;        /* 0: BIG TCP */
	p->flow.source[10] = p->flow.source[11] = p->flow.destination[10] = p->flow.destination[11] = 0xff;
	__builtin_memcpy(p->flow.source + 12, &ip.saddr, 4);
	__builtin_memcpy(p->flow.destination + 12, &ip.daddr, 4);
	return 1;
}

/* Reads the headers; 0 where this is no TCP segment for this host, or none that we can follow (fragments). */
static __always_inline int packet_read(struct __sk_buff *skb, __u32 l2, struct packet *p)
{
	__builtin_memset(p, 0, sizeof *p);
	struct tcphdr tcp;
	__u32 ip_end, header, protocol = skb->protocol;

	if (skb->pkt_type != PACKET_HOST)
		return 0;
	p->l2 = l2;
	if (protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD)) {
		__u16 inner = 0;
		if (bpf_skb_load_bytes(skb, l2 + 2, &inner, sizeof inner))
			return 0;
		protocol = inner;
		p->l2 += 4;
	}
	if (protocol == bpf_htons(ETH_P_IP)) {
		if (!ipv4_read(skb, p, &ip_end))
			return 0;
	} else if (protocol == bpf_htons(ETH_P_IPV6)) {
		if (!ipv6_read(skb, p, &ip_end))
			return 0;
	} else {
		return 0;
	}
	if (bpf_skb_load_bytes(skb, p->l4, &tcp, sizeof tcp))
		return 0;
	header = tcp.doff * 4;
	p->data = p->l4 + header;
	p->end = ip_end;
	if (header < sizeof tcp || p->data > p->end || p->end > skb->len)
		return 0;
	p->flow.source_port = tcp.source;
	p->flow.destination_port = tcp.dest;
	p->port = bpf_ntohs(tcp.dest);
	p->seq = bpf_ntohl(tcp.seq);
	p->ack = bpf_ntohl(tcp.ack_seq);
	p->flags = ((__u8 *)&tcp)[13];
	p->checksum = tcp.check;
	if (header >= sizeof tcp + sizeof p->timestamps) {
		if (bpf_skb_load_bytes(skb, p->l4 + sizeof tcp, p->timestamps, sizeof p->timestamps))
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

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is needed of a segment's headers. */
#ifndef XFF_BAN_PACKET_H
#define XFF_BAN_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "connection.h"

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

struct packet {
	struct flow flow;
	__u32 l2;              /* bytes before the IP header: 14, or 0 where a device has no such header */
	__u32 l4;              /* offset of the TCP header */
	__u32 data, end;       /* offsets of the payload */
	__u32 port;            /* destination, host order */
	__u32 seq, ack, flags;
	__u32 ipv6;
	__u32 has_timestamps;
	__u32 timestamps[3];   /* NOP NOP kind length, the sender's, its echo of ours; network order */
};

#define TIMESTAMPS_HEAD bpf_htonl(0x0101080a)

/* Reads the headers; 0 where this is no TCP segment that we can follow (fragments, IP options and extensions). */
static __always_inline int packet_read(struct __sk_buff *skb, __u32 l2, struct packet *p)
{
	struct tcphdr tcp;
	__u32 ip_end, header;

	p->l2 = l2;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;
		if (bpf_skb_load_bytes(skb, l2, &ip, sizeof ip))
			return 0;
		if (ip.protocol != IPPROTO_TCP || ip.ihl != 5 || ip.frag_off & bpf_htons(0x3fff))
			return 0;
		p->l4 = l2 + sizeof ip;
		ip_end = ip.tot_len ? l2 + bpf_ntohs(ip.tot_len) : skb->len;    /* 0: BIG TCP */
		p->flow.source[10] = p->flow.source[11] = p->flow.destination[10] = p->flow.destination[11] = 0xff;
		__builtin_memcpy(p->flow.source + 12, &ip.saddr, 4);
		__builtin_memcpy(p->flow.destination + 12, &ip.daddr, 4);
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip;
		if (bpf_skb_load_bytes(skb, l2, &ip, sizeof ip) || ip.nexthdr != IPPROTO_TCP)
			return 0;
		p->ipv6 = 1;
		p->l4 = l2 + sizeof ip;
		ip_end = p->l4 + bpf_ntohs(ip.payload_len);
		__builtin_memcpy(p->flow.source, &ip.saddr, 16);
		__builtin_memcpy(p->flow.destination, &ip.daddr, 16);
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
	if (header == sizeof tcp + sizeof p->timestamps) {
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

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * At which of the devices on its way a packet is looked at, so that each request is read once:
 *
 *     for this host         as it comes in, by the device that hands it to the stack: not by the member of a bridge
 *     for a container, VM   as it leaves for there, whether it came over a bridge, by routing or NAT, or from this host
 *     for macvlan, ipvlan   as it comes in by the device below, since none of ours leads there
 *     for other hosts       as it comes in
 *
 * What may pass two of these places belongs to the one that sees its SYN; connection.h remembers which.
 */
#ifndef XFF_BAN_DEVICE_H
#define XFF_BAN_DEVICE_H

#include "maps.h"

#define FAMILY_IPV4 2          /* AF_INET and AF_INET6: their header is not for programs */
#define FAMILY_IPV6 10

static __always_inline struct device *device_of(__u32 number)
{
	return bpf_map_lookup_elem(&devices, &number);
}

/* Whether a frame is for somebody to whom this place leads. */
static __always_inline int is_addressed(struct __sk_buff *skb, __u32 hook)
{
	struct device *device;

	if (skb->pkt_type == PACKET_HOST)
		return 1;
	if (skb->pkt_type != PACKET_OTHERHOST)
		return 0;
	if (hook == HOOK_OUT)
		return 1;
	device = device_of(skb->ifindex);
	return device && device->flags & DEVICE_OTHERS;
}

/* How requests to the segment's port are read; 0 where they are not. What NAT has led there goes by the port it came to. */
static __always_inline struct port *port_of(struct packet *p)
{
	struct port *port = bpf_map_lookup_elem(&ports, &p->port);
	struct target target;
	__u32 *given;

	if (port || p->hook == HOOK_IN)
		return port;
	__builtin_memcpy(target.address, p->flow.destination, sizeof target.address);
	target.port = p->port;
	given = bpf_map_lookup_elem(&targets, &target);
	if (!given)
		return 0;
	p->port = *given;
	return bpf_map_lookup_elem(&ports, &p->port);
}

/* Whether what comes in, and no socket of ours takes, is looked at when it leaves. */
__noinline int is_seen_leaving(struct __sk_buff *skb, struct packet *p, struct port *port)
{
	struct bpf_fib_lookup route = {};
	struct device *device;
	long found;

	if (!p || !port || p->hook == HOOK_OUT)
		return 0;
	if (port->translated)
		return 1;
	if (skb->pkt_type != PACKET_HOST)
		return 0;
	route.ifindex = skb->ifindex;
	route.l4_protocol = IPPROTO_TCP;
	route.sport = p->flow.source_port;
	route.dport = p->flow.destination_port;
	if (p->ipv6) {
		route.family = FAMILY_IPV6;
		__builtin_memcpy(route.ipv6_src, p->flow.source, 16);
		__builtin_memcpy(route.ipv6_dst, p->flow.destination, 16);
	} else {
		route.family = FAMILY_IPV4;
		__builtin_memcpy(&route.ipv4_src, p->flow.source + 12, 4);
		__builtin_memcpy(&route.ipv4_dst, p->flow.destination + 12, 4);
	}
	found = bpf_fib_lookup(skb, &route, sizeof route, 0);
	if ((found != BPF_FIB_LKUP_RET_SUCCESS && found != BPF_FIB_LKUP_RET_NO_NEIGH) || route.ifindex == skb->ifindex)
		return 0;
	device = device_of(route.ifindex);
	return device && device->flags & DEVICE_LEAVING;
}

#endif

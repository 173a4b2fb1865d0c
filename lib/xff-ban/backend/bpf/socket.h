/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the TCP stack makes of a segment, this host's own or that of the container which it leaves for: it knows best which
 * belong to a connection, and where they stand.
 */
#ifndef XFF_BAN_SOCKET_H
#define XFF_BAN_SOCKET_H

#include "packet.h"

enum owner {
	OWNER_NOBODY,          /* the stack will not take it: a port that is closed to the sender, a connection that is over */
	OWNER_SOCKET,          /* an established connection */
	OWNER_OPENING,         /* a connection that has been asked for; its first data open it */
	OWNER_ELSEWHERE,       /* no socket that we can see: it is passed on, by routing or NAT */
};

struct socket {
	__u32 owner;           /* enum owner; the rest is known of OWNER_SOCKET only */
	__u32 fresh;           /* it has not yet received a byte */
	__u32 rcv_nxt;         /* the next byte that the stack awaits */
	__u32 snd_una, snd_nxt; /* what it has sent: acknowledged before the one, nothing from the other on */
};

/* Of linux/tcp_states.h, which user space does not get. */
enum { STATE_TIME_WAIT = 6, STATE_CLOSE = 7, STATE_LISTEN = 10, STATE_NEW_SYN_RECV = 12 };

/* Where SYN cookies are in use, the first segment after the handshake may meet nothing but the listener. */
static __always_inline int is_cookie(struct __sk_buff *skb, struct packet *p, struct bpf_sock *listener)
{
	struct tcphdr tcp;

	if (bpf_skb_load_bytes(skb, p->l4, &tcp, sizeof tcp))
		return 0;
	if (p->ipv6) {
		struct ipv6hdr ip;
		return !bpf_skb_load_bytes(skb, p->l2, &ip, sizeof ip) &&
		       !bpf_tcp_check_syncookie(listener, &ip, sizeof ip, &tcp, sizeof tcp);
	}
	struct iphdr ip;
	return !bpf_skb_load_bytes(skb, p->l2, &ip, sizeof ip) &&
	       !bpf_tcp_check_syncookie(listener, &ip, sizeof ip, &tcp, sizeof tcp);
}

__noinline int socket_find(struct __sk_buff *skb, struct packet *p, struct socket *s)
{
	if (!p || !s)
		return 0;
	struct bpf_sock_tuple tuple;
	struct bpf_sock *sock;

	__builtin_memset(s, 0, sizeof *s);
	if (p->hook == HOOK_OUT && p->netns < 0) {
		s->owner = OWNER_ELSEWHERE;
		return 0;
	}
	if (p->ipv6) {
		__builtin_memcpy(tuple.ipv6.saddr, p->flow.source, 16);
		__builtin_memcpy(tuple.ipv6.daddr, p->flow.destination, 16);
		tuple.ipv6.sport = p->flow.source_port;
		tuple.ipv6.dport = p->flow.destination_port;
		sock = bpf_skc_lookup_tcp(skb, &tuple, sizeof tuple.ipv6, (__s64)p->netns, 0);
	} else {
		__builtin_memcpy(&tuple.ipv4.saddr, p->flow.source + 12, 4);
		__builtin_memcpy(&tuple.ipv4.daddr, p->flow.destination + 12, 4);
		tuple.ipv4.sport = p->flow.source_port;
		tuple.ipv4.dport = p->flow.destination_port;
		sock = bpf_skc_lookup_tcp(skb, &tuple, sizeof tuple.ipv4, (__s64)p->netns, 0);
	}
	if (!sock) {
		s->owner = OWNER_ELSEWHERE;
		return 0;
	}
	__u32 state = sock->state;
	if (state == STATE_LISTEN) {
		if (!(p->flags & TCP_SYN) && is_cookie(skb, p, sock))
			s->owner = OWNER_OPENING;
	} else if (state == STATE_NEW_SYN_RECV) {
		s->owner = OWNER_OPENING;
	} else if (state != STATE_TIME_WAIT && state != STATE_CLOSE) {
		struct bpf_tcp_sock *tcp = bpf_tcp_sock(sock);
		if (tcp) {
			s->owner = OWNER_SOCKET;
			s->rcv_nxt = tcp->rcv_nxt;
			s->snd_una = tcp->snd_una;
			s->snd_nxt = tcp->snd_nxt;
			s->fresh = !tcp->bytes_received;
		}
	}
	bpf_sk_release(sock);
	return 0;
}

#define WINDOW (1 << 24)       /* no receive window is larger than 16 MB and a bit: net.ipv4.tcp_rmem ends far below */

/* Whether the stack takes a segment for one of this connection, and finds something new in it. */
static __always_inline int socket_takes(struct socket *s, struct packet *p)
{
	__s32 ahead = p->seq - s->rcv_nxt, length = p->end - p->data;

	return ahead < WINDOW && ahead > -WINDOW && ahead + length > 0 &&
	       (__s32)(p->ack - s->snd_nxt) <= 0 && (__s32)(s->snd_una - p->ack) < WINDOW;
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Header sections of which a part has come wait here for the rest; the row of the connection knows the place. A new one
 * gets the next free place of eight that a hand which goes round points at, or the last of them, in which the oldest is.
 */
#ifndef XFF_BAN_HEADERS_H
#define XFF_BAN_HEADERS_H

#include "maps.h"

#define ATTEMPTS 8

/* Takes a section out; 0 where it is gone. */
static __always_inline int half_take(__u64 hash, __u32 place, struct header *header)
{
	struct half *h = bpf_map_lookup_elem(&halves, &place);
	int found = 0;

	if (!h)
		return 0;
	bpf_spin_lock(&h->lock);
	if (h->hash == hash) {
		*header = h->header;
		h->hash = 0;
		found = 1;
	}
	bpf_spin_unlock(&h->lock);
	return found;
}

/* Puts one away, and returns its place. */
static __always_inline __u32 half_put(__u64 hash, const struct header *header)
{
	__u32 zero = 0, place = 0;
	int done = 0;
	struct common *common = bpf_map_lookup_elem(&commons, &zero);

	if (!common)
		return 0;
	for (int i = 1; i <= ATTEMPTS && !done; i++) {
		place = common->hand++ & (MAX_HALVES - 1);
		struct half *h = bpf_map_lookup_elem(&halves, &place);
		if (!h)
			return 0;
		bpf_spin_lock(&h->lock);
		if (!h->hash || i == ATTEMPTS) {
			h->hash = hash;
			h->header = *header;
			done = 1;
		}
		bpf_spin_unlock(&h->lock);
	}
	return place;
}

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The connections that are followed: a table of small rows. Each lies in one of two buckets of eight, in the first while
 * that is no more than half full, and is known by a hash of its addresses and ports: 33 bytes a connection, where a map of
 * the kernel's own takes 130. So 65,536 of 81,920 rows can be had with hardly one left out.
 *
 * Where both buckets are full a new row takes the place of a lesser one, or of the idlest of its kind: what only a SYN
 * speaks for never displaces a connection, and what passes through this host none that ends here.
 */
#ifndef XFF_BAN_CONNECTIONS_H
#define XFF_BAN_CONNECTIONS_H

#include "maps.h"

/* In milliseconds, or nearly: 2^20 nanoseconds. */
static __always_inline __u32 now(void)
{
	return bpf_ktime_get_coarse_ns() >> 20;
}

/* The kernel's own, of 1 to 10 milliseconds: nothing costs less to read. */
static __always_inline __u32 ticks(void)
{
	return bpf_jiffies64();
}

/* Multiplied and folded, with a number that nobody outside knows, so that nobody can choose where he comes to lie. */
static __always_inline __u64 mixed(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

/* A number of the table's own, made when it is first used. */
static __always_inline __u64 table_secret(void)
{
	__u32 zero = 0;
	__u64 secret;
	struct common *common = bpf_map_lookup_elem(&commons, &zero);

	if (!common)
		return 0;
	if (common->secret)
		return common->secret;
	secret = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32() | 1;
	bpf_spin_lock(&common->lock);
	if (!common->secret)
		common->secret = secret;
	secret = common->secret;
	bpf_spin_unlock(&common->lock);
	return secret;
}

#define VERSIONS 0xff          /* of a row: odd while it is being written */

static __always_inline void tag_of(struct flow *f, struct tag *t)
{
	__u64 *words = (__u64 *)f, hash = table_secret();

#pragma unroll
	for (int i = 0; i < sizeof *f / 8; i++)
		hash = mixed(hash, words[i]);
	t->hash = (hash | (VERSIONS + 1)) & ~(__u64)VERSIONS;
	hash = mixed(hash, 0);
	t->bucket[0] = ((hash & 0xffffffff) * BUCKETS) >> 32;
	t->bucket[1] = ((hash >> 32) * BUCKETS) >> 32;
}

/* Which row of a bucket is this connection's; BUCKET_ROWS: none. Rows are filled from the first one on. */
static __always_inline __u32 bucket_row(struct bucket *b, __u64 hash)
{
	__u32 row;

	for (row = 0; row < BUCKET_ROWS; row++)
		if ((b->row[row].hash & ~(__u64)VERSIONS) == hash || !b->row[row].hash)
			break;
	return row < BUCKET_ROWS && b->row[row].hash ? row : BUCKET_ROWS;
}

#define CLOSING_TIME 131072    /* how long bare ACKs to an answer may come, ticks(): two minutes at the least */

/* In a small place, of which several connections share a part: whether one of them was answered not long ago. */
static __always_inline int may_be_closing(struct tag *t)
{
	__u32 zero = 0;
	struct common *common = bpf_map_lookup_elem(&commons, &zero);

	return common && ticks() - common->closed[t->hash >> 32 & (CLOSED - 1)] < CLOSING_TIME;
}

static __always_inline void is_closing_now(struct tag *t)
{
	__u32 zero = 0;
	struct common *common = bpf_map_lookup_elem(&commons, &zero);

	if (common)
		common->closed[t->hash >> 32 & (CLOSED - 1)] = ticks();
}

#define READINGS 16            /* of a row, until none writes meanwhile */

/* Copies a row; 0 where it has become another's. */
static __always_inline int row_read(struct bucket *b, __u32 row, __u64 hash, struct connection *c)
{
	__u64 before = 0;

	int left = READINGS;

	/* Linux 6.1 takes a loop that ends with its condition */
	do {
		before = b->row[row].hash;
		barrier();
		*c = b->row[row].connection;
		barrier();
	} while (((before & 1) || b->row[row].hash != before) && --left);
	return (before & ~(__u64)VERSIONS) == hash;
}

/* Copies a row to *c, and keeps its place in *t; where there is none, c->stage is STAGE_NONE. */
static __always_inline void connection_find(struct tag *t, struct connection *c)
{
	t->place = PLACE_NONE;
	for (__u32 i = 0; i < 2; i++) {
		__u32 number = t->bucket[i];
		struct bucket *b = bpf_map_lookup_elem(&connections, &number);
		if (!b)
			break;
		__u32 row = bucket_row(b, t->hash);
		if (row < BUCKET_ROWS) {
			if (!row_read(b, row, t->hash, c))
				break;
			t->place = t->bucket[i] * BUCKET_ROWS + row;
			return;
		}
		if (!b->row[BUCKET_HALF].hash)                           /* then none has gone on to the second */
			break;
	}
	__builtin_memset(c, 0, sizeof *c);
}

/* 1 where x is not 0; without a branch, as in all of this: the verifier would try every way through sixteen rows. */
static __always_inline __u64 is_set(__u64 x)
{
	x |= -x;
	barrier_var(x);
	return x >> 63;
}

/* What a row may displace, and by what it may be displaced: 1 only a SYN speaks for it, 2 it passes through, 3 it is ours. */
static __always_inline __u64 worth(const struct connection *c)
{
	__u64 more = is_set(c->stage ^ STAGE_OPEN);

	return 1 + more + (more & c->flags & CONNECTION_LOCAL);
}

#define FREE (1ULL << 40)      /* more than any other rank */

/*
 * The row of a bucket that is given away first for one of that worth, in the lowest byte, and behind it how gladly it is:
 * free ones of the emptier bucket, then the lesser, then the idler; 0 is not at all.
 */
static __always_inline __u64 bucket_spare(struct bucket *b, __u64 worth_of_new, __u32 now)
{
	__s64 best = 0;
	__u64 all_free = 0;

#pragma unroll
	for (__u64 i = 0; i < BUCKET_ROWS; i++) {
		const struct row *r = &b->row[i];
		__u64 own = worth(&r->connection), idle = (__u32)(now - r->connection.seen) >> 4, free = 1 - is_set(r->hash);
		__s64 may = own - worth_of_new - 1;              /* negative where it may go */
		barrier_var(may);
		may = may >> 63 & ((4 - own) << 28 | idle | 1);
		all_free += free;
		may += free * FREE;
		may = may << 8 | (BUCKET_ROWS - 1 - i);          /* the first of them */
		may = best - may;
		barrier_var(may);
		best -= may & may >> 63;                         /* the larger */
	}
	return best + (all_free << 44 & -(__u64)is_set(all_free));
}

static __always_inline __u32 place_in(__u32 bucket, __u64 spare)
{
	return bucket * BUCKET_ROWS + BUCKET_ROWS - 1 - (spare & (BUCKET_ROWS - 1));
}

/* The place for a row that is new; PLACE_NONE: there is none. */
static __always_inline __u32 place_for(struct tag *t, struct connection *c)
{
	__u64 spare[2];

#pragma unroll
	for (int i = 0; i < 2; i++) {
		__u32 number = t->bucket[i];
		struct bucket *b = bpf_map_lookup_elem(&connections, &number);
		if (!b)
			return PLACE_NONE;
		if (!i && !b->row[BUCKET_HALF].hash)
			return place_in(t->bucket[0], bucket_spare(b, worth(c), c->seen));
		spare[i] = bucket_spare(b, worth(c), c->seen);
	}
	if (spare[0] >> 8 == 0 && spare[1] >> 8 == 0)
		return PLACE_NONE;
	return spare[0] >= spare[1] ? place_in(t->bucket[0], spare[0]) : place_in(t->bucket[1], spare[1]);
}

/*
 * Writes the row, a new one where connection_find found none. Who writes makes the version odd, and others wait a little;
 * longer than anybody writes they do not, since who does may have lost his CPU to another machine.
 */
__noinline int connection_store(struct tag *t, struct connection *c)
{
	if (!t || !c)
		return 0;
	__u32 is_new = t->place == PLACE_NONE, place = is_new ? place_for(t, c) : t->place;
	__u32 row = place & (BUCKET_ROWS - 1), bucket = place / BUCKET_ROWS;
	struct bucket *b = bpf_map_lookup_elem(&connections, &bucket);
	__u64 before = 0, version;
	int left = READINGS;

	if (!b)
		return 0;
	do {
		before = b->row[row].hash;
		if (!is_new && (before & ~(__u64)VERSIONS) != t->hash)   /* another took it meanwhile */
			return 0;
		version = (before + 1) & VERSIONS;
	} while (((before & 1) || __sync_val_compare_and_swap(&b->row[row].hash, before, t->hash | version) != before) &&
		 --left);
	barrier();
	b->row[row].connection = *c;
	barrier();
	b->row[row].hash = t->hash | (((before | 1) + 1) & VERSIONS);
	t->place = place;
	return 0;
}

#endif

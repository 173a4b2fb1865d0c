/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* All tables. The first eight are the contract with user space, the others are the kernel's own memory. */
#ifndef XFF_BAN_MAPS_H
#define XFF_BAN_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "contract.h"
#include "scratch.h"

#define MAX_HALVES 8192        /* header sections that came in part, at a time; a power of two */

/* Most keys and values have a size and no type: bpftool asks the kernel for the types of a table that has some, and for
   that it takes CAP_SYS_ADMIN (BPF_BTF_GET_FD_BY_ID), where all else takes CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN. */

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MAX_BANS);
	__uint(key_size, sizeof(struct range));
	__uint(value_size, sizeof(struct ban));
	__uint(map_flags, BPF_F_NO_PREALLOC);
} bans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MAX_RANGES);
	__uint(key_size, sizeof(struct range));
	__uint(value_size, sizeof(__u32));
	__uint(map_flags, BPF_F_NO_PREALLOC);
} trust SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PORTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct port));
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, MAX_PORTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct counters));
} stats SEC(".maps");

/* Which id is which name: only user space reads it. To claim an id, create it ("noexist"). */
struct jail_name { char text[NAME_SIZE]; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PORTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct jail_name));
} jails SEC(".maps");

/* What a jail's ports answer instead of the built-in text. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PORTS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct text));
	__uint(map_flags, BPF_F_NO_PREALLOC);
} texts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__uint(key_size, sizeof(struct target));
	__uint(value_size, sizeof(__u32));
	__uint(map_flags, BPF_F_NO_PREALLOC);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_DEVICES);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct device));
	__uint(map_flags, BPF_F_NO_PREALLOC);
} devices SEC(".maps");

/* See connections.h. */
#define BUCKET_ROWS 8
#define BUCKET_HALF 4
#define BUCKETS     10240

/* A hash and what it stands for in one cache line, since most often the first row is the one. */
struct bucket {
	struct row {
		__u64 hash;    /* and the version of the row in the lowest byte; 0: free */
		struct connection connection;
	} row[BUCKET_ROWS];
};
_Static_assert(sizeof(struct bucket) == 256, "whole cache lines");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BUCKETS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct bucket));
	__uint(map_flags, BPF_F_MMAPABLE);      /* for it begins with a page then, and a bucket with a cache line */
} connections SEC(".maps");

#define CLOSED 4096            /* a power of two */

/* What all tables share. It and the next have types, since their locks take that; nobody looks into them from outside. */
struct common {
	__u64 secret;          /* makes hashes that nobody outside can foresee */
	__u32 hand;            /* of `halves`: where the last one was put */
	struct bpf_spin_lock lock;
	__u32 closed[CLOSED];  /* when the newest connection of those that share it was answered; ticks() */
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct common);
} commons SEC(".maps");

/* Header sections of which a part has come; see headers.h. */
struct half {
	__u64 hash;            /* of its connection; 0: free */
	struct header header;
	struct bpf_spin_lock lock;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_HALVES);
	__type(key, __u32);
	__type(value, struct half);
} halves SEC(".maps");

/*
 * Where a segment is worked on, too big for the stack: by hook, since what one sends out may pass the other meanwhile. A tc
 * program is not interrupted by itself on its CPU.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct scratch));
} scratch SEC(".maps");

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* All tables. The first five are the contract with user space, the others are the kernel's own memory. */
#ifndef XFF_BAN_MAPS_H
#define XFF_BAN_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "contract.h"
#include "connection.h"

#define MAX_CONNECTIONS 8192   /* followed at a time; the idlest leave first */
#define MAX_CLOSING     16384

/* Keys and values have a size and no type: bpftool asks the kernel for the types of a table that has some, and for
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

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_CONNECTIONS);
	__uint(key_size, sizeof(struct flow));
	__uint(value_size, sizeof(struct connection));
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_CLOSING);
	__uint(key_size, sizeof(struct flow));
	__uint(value_size, sizeof(struct closing));
} closings SEC(".maps");

/* Where a segment is worked on: too big for the stack. A tc program is not interrupted by itself on its CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct desk));
} desk SEC(".maps");

/* `counters` of a port that user space has not given a row is not kept */
#define COUNT(counters, field) ({ if (counters) (counters)->field++; })

#endif

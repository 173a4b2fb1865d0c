/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What user space writes and the kernel reads, byte by byte.
 *
 * Numbers are in the machine's own byte order (little-endian on x86-64 and arm64), addresses are 16 bytes in
 * network order, IPv4 as ::ffff:a.b.c.d. There is no hidden padding: a gap is a field called `zero`, and is zero.
 */
#ifndef XFF_BAN_CONTRACT_H
#define XFF_BAN_CONTRACT_H

#include <linux/types.h>

#define MAX_BANS   (1 << 20)
#define MAX_RANGES 4096        /* trusted ranges, of all jails */
#define MAX_PORTS  64
#define MAX_TARGETS 1024
#define MAX_DEVICES 16384
#define NAME_SIZE  64          /* a header's or a jail's name; a power of two */
#define MAX_HOPS   8           /* a power of two */
#define TEXT_SIZE  1024        /* of an answer, which is one segment on any path; a power of two */

/* Key of `bans` and `trust` (LPM tries). 24 bytes. */
struct range {
	__u32 prefixlen;       /*  0: 32 (the jail, always matched in full) + bits of the address, 32..160 */
	__u32 jail;            /*  4: id, a key of `jails` */
	__u8  address[16];     /*  8: bits past the prefix are zero; 203.0.113.0/24 has 96 + 24 = 120 bits */
};
_Static_assert(sizeof(struct range) == 24, "contract.ts writes it");

/* Value of `bans`. 32 bytes. */
struct ban {
	__u64 until;           /*  0: CLOCK_BOOTTIME in nanoseconds; in the past: as if absent */
	__u32 bits;            /*  8: of the address, 0..128: the key's prefixlen - 32; 0 with `until` 0: a hole in a wider ban */
	__u32 zero;            /* 12 */
	__u64 hits;            /* 16: requests stopped (or, in a rehearsal, counted); the kernel adds to it */
	__u64 last;            /* 24: CLOCK_BOOTTIME of the last hit, 0 for none; the kernel writes it */
};
_Static_assert(sizeof(struct ban) == 32, "contract.ts writes it");

/* Value of `ports`; the key is the destination port as a __u32. 76 bytes. */
struct port {
	__u32 jail;            /*  0 */
	__u8  protocol;        /*  4: enum protocol */
	__u8  hops;            /*  5: 0: skip the hops that lie in `trust`; 1..8: the client is the Nth from the right */
	__u8  answer;          /*  6: enum answer */
	__u8  name_length;     /*  7: 1..63 */
	char  name[NAME_SIZE]; /*  8: header in lower case with '-' for '_', or uwsgi variable as it is; then zeros */
	__u32 translated;      /* 72: 1: NAT leads from it to `targets`, so that only what is for this host is looked at on arrival */
};
_Static_assert(sizeof(struct port) == 76, "contract.ts writes it");

enum protocol { PROTOCOL_HTTP = 0, PROTOCOL_UWSGI = 1 };
enum answer { ANSWER_COUNT = 0, ANSWER_403 = 1, ANSWER_429 = 2, ANSWER_RESET = 3 };

/* Value of `texts`; the key is the jail. What its ports answer instead of the built-in text, headers included. 1032 bytes. */
struct text {
	__u32 length;          /*  0: 1..1024 */
	__u32 retry_at;        /*  4: where in it 12 blanks stand for the seconds until the end of the ban, even; 0: nowhere */
	char  text[TEXT_SIZE]; /*  8: then zeros */
};
_Static_assert(sizeof(struct text) == TEXT_SIZE + 8, "contract.ts writes it");

/*
 * Key of `targets`; the value is the port given, a __u32, a key of `ports`. Where NAT of this host takes requests to that
 * port: they are looked at as they leave for there. 20 bytes.
 */
struct target {
	__u8  address[16];     /*  0 */
	__u32 port;            /* 16 */
};
_Static_assert(sizeof(struct target) == 20, "contract.ts writes it");

/* Value of `devices`; the key is the number of the device as a __u32. 8 bytes. */
struct device {
	__s32 netns;           /*  0: in which network namespace its other end lies, as this one numbers them; -1: not known */
	__u32 flags;           /*  4: enum device_flag */
};
_Static_assert(sizeof(struct device) == 8, "contract.ts writes it");

enum device_flag {
	DEVICE_LEAVING = 1,    /* whatever leaves by it is looked at as it leaves */
	DEVICE_OTHERS = 2,     /* it hands on frames that are for others: it is a member of a bridge, or below a macvlan */
};

/* Value of `trust`: a __u32, 1. Value of `jails`: char[NAME_SIZE], the name and zeros; its key is the id. */

/* Value of `stats`, one for each possible CPU; the key is the port as a __u32. 96 bytes. */
struct counters {
	__u64 segments;        /*  0: with data, looked at */
	__u64 requests;        /*  8: header sections read to their end */
	__u64 hits;            /* 16: of these, from the banned */
	__u64 unattributed;    /* 24: of these, without a client */
	__u64 foreign;         /* 32: segments that are no request where one should begin (TLS, a body met in mid-stream) */
	__u64 split;           /* 40: segments that ended inside a header section */
	__u64 repeated;        /* 48: parts of a section already seen: retransmissions, or a second device */
	__u64 overtaken;       /* 56: segments dropped because what should be read before them is still missing */
	__u64 lost;            /* 64: connections of which a part was missing for too long: from there on they are guessed */
	__u64 closing;         /* 72: segments after an answer, acknowledged here */
	__u64 expired;         /* 80: bans met after their end: not yet swept */
	__u64 errors;          /* 88: answers that could not be written */
};
_Static_assert(sizeof(struct counters) == 96, "contract.ts writes it");

#endif

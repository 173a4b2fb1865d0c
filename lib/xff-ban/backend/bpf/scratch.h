/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What a segment is worked on with; too big for the stack, and one for each CPU. */
#ifndef XFF_BAN_SCRATCH_H
#define XFF_BAN_SCRATCH_H

#include "packet.h"

#ifndef CHUNK                  /* a test has it smaller, to come to the ends of many */
#define CHUNK 4096             /* bytes taken from the packet at a time; a power of two */
#endif
#define SUM_PIECE 512          /* bytes that are summed up at a time: more bpf_csum_diff does not take; a power of two */
#define BYTES_BEHIND 96        /* of room, since whole words are read */

/* Known by a hash of its addresses and ports; connections.h. */
struct tag {
	__u64 hash;            /* never 0, but for its lowest byte */
	__u32 bucket[2];
	__u32 place;           /* of its row */
	__u32 zero;
};

#define PLACE_NONE 0xffffffffU

/* What came of the newest segment; only tests read it. */
enum verdict { VERDICT_NONE, VERDICT_UNATTRIBUTED, VERDICT_CLIENT, VERDICT_BANNED };

enum stop { STOP_NOT, STOP_READ, STOP_BANNED };

struct scratch {
	__u32 verdict;
	__u8  client[16];
	__u32 stop;            /* enum stop: nothing more is read of this segment */
	__u64 left;            /* of the ban that was hit, in nanoseconds */
	__u64 beyond;          /* bytes of a body that come behind the segment */
	__u32 offset, end;     /* of the segment, what is yet to be read */
	__u32 base;            /* of the segment, what `bytes` begins with */
	__u32 length, position; /* what is in `bytes`, and where in it */
	__u32 zero;
	struct tag tag;
	struct connection connection;
	struct header header;
	union { __u8 counted[16]; __u64 counted_words[2]; }; /* of this segment: in the order of struct counters */
	struct packet packet;
	char  bytes[(CHUNK > SUM_PIECE ? CHUNK : SUM_PIECE) + BYTES_BEHIND] __attribute__((aligned(8)));
};

#define COUNTER(what) (__builtin_offsetof(struct counters, what) / 8)
#define COUNT(scratch, what) ((scratch)->counted[COUNTER(what)]++)

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is remembered of a TCP connection between two segments. */
#ifndef XFF_BAN_CONNECTION_H
#define XFF_BAN_CONNECTION_H

#include "address.h"
#include "contract.h"

struct flow {                  /* network byte order; IPv4 as v4-mapped */
	__u8  source[16], destination[16];
	__u16 source_port, destination_port;
	__u32 zero;
};

struct hops {
	__u32 seen;            /* entries so far */
	__u16 lookups;         /* in `trust` so far */
	__u8  addresses;       /* a bit a slot: it is an address */
	__u8  candidate;       /* enum candidate: among those that are no longer in the ring */
	__u8  older[16];       /* its address */
	__u8  address[MAX_HOPS][16]; /* a ring of the last */
};

enum candidate { CANDIDATE_NONE, CANDIDATE_ADDRESS, CANDIDATE_UNKNOWN };

/* Where the reader stands in a header section; it fits in a map, so a section may span any number of segments. */
struct header {
	__u64 value;           /* HTTP: a length so far; in the request line: its last eight bytes */
	__u64 length;          /* of the body that follows */
	__u32 read;            /* bytes of the section so far */
	__u32 size;            /* uwsgi: rest of the key or value; of a length: what has been met of it */
	__u32 block;           /* uwsgi: rest of the block */
	__u8  phase;           /* enum phase */
	__u8  result;          /* enum result */
	__u8  names;           /* a bit a name that the line (key) in hand may have, or has: enum name */
	__u8  matched;         /* bytes of it met so far; in a block's head or a size: bytes read */
	__u8  framing;         /* enum framing */
	__u8  guessed;         /* the section was met in mid-stream and only looks like one */
	__u8  last;            /* the byte before those that come next */
	__u8  zero;
	struct address_text text;
	struct hops hops;
};

enum phase {
	HTTP_FIRST_BYTE,
	HTTP_METHOD,
	HTTP_URI,
	HTTP_VERSION,
	HTTP_VERSION_CR,
	HTTP_LINE_START,
	HTTP_NAME,
	HTTP_VALUE,            /* of the header that tells the client */
	HTTP_VALUE_CR,         /* CR in it: the line's end, if LF follows */
	HTTP_LENGTH,           /* of Content-Length */
	HTTP_CODING,           /* of Transfer-Encoding */
	HTTP_OTHER_LINE,
	HTTP_LAST_LINE,        /* CR where a name would begin */
	UWSGI_HEAD,
	UWSGI_KEY_SIZE,
	UWSGI_KEY,             /* as long as a wanted one */
	UWSGI_OTHER_KEY,
	UWSGI_VALUE_SIZE,
	UWSGI_VALUE,           /* of the variable that tells the client */
	UWSGI_LENGTH,          /* of CONTENT_LENGTH */
	UWSGI_OTHER_VALUE,
};

enum name { NAME_CLIENT = 1, NAME_LENGTH = 2, NAME_CODING = 4 };
enum result { RESULT_MORE, RESULT_COMPLETE, RESULT_FOREIGN };

/* How a body ends, as the section tells. */
enum framing {
	FRAMING_LENGTH = 1,    /* a length was told */
	FRAMING_CHUNKED = 2,
	FRAMING_UNKNOWN = 4,   /* contradictions, or a coding that we do not know: where it ends cannot be told */
};

enum stage {
	STAGE_NONE,            /* no row */
	STAGE_OPEN,            /* SYN seen, and no more */
	STAGE_START,           /* a header section begins at next_seq */
	STAGE_HEADER,          /* inside one, which goes on at next_seq */
	STAGE_CHUNKS,          /* inside a chunked body: the line of a chunk begins or goes on at next_seq */
	STAGE_UNSURE,          /* met in mid-stream: a section may begin with a segment, if its ack is another than `ack` */
	STAGE_CLOSING,         /* answered here; it has no server any more */
};

struct connection {
	__u32 next_seq;        /* of the next byte to be read; closing: all before it has been acknowledged */
	__u32 ack;             /* of the newest request: an answer moves it; closing: of the answer's first byte */
	__u32 isn;             /* of the newest SYN */
	__u32 rest;            /* so many times SKIP more bytes of a body come behind next_seq; chunks: a size; closing: seconds */
	__u32 seen;            /* when it was last written, ticks() */
	__u8  stage;           /* enum stage */
	__u8  phase;           /* chunks: enum chunk_phase */
	__u8  flags;           /* enum connection_flag */
	__u8  gap;             /* since when a part is missing, in units of 256 ms; 0: none is */
};
_Static_assert(sizeof(struct connection) == 24, "eight of them and their tags are a bucket of connections.h");

enum connection_flag {
	CONNECTION_LOCAL = 1,  /* a socket of this host, or of a container of its, stands for it */
	CONNECTION_GUESSED = 2, /* where it stands is a guess from mid-stream on */
	CONNECTION_ASKED = 4,  /* a request went through under `ack` */
	CONNECTION_PASSED_ON = 16, /* nobody listens that we can see: no socket will stand for it */
	CONNECTION_LEAVING = 32, /* it is followed as it leaves this host, and not as it comes in */
	CONNECTION_RENEWED = 8, /* closing: `isn` is of a SYN that came after the answer */
};

#define SKIP_BITS 28
#define SKIP (1U << SKIP_BITS) /* half of it is less than what sequence numbers can tell apart */

#endif

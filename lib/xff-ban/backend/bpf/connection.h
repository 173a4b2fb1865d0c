/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is remembered of a TCP connection between two segments. */
#ifndef XFF_BAN_CONNECTION_H
#define XFF_BAN_CONNECTION_H

#include "address.h"
#include "contract.h"

struct flow {                  /* network byte order; IPv4 as v4-mapped */
	__u8  source[16], destination[16];
	__u16 source_port, destination_port;
};

struct hops {
	__u32 seen;            /* by trust: only those that were candidates */
	__u32 addresses;       /* a bit a slot: it is an address */
	__u8  address[MAX_HOPS][16];
};

/* Where the reader stands in a header section; it fits in a map, so a section may span any number of segments. */
struct header {
	__u64 line_end;        /* HTTP: the last eight bytes of the request line */
	__u32 phase;           /* enum phase */
	__u32 matched;         /* bytes of the wanted name met so far; in a block's head or a size: bytes read */
	__u32 ours;            /* the line (key) in hand is the wanted one */
	__u32 size;            /* uwsgi: rest of the key or value */
	__u32 block;           /* uwsgi: rest of the block */
	__u32 result;          /* enum result */
	struct address_text text;
	struct hops hops;
};

enum phase {
	HTTP_REQUEST_LINE,
	HTTP_LINE_START,
	HTTP_NAME,
	HTTP_VALUE,            /* of the wanted header */
	HTTP_VALUE_CR,         /* CR in it: the line's end, if LF follows */
	HTTP_OTHER_LINE,
	HTTP_LAST_LINE,        /* CR where a name would begin */
	UWSGI_HEAD,
	UWSGI_KEY_SIZE,
	UWSGI_KEY,             /* as long as the wanted one */
	UWSGI_OTHER_KEY,
	UWSGI_VALUE_SIZE,
	UWSGI_VALUE,           /* of the wanted variable */
	UWSGI_OTHER_VALUE,
};

enum result { RESULT_MORE, RESULT_COMPLETE, RESULT_FOREIGN };

enum stage {
	STAGE_OPEN,            /* SYN seen: the request begins at next_seq, whatever it looks like */
	STAGE_HEADER,          /* inside a header section that goes on at next_seq */
	STAGE_BODY,            /* the section was let through: what comes under the same ack belongs to its request */
};

struct connection {
	__u32 next_seq;
	__u32 ack;             /* a new request comes after an answer, and so with another ack */
	__u32 stage;
	__u32 known_start;     /* the section began where a connection began, not at a segment that looked like it */
	__u64 gap_since;       /* boot time of the first segment that overtook the one awaited */
	struct header header;
};

/* A connection that was answered here, and has no server any more. */
struct closing {
	__u32 answer_seq;      /* of the answer's first byte */
	__u32 next_seq;        /* all before it has been acknowledged */
	__u32 answer;          /* enum answer */
};

#ifndef CHUNK                  /* a test has it smaller, to come to the ends of many */
#define CHUNK 4096             /* bytes taken from the packet at a time; a power of two */
#define CHUNKS 16              /* 64 KiB: no segment is longer, but for IPv4 BIG TCP */
#endif

/* What came of the newest segment; only tests read it. */
enum verdict { VERDICT_NONE, VERDICT_UNATTRIBUTED, VERDICT_CLIENT, VERDICT_BANNED };

struct desk {
	__u32 verdict;
	__u8  client[16];
	__u32 zero;
	struct connection connection;
	__u32 length, position; /* of what is in `bytes` */
	char  bytes[CHUNK + 32]; /* read 32 at a time */
};

#endif

/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Eight bytes at a time. Numbers in memory are little-endian, so the first byte is the lowest. */
#ifndef XFF_BAN_WORDS_H
#define XFF_BAN_WORDS_H

#include <linux/types.h>

#define ONES   0x0101010101010101ULL
#define HIGHS  0x8080808080808080ULL
#define LOWS   0x7f7f7f7f7f7f7f7fULL
#define WORDS_AT_A_TIME 8

/* Marks (0x80) the first byte that is c; there may be marks behind it that are wrong, and none before. */
static __always_inline __u64 bytes_equal(__u64 word, __u8 c)
{
	__u64 x = word ^ c * ONES;
	return (x - ONES) & ~x & HIGHS;
}

/* How many bytes stand before the first mark; there is one. */
static __always_inline __u32 bytes_before(__u64 marks)
{
	__u64 lowest = marks & -marks;
	return ((((lowest >> 7) - 1) & ONES) * ONES >> 56) & 7;
}

/* A..Z to a..z. */
static __always_inline __u64 lower_case_word(__u64 word)
{
	__u64 seven = word & LOWS;
	__u64 upper = (seven + (0x80 - 'A') * ONES) & ~(seven + (0x7f - 'Z') * ONES) & ~word & HIGHS;
	return word | upper >> 2;
}

/* '_' to '-'. */
static __always_inline __u64 hyphens_word(__u64 word)
{
	__u64 x = word ^ '_' * ONES;
	__u64 under = ~(((x & LOWS) + LOWS) | x | LOWS);
	return word ^ (under >> 7) * ('_' ^ '-');
}

/*
 * How many bytes stand before the first that is one or the other, of `length`, of which 64 are looked at. *found: whether
 * there is one. Reads behind `length`, up to the 64.
 */
static __always_inline __u32 find_either(const char *at, __u32 length, __u8 one, __u8 other, __u32 *found)
{
	const __u64 *words = (const __u64 *)at;
	__u32 before = 8 * WORDS_AT_A_TIME;

#pragma unroll
	for (__u32 i = 0; i < WORDS_AT_A_TIME; i++) {
		__u64 marks = bytes_equal(words[i], one);
		if (other != one)
			marks |= bytes_equal(words[i], other);
		if (marks) {
			before = 8 * i + bytes_before(marks);
			break;
		}
	}
	*found = before < length && before < 8 * WORDS_AT_A_TIME;
	return before < length ? before : length;
}

#endif

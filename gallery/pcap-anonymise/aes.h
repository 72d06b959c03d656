// AES-128 (FIPS 197), encryption alone, by a table of 1 KiB.
//
// It is not safe against someone who measures times; in a sandbox without a
// clock, on one's own captures, that does not matter.
#pragma once
#include "runner/runner.h"

#define AES_BLOCK 16
#define AES_ROUNDS 10

static uint8_t aes_sbox[256];
// The S-box, followed by MixColumns for the first row.
static uint32_t aes_table[256];
static uint32_t aes_schedule[4 * (AES_ROUNDS + 1)];

static uint32_t rotate_right(uint32_t word, unsigned bits) { return word >> bits | word << (32 - bits); }

static uint8_t rotate_left_8(uint8_t byte, unsigned bits) { return (uint8_t)(byte << bits | byte >> (8 - bits)); }

static uint32_t load_be32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void store_be32(uint8_t *at, uint32_t word) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(word >> (24 - 8 * i));
}

// Multiplies by x in the field of AES.
static uint8_t aes_double(uint8_t byte) { return (uint8_t)(byte << 1 ^ (byte & 0x80 ? 0x1b : 0)); }

// Makes the tables: `power` runs through all bytes but 0, `inverse` through what
// their product with it is 1.
static void aes_make_tables(void) {
    uint8_t power = 1, inverse = 1;
    aes_sbox[0] = 0x63;
    do {
        power ^= aes_double(power);
        inverse ^= (uint8_t)(inverse << 1);
        inverse ^= (uint8_t)(inverse << 2);
        inverse ^= (uint8_t)(inverse << 4);
        if (inverse & 0x80) inverse ^= 0x09;
        uint8_t image = inverse;
        for (unsigned bits = 1; bits < 5; bits++) image ^= rotate_left_8(inverse, bits);
        aes_sbox[power] = image ^ 0x63;
    } while (power != 1);
    for (int i = 0; i < 256; i++) {
        const uint32_t s = aes_sbox[i], twice = aes_double((uint8_t)s);
        aes_table[i] = twice << 24 | s << 16 | s << 8 | (twice ^ s);
    }
}

static uint32_t aes_substitute(uint32_t word) {
    return (uint32_t)aes_sbox[word >> 24] << 24 | (uint32_t)aes_sbox[word >> 16 & 0xff] << 16 |
           (uint32_t)aes_sbox[word >> 8 & 0xff] << 8 | aes_sbox[word & 0xff];
}

static void aes_set_key(const uint8_t key[AES_BLOCK]) {
    aes_make_tables();
    uint8_t round = 1;
    for (int i = 0; i < 4; i++) aes_schedule[i] = load_be32(key + 4 * i);
    for (int i = 4; i < 4 * (AES_ROUNDS + 1); i++) {
        uint32_t word = aes_schedule[i - 1];
        if (i % 4 == 0) {
            word = aes_substitute(rotate_right(word, 24)) ^ (uint32_t)round << 24;
            round = aes_double(round);
        }
        aes_schedule[i] = aes_schedule[i - 4] ^ word;
    }
}

// One column of a round.
static uint32_t aes_column(const uint32_t state[4], int i) {
    return aes_table[state[i] >> 24] ^ rotate_right(aes_table[state[(i + 1) & 3] >> 16 & 0xff], 8) ^
           rotate_right(aes_table[state[(i + 2) & 3] >> 8 & 0xff], 16) ^
           rotate_right(aes_table[state[(i + 3) & 3] & 0xff], 24);
}

// One column of the last round, which has no MixColumns.
static uint32_t aes_last_column(const uint32_t state[4], int i) {
    return aes_substitute((state[i] & 0xff000000) | (state[(i + 1) & 3] & 0xff0000) |
                          (state[(i + 2) & 3] & 0xff00) | (state[(i + 3) & 3] & 0xff));
}

// Encrypts four big-endian words in place.
static void aes_encrypt(uint32_t block[4]) {
    uint32_t next[4];
    const uint32_t *key = aes_schedule;
    for (int i = 0; i < 4; i++) block[i] ^= *key++;
    for (int round = 1; round < AES_ROUNDS; round++) {
        for (int i = 0; i < 4; i++) next[i] = aes_column(block, i) ^ *key++;
        memcpy(block, next, sizeof next);
    }
    for (int i = 0; i < 4; i++) next[i] = aes_last_column(block, i) ^ *key++;
    memcpy(block, next, sizeof next);
}

// What addresses become: Crypto-PAn (Xu, Fan, Ammar and Moon, 2002) for those of
// IPv4 and IPv6, and a keyed hash for those of hardware.
//
// Two addresses that share their first n bits become two that share their first
// n bits, and no others do. So the first bytes of an address that is cut become
// the first bytes of what the whole address becomes.
#pragma once
#include "aes.h"

#define KEY_BYTES 32

// The second half of the key, encrypted with the first: what follows the known
// bits of an address.
static uint32_t padding[4];

static void set_key(const uint8_t key[KEY_BYTES]) {
    aes_set_key(key);
    for (int i = 0; i < 4; i++) padding[i] = load_be32(key + AES_BLOCK + 4 * i);
    aes_encrypt(padding);
}

// Replaces the bits after the first `bits` by those of the padding.
static void pad(uint32_t block[4], unsigned bits) {
    for (unsigned word = 0; word < 4; word++) {
        const unsigned known = bits <= 32 * word ? 0 : bits - 32 * word;
        if (known >= 32) continue;
        const uint32_t mask = known ? ~0u << (32 - known) : 0;
        block[word] = (block[word] & mask) | (padding[word] & ~mask);
    }
}

// Bit n is flipped if the cipher of the n bits before it, padded, begins with 1.
static void crypto_pan(uint32_t address[4], unsigned bits) {
    uint32_t flips[4] = {0};
    for (unsigned bit = 0; bit < bits; bit++) {
        uint32_t block[4];
        memcpy(block, address, sizeof block);
        pad(block, bit);
        aes_encrypt(block);
        flips[bit / 32] |= (block[0] >> 31) << (31 - bit % 32);
    }
    for (int i = 0; i < 4; i++) address[i] ^= flips[i];
}

// What was computed before. It saves time and changes no answer.
static struct { uint32_t address, becomes; bool known; } cache_4[8192];
static struct { uint32_t address[4], becomes[4]; bool known; } cache_6[2048];

static uint32_t anonymise_4(uint32_t address) {
    const unsigned slot = (address ^ address >> 13) % 8192;
    if (!cache_4[slot].known || cache_4[slot].address != address) {
        uint32_t block[4] = {address};
        crypto_pan(block, 32);
        cache_4[slot].address = address;
        cache_4[slot].becomes = block[0];
        cache_4[slot].known = true;
    }
    return cache_4[slot].becomes;
}

static void anonymise_6(uint32_t address[4]) {
    const uint32_t mixed = (address[0] ^ address[1] * 31 ^ address[2] * 961 ^ address[3] * 29791);
    const unsigned slot = (mixed ^ mixed >> 11) % 2048;
    if (!cache_6[slot].known || memcmp(cache_6[slot].address, address, 16) != 0) {
        memcpy(cache_6[slot].address, address, 16);
        memcpy(cache_6[slot].becomes, address, 16);
        crypto_pan(cache_6[slot].becomes, 128);
        cache_6[slot].known = true;
    }
    memcpy(address, cache_6[slot].becomes, 16);
}

static bool all_are(const uint8_t *bytes, size_t length, uint8_t value) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != value) return false;
    }
    return true;
}

// An address of 6 or 8 bytes: the cipher of the address, followed by the word
// "hardware" and zeros, cut to its length. The two lowest bits of the first byte
// stay (group, locally administered), and so do zeros and the broadcast address.
static void anonymise_hardware(const uint8_t *from, uint8_t *to, size_t length) {
    if (all_are(from, length, 0) || all_are(from, length, 0xff)) return;
    uint8_t bytes[AES_BLOCK] = {0};
    memcpy(bytes, from, length);
    memcpy(bytes + length, "hardware", 8);
    uint32_t block[4];
    for (int i = 0; i < 4; i++) block[i] = load_be32(bytes + 4 * i);
    aes_encrypt(block);
    for (int i = 0; i < 4; i++) store_be32(bytes + 4 * i, block[i]);
    bytes[0] = (bytes[0] & ~3) | (from[0] & 3);
    memcpy(to, bytes, length);
}

// A window that is worked on: what it was, what it becomes, and the checksums
// that follow from the difference.
//
// All positions are positions in the window. `end` is always where the captured
// bytes end, or the bytes of the layer that is looked at, whichever comes first.
// Nothing at or after it is read or written.
#pragma once
#include "addresses.h"

// What is done with bytes that may hold addresses and are not understood.
typedef enum policy { REFUSE, CLEAR, KEEP } policy;

typedef struct work {
    const uint8_t *old;  // what is parsed
    uint8_t *new;        // what is changed: a copy, as long as the window
    const char *failure; // the first one
    uint64_t packets, addresses, hardware, others;
} work;

static policy others_are;
static bool hides_hardware;

static unsigned byte_at(const work *w, size_t at) { return w->old[at]; }
static unsigned be16(const work *w, size_t at) { return (unsigned)(w->old[at] << 8 | w->old[at + 1]); }
static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static bool has(size_t at, size_t length, size_t end) { return at <= end && end - at >= length; }

static void fail(work *w, size_t at, const char *what, unsigned number) {
    if (w->failure) return;
    w->failure = runner_fail_at(at, "%s (%u, 0x%x)", what, number, number);
}

// Bytes that may hold addresses and are not understood.
static void other(work *w, size_t at, size_t end, const char *what, unsigned number) {
    if (at >= end) return;
    w->others++;
    if (others_are == CLEAR) memset(w->new + at, 0, end - at);
    if (others_are != REFUSE || w->failure) return;
    w->failure = runner_fail_at(at, "%s (%u, 0x%x) may hold addresses, and is not understood; `other=clear` "
                                    "overwrites it, `other=keep` leaves it as it is", what, number, number);
}

// The addresses of IPv4 and IPv6, whole or cut.
static void address(work *w, size_t at, size_t length, size_t end) {
    if (at >= end) return;
    uint8_t bytes[16] = {0};
    const size_t shown = least(length, end - at);
    memcpy(bytes, w->old + at, shown);
    uint32_t words[4];
    for (int i = 0; i < 4; i++) words[i] = load_be32(bytes + 4 * i);
    if (length == 4) words[0] = anonymise_4(words[0]);
    else anonymise_6(words);
    for (int i = 0; i < 4; i++) store_be32(bytes + 4 * i, words[i]);
    memcpy(w->new + at, bytes, shown);
    w->addresses++;
}

static void address_4(work *w, size_t at, size_t end) { address(w, at, 4, end); }
static void address_6(work *w, size_t at, size_t end) { address(w, at, 16, end); }

// A hardware address of 6 or 8 bytes. One that is cut becomes zeros.
static void hardware(work *w, size_t at, size_t length, size_t end) {
    if (!hides_hardware || at >= end) return;
    if (has(at, length, end)) anonymise_hardware(w->old + at, w->new + at, length);
    else memset(w->new + at, 0, end - at);
    w->hardware++;
}

// What the sum of 16-bit words changes by, in one's complement (RFC 1624). The
// words begin at `start`.
static uint64_t difference(const work *w, size_t start, size_t end) {
    uint64_t sum = 0;
    for (size_t at = start; at < end; at += 2) {
        const bool whole = at + 1 < end;
        const unsigned before = w->old[at] << 8 | (whole ? w->old[at + 1] : 0);
        const unsigned after = w->new[at] << 8 | (whole ? w->new[at + 1] : 0);
        if (before != after) sum += after + (0xffff - before);
    }
    return sum;
}

static unsigned updated(unsigned checksum, uint64_t difference) {
    uint64_t sum = (0xffff - checksum) + difference;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return 0xffff - (unsigned)sum;
}

// Updates a checksum by what has changed in the bytes that it covers. One that
// was wrong stays wrong by the same difference.
static void fix(work *w, size_t at, size_t end, uint64_t difference) {
    if (difference == 0 || !has(at, 2, end)) return;
    const unsigned checksum = updated(be16(w, at), difference);
    w->new[at] = (uint8_t)(checksum >> 8);
    w->new[at + 1] = (uint8_t)checksum;
}

// The same for UDP, where 0 stands for no checksum, and 0xffff for 0.
static void fix_udp(work *w, size_t at, size_t end, uint64_t difference) {
    if (!has(at, 2, end) || be16(w, at) == 0) return;
    fix(w, at, end, difference);
    if (w->new[at] == 0 && w->new[at + 1] == 0) w->new[at] = w->new[at + 1] = 0xff;
}

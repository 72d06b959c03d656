// The blocks of pcapng (draft-ietf-opsawg-pcapng). What a packet looks like is
// said by an earlier block, so the file is read in order.
#pragma once
#include "link.h"

#define SECTION 0x0a0d0d0au
#define MOST_INTERFACES 4096
// A block that says it is longer is taken for other bytes.
#define LONGEST_BLOCK (64u << 20)

// What the blocks before have said.
static struct {
    bool begun;
    runner_order order;
    size_t interfaces;
    uint16_t links[MOST_INTERFACES];
    uint32_t first_snapshot_bytes; // of the first interface; 0 for no limit
} section;

static uint32_t number(const work *w, size_t at, size_t width) {
    return (uint32_t)runner_number(w->old + at, width, section.order);
}

// Text that may hold addresses and names.
static void text(work *w, size_t at, size_t end, const char *what, unsigned code) {
    other(w, at, end, what, code);
    if (others_are != CLEAR) return;
    for (; at < end; at++) w->new[at] = w->old[at] ? 'x' : 0;
}

// Options of an interface that hold addresses. False for others.
static bool interface_option(work *w, unsigned code, size_t at, size_t end) {
    switch (code) {
    case 4: address_4(w, at, end); return true; // a mask follows
    case 5: address_6(w, at, end); return true; // a length follows
    case 6: hardware(w, at, 6, end); return true;
    case 7: hardware(w, at, 8, end); return true;
    case 13:
        if (at < end && byte_at(w, at)) fail(w, at, "frames with a check sequence cannot be changed", byte_at(w, at));
        return true;
    default: return false;
    }
}

// Whether an option is known to hold neither addresses nor names of machines.
static bool is_harmless(uint32_t block, unsigned code) {
    switch (block) {
    case SECTION: return code >= 2 && code <= 4; // hardware, system, program
    case 1: return code == 2 || (code >= 8 && code <= 17 && code != 11);
    case 2: return code == 2;
    case 5: return code >= 2 && code <= 8; // counters and times
    case 6: return code == 2 || (code >= 4 && code <= 7);
    default: return false;
    }
}

static void option(work *w, uint32_t block, unsigned code, size_t at, size_t end) {
    if (block == 1 && interface_option(w, code, at, end)) return;
    if (block == 4 && code == 3) return address_4(w, at, end);
    if (block == 4 && code == 4) return address_6(w, at, end);
    if (!is_harmless(block, code)) text(w, at, end, "a comment, or an option of code", code);
}

static void options(work *w, uint32_t block, size_t at, size_t end) {
    while (has(at, 4, end)) {
        const unsigned code = number(w, at, 2);
        const size_t length = number(w, at + 2, 2), padded = (length + 3) & ~(size_t)3;
        if (code == 0 && length == 0) return;
        if (!has(at + 4, length, end)) return fail(w, at, "an option is longer than its block", code);
        option(w, block, code, at + 4, at + 4 + length);
        at = least(at + 4 + padded, end);
    }
}

// Names of addresses.
static void names(work *w, size_t at, size_t end) {
    while (has(at, 4, end)) {
        const unsigned type = number(w, at, 2);
        const size_t length = number(w, at + 2, 2), value = at + 4;
        at = value + ((length + 3) & ~(size_t)3);
        if (type == 0) return options(w, 4, value, end);
        if (!has(value, length, end)) return fail(w, value - 4, "a name is longer than its block", type);
        const size_t bytes = type == 1 ? 4 : type == 2 ? 16 : type == 3 ? 6 : type == 4 ? 8 : 0;
        if (bytes > length) return fail(w, value, "a name without an address, of type", type);
        if (bytes == 4 || bytes == 16) address(w, value, bytes, value + length);
        else if (bytes) hardware(w, value, bytes, value + length);
        text(w, value + bytes, value + length, "a record of names, of type", type);
    }
}

// A packet of `captured` bytes, and options after it.
static void packet_block(work *w, uint32_t block, size_t interface, size_t at, size_t captured, size_t end) {
    if (interface >= section.interfaces) return fail(w, at, "a packet of an unknown interface", (unsigned)interface);
    if (!has(at, captured, end)) return fail(w, at, "a packet is longer than its block", (unsigned)captured);
    packet(w, section.links[interface], at, at + captured);
    if (block != 3) options(w, block, least(at + ((captured + 3) & ~(size_t)3), end), end);
}

static void simple_packet(work *w, size_t at, size_t end) {
    size_t captured = least(number(w, at, 4), end - at - 4);
    if (section.first_snapshot_bytes) captured = least(captured, section.first_snapshot_bytes);
    packet_block(w, 3, 0, at + 4, captured, end);
}

static void interface_block(work *w, size_t at, size_t end) {
    const unsigned link = number(w, at, 2);
    if (!is_known_link(link)) return fail(w, at, "packets of this link type cannot be read", link);
    if (section.interfaces == MOST_INTERFACES) return fail(w, at, "there are too many interfaces", MOST_INTERFACES);
    if (section.interfaces == 0) section.first_snapshot_bytes = number(w, at + 4, 4);
    section.links[section.interfaces++] = (uint16_t)link;
    options(w, 1, at + 8, end);
}

// The body of a block, from `at` to `end`.
static void block(work *w, uint32_t type, size_t at, size_t end) {
    const size_t least_bytes = type == SECTION || type == 6 || type == 2 ? (type == SECTION ? 16 : 20)
                               : type == 1                             ? 8
                               : type == 5                             ? 12
                               : type == 3                             ? 4
                                                                       : 0;
    if (!has(at, least_bytes, end)) return fail(w, at - 8, "a block is too short for its type", type);
    switch (type) {
    case SECTION: return options(w, type, at + 16, end);
    case 1: return interface_block(w, at, end);
    case 2: return packet_block(w, type, number(w, at, 2), at + 20, number(w, at + 12, 4), end);
    case 3: return simple_packet(w, at, end);
    case 4: return names(w, at, end);
    case 5: return options(w, type, at + 12, end);
    case 6: return packet_block(w, type, number(w, at, 4), at + 20, number(w, at + 12, 4), end);
    default: return other(w, at, end, "a block of type", type);
    }
}

// A section header says how numbers are ordered from here on.
static bool begin_section(work *w, size_t at, size_t end) {
    if (!has(at, 12, end)) return false;
    const uint32_t magic = load_be32(w->old + at + 8);
    section.order = magic == 0x1a2b3c4d ? RUNNER_BIG : RUNNER_LITTLE;
    section.interfaces = 0;
    section.begun = true;
    if (magic != 0x1a2b3c4d && magic != 0x4d3c2b1a) fail(w, at + 8, "a section with an unknown byte order", magic);
    return true;
}

// Works on whole blocks. Returns where the first one begins that is not whole.
static size_t blocks(work *w, size_t end) {
    size_t at = 0;
    while (!w->failure && has(at, 12, end)) {
        const bool is_section = load_be32(w->old + at) == SECTION;
        if (is_section && !begin_section(w, at, end)) break;
        if (!section.begun) fail(w, at, "the first block is no section header", load_be32(w->old + at));
        const uint32_t type = number(w, at, 4), length = number(w, at + 4, 4);
        if (length < 12 || length % 4 || length > LONGEST_BLOCK) fail(w, at + 4, "a block with this length", length);
        if (w->failure || !has(at, length, end)) break;
        if (number(w, at + length - 4, 4) != length) fail(w, at + length - 4, "the lengths of a block differ", length);
        if (!w->failure) block(w, type, at + 8, at + length - 4);
        at += length;
    }
    return at;
}

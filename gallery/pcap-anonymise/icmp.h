// ICMP, ICMPv6 with neighbour discovery, IGMP and MLD: messages that hold
// addresses, or the beginning of a packet that caused them.
#pragma once
#include "work.h"

// See ip.h.
static void ipv4(work *w, size_t at, size_t end, int depth);
static void ipv6(work *w, size_t at, size_t end, int depth);

// Objects after the packet in an error (RFC 4884). Those of MPLS hold none.
static void icmp_extension(work *w, size_t at, size_t end) {
    at += 4;
    while (has(at, 4, end)) {
        const size_t length = be16(w, at);
        if (length < 4) return other(w, at, end, "an object of ICMP with a length", (unsigned)length);
        if (byte_at(w, at + 2) != 1) other(w, at + 4, least(at + length, end), "an object of ICMP", byte_at(w, at + 2));
        at += length;
    }
}

// Where the packet in an error ends: `words` is its length, if an extension
// follows.
static size_t icmp_quote_end(work *w, size_t at, size_t end, size_t length) {
    if (length == 0 || !has(at, length, end)) return end;
    icmp_extension(w, at + length, end);
    return at + length;
}

static void icmp(work *w, size_t at, size_t end, int depth) {
    if (!has(at, 4, end)) return;
    const unsigned type = byte_at(w, at);
    const bool has_length = (type == 3 || type == 11 || type == 12) && has(at, 8, end);
    switch (type) {
    case 5: // redirect: the gateway
        address_4(w, at + 4, end);
        ipv4(w, at + 8, end, depth + 1);
        break;
    case 3: case 4: case 11: case 12:
        ipv4(w, at + 8, icmp_quote_end(w, at + 8, end, has_length ? 4 * byte_at(w, at + 5) : 0), depth + 1);
        break;
    case 9: // router advertisement
        if (!has(at, 8, end)) break;
        for (size_t i = 0; i < byte_at(w, at + 4); i++) address_4(w, at + 8 + i * 4 * byte_at(w, at + 5), end);
        break;
    case 0: case 8: case 10: case 13: case 14: case 17: case 18:
        break;
    default:
        other(w, at + 4, end, "ICMP of type", type);
    }
    fix(w, at + 2, end, difference(w, at, end));
}

// An option of neighbour discovery, of `length` bytes.
static void discovery_option(work *w, size_t at, size_t length, size_t end, int depth) {
    const unsigned type = byte_at(w, at);
    switch (type) {
    case 1: case 2: // hardware addresses
        if (length == 8) hardware(w, at + 2, 6, end);
        else if (hides_hardware) other(w, at + 2, end, "a hardware address of other than 6 bytes", (unsigned)length - 2);
        break;
    case 3: // prefix
        if (length == 32) address_6(w, at + 16, end);
        else other(w, at + 2, end, "a prefix of length", (unsigned)length);
        break;
    case 4: // the packet that is redirected
        ipv6(w, at + 8, end, depth + 1);
        break;
    case 24: // route: a prefix of 0, 8 or 16 bytes
        if (length > 8) address(w, at + 8, 16, least(end, at + least(length, 24)));
        break;
    case 25: // name servers
        for (size_t to = at + 8; to < end; to += 16) address_6(w, to, end);
        break;
    case 5: case 14:
        break;
    default:
        other(w, at + 2, end, "an option of neighbour discovery", type);
    }
}

static void discovery_options(work *w, size_t at, size_t end, int depth) {
    while (has(at, 2, end)) {
        const size_t length = 8 * byte_at(w, at + 1);
        if (length == 0) return other(w, at, end, "an option of neighbour discovery without length", byte_at(w, at));
        discovery_option(w, at, length, least(at + length, end), depth);
        at += length;
    }
}

// Groups and sources of MLD and IGMP, with addresses of `size` bytes.
static void group_records(work *w, size_t at, size_t end, size_t size) {
    while (has(at, 4, end)) {
        const size_t sources = be16(w, at + 2), auxiliary = 4 * byte_at(w, at + 1);
        for (size_t i = 0; i <= sources && at + 4 + i * size < end; i++) address(w, at + 4 + i * size, size, end);
        at += 4 + (sources + 1) * size;
        if (at < end) other(w, at, least(at + auxiliary, end), "data of a group record", (unsigned)auxiliary);
        at += auxiliary;
    }
}

static void sources(work *w, size_t count_at, size_t end, size_t size) {
    if (!has(count_at, 2, end)) return;
    const size_t count = be16(w, count_at);
    for (size_t i = 0; i < count && count_at + 2 + i * size < end; i++) address(w, count_at + 2 + i * size, size, end);
}

static void icmpv6_body(work *w, size_t at, size_t end, int depth) {
    const unsigned type = byte_at(w, at);
    const bool has_length = (type == 1 || type == 3) && has(at, 8, end);
    switch (type) {
    case 1: case 2: case 3: case 4: // errors
        ipv6(w, at + 8, icmp_quote_end(w, at + 8, end, has_length ? 8 * byte_at(w, at + 4) : 0), depth + 1);
        break;
    case 128: case 129: // echo
        break;
    case 130: case 131: case 132: // MLD
        address_6(w, at + 8, end);
        if (type == 130) sources(w, at + 26, end, 16);
        break;
    case 143: // MLD, version 2
        group_records(w, at + 8, end, 16);
        break;
    case 133: // router solicitation, advertisement
        discovery_options(w, at + 8, end, depth);
        break;
    case 134:
        discovery_options(w, at + 16, end, depth);
        break;
    case 135: case 136: // neighbour solicitation, advertisement
        address_6(w, at + 8, end);
        discovery_options(w, at + 24, end, depth);
        break;
    case 137: // redirect
        address_6(w, at + 8, end);
        address_6(w, at + 24, end);
        discovery_options(w, at + 40, end, depth);
        break;
    default:
        other(w, at + 4, end, "ICMPv6 of type", type);
    }
}

// `pseudo` is what the addresses of the packet add to the checksum.
static void icmpv6(work *w, size_t at, size_t end, uint64_t pseudo, int depth) {
    if (!has(at, 4, end)) return;
    icmpv6_body(w, at, end, depth);
    fix(w, at + 2, end, pseudo + difference(w, at, end));
}

static void igmp(work *w, size_t at, size_t end) {
    if (!has(at, 4, end)) return;
    const unsigned type = byte_at(w, at);
    switch (type) {
    case 0x11: // query
        address_4(w, at + 4, end);
        sources(w, at + 10, end, 4);
        break;
    case 0x12: case 0x16: case 0x17: // reports of versions 1 and 2, leave
        address_4(w, at + 4, end);
        break;
    case 0x22: // report of version 3
        group_records(w, at + 8, end, 4);
        break;
    default:
        other(w, at + 4, end, "IGMP of type", type);
    }
    fix(w, at + 2, end, difference(w, at, end));
}

// IPv4 and IPv6, with options, extension headers and fragments, and what they
// carry.
#pragma once
#include "icmp.h"

// How deep packets may lie in packets.
#define MAX_DEPTH 8

// See link.h.
static void gre(work *w, size_t at, size_t end, int depth);

// What the addresses of a packet add to the checksums of what it carries: those
// of the first source and the last destination.
typedef struct ends { uint64_t source, destination; } ends;

// Offers of further addresses by Multipath TCP (RFC 8684).
static void tcp_options(work *w, size_t at, size_t end) {
    while (has(at, 2, end) && byte_at(w, at) != 0) {
        if (byte_at(w, at) == 1) { at++; continue; }
        const size_t length = byte_at(w, at + 1), stop = least(at + length, end);
        if (length < 2) return other(w, at + 1, end, "an option of TCP with a length", (unsigned)length);
        if (byte_at(w, at) == 30 && has(at, 4, stop) && byte_at(w, at + 2) >> 4 == 3) {
            if (length >= 20) address_6(w, at + 4, stop);
            else if (length >= 8) address_4(w, at + 4, stop);
        }
        at += length;
    }
}

static void tcp(work *w, size_t at, size_t end, uint64_t pseudo) {
    if (!has(at, 13, end)) return;
    const size_t header = least(at + 4 * (byte_at(w, at + 12) >> 4), end);
    tcp_options(w, at + 20, header);
    fix(w, at + 16, end, pseudo + difference(w, at, header));
}

// A fragment that is not the first one. All headers that are known here lie in
// the first 512 bytes. The second fragment may hold TCP's checksum.
static void later_fragment(work *w, unsigned protocol, size_t offset, size_t at, size_t end, uint64_t pseudo) {
    if (protocol == 6 && offset <= 16) return fix(w, at + 16 - offset, end, pseudo);
    const bool is_opaque = protocol == 6 || protocol == 17 || protocol == 136 || protocol == 50;
    const bool is_known = protocol == 1 || protocol == 58 || protocol == 4 || protocol == 41 || protocol == 47;
    if (is_opaque || (is_known && offset >= 512)) return;
    other(w, at, end, "a later fragment of IP protocol", protocol);
}

// Options of IPv6. The home address takes the place of the source in checksums.
static void options_6(work *w, size_t at, size_t end, ends *flow) {
    while (at < end) {
        const unsigned type = byte_at(w, at);
        if (type == 0) { at++; continue; }
        if (!has(at, 2, end)) return;
        const size_t length = byte_at(w, at + 1), stop = least(at + 2 + length, end);
        if (type == 0xc9 && length == 16) {
            address_6(w, at + 2, stop);
            flow->source = difference(w, at + 2, stop);
        } else if (type != 1 && type != 5 && type != 0xc2 && type != 4) {
            other(w, at + 2, stop, "an option of IPv6", type);
        }
        at += 2 + length;
    }
}

// A routing header. While segments are left, the last one is the destination in
// checksums.
static void routing_6(work *w, size_t at, size_t end, ends *flow) {
    if (!has(at, 8, end)) return;
    const unsigned type = byte_at(w, at + 2), left = byte_at(w, at + 3);
    size_t count = byte_at(w, at + 1) / 2, last = count ? count - 1 : 0;
    if (type == 4) { // segment routing: the list is reversed, and options may follow
        const size_t listed = byte_at(w, at + 4) + 1u;
        if (listed > count) return other(w, at + 4, end, "a routing header with segments", (unsigned)listed);
        other(w, at + 8 + 16 * listed, end, "options of segment routing", (unsigned)listed);
        count = listed;
        last = 0;
    } else if (type != 0 && type != 2) {
        return other(w, at + 4, end, "a routing header of type", type);
    }
    for (size_t i = 0; i < count; i++) address_6(w, at + 8 + 16 * i, end);
    const size_t final = at + 8 + 16 * last;
    if (left > 0 && count > 0 && final < end) flow->destination = difference(w, final, least(final + 16, end));
}

// What an IP packet carries, after any extension headers.
static void carried(work *w, unsigned protocol, size_t at, size_t end, ends flow, int depth) {
    while (protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60) {
        const bool has_options = protocol == 0 || protocol == 60;
        if (!has(at, 8, end)) { // cut by the capture; only options can begin so early
            if (has_options) options_6(w, at + 2, end, &flow);
            return;
        }
        const size_t unit = protocol == 51 ? 4 : 8;
        const size_t length = protocol == 44 ? 8 : unit * byte_at(w, at + 1) + 8, stop = least(at + length, end);
        const unsigned next = byte_at(w, at), offset = be16(w, at + 2) & 0xfff8;
        if (protocol == 43) routing_6(w, at, stop, &flow);
        else if (has_options) options_6(w, at + 2, stop, &flow);
        else if (protocol == 44 && offset) {
            return later_fragment(w, next, offset, stop, end, flow.source + flow.destination);
        }
        protocol = next;
        at = stop;
    }
    const uint64_t pseudo = flow.source + flow.destination;
    switch (protocol) {
    case 1: return icmp(w, at, end, depth);
    case 2: return igmp(w, at, end);
    case 4: return ipv4(w, at, end, depth + 1);
    case 6: return tcp(w, at, end, pseudo);
    case 17: case 136: return fix_udp(w, at + 6, end, pseudo);
    case 33: return fix(w, at + 6, end, pseudo);
    case 41: return ipv6(w, at, end, depth + 1);
    case 47: return gre(w, at, end, depth + 1);
    case 58: return icmpv6(w, at, end, pseudo, depth);
    case 50: case 59: return; // encrypted; nothing
    default: return other(w, at, end, "IP protocol", protocol);
    }
}

// A list of addresses in an option of IPv4, which `step` bytes apart.
static void route_4(work *w, size_t at, size_t end, size_t step) {
    for (; at < end; at += step) address_4(w, at, end);
}

// Options of IPv4. What is filled in on the way is empty from the pointer on.
static void options_4(work *w, size_t at, size_t end, ends *flow) {
    while (has(at, 3, end) && byte_at(w, at) != 0) {
        const unsigned type = byte_at(w, at);
        if (type == 1) { at++; continue; }
        const size_t length = byte_at(w, at + 1), pointer = byte_at(w, at + 2), stop = least(at + length, end);
        if (length < 2) return other(w, at + 1, end, "an option of IPv4 with a length", (unsigned)length);
        const size_t filled = least(at + (pointer ? pointer - 1 : 0), stop);
        if (type == 7) {
            route_4(w, at + 3, filled, 4);
        } else if (type == 131 || type == 137) {
            route_4(w, at + 3, stop, 4);
            if (pointer < length && length >= 7) flow->destination = difference(w, stop - 4, stop);
        } else if (type == 68 && has(at, 4, stop)) {
            const unsigned flag = byte_at(w, at + 3) & 15;
            if (flag) route_4(w, at + 4, flag == 1 ? filled : stop, 8);
        } else if (type != 130 && type != 136 && type != 148) {
            other(w, at + 2, stop, "an option of IPv4", type);
        }
        at += length;
    }
}

static void ipv4(work *w, size_t at, size_t end, int depth) {
    if (at >= end) return;
    if (depth > MAX_DEPTH) return other(w, at, end, "a packet in packets, at depth", (unsigned)depth);
    const unsigned version = byte_at(w, at) >> 4;
    const size_t header = 4 * (byte_at(w, at) & 15);
    if (version != 4 || header < 20) return other(w, at, end, "an IPv4 header that begins with", byte_at(w, at));
    address_4(w, at + 12, end);
    address_4(w, at + 16, end);
    if (!has(at, 20, end)) return;
    const size_t total = be16(w, at + 2);
    if (total >= header) end = least(at + total, end);
    const size_t body = least(at + header, end);
    ends flow = {difference(w, at + 12, at + 16), difference(w, at + 16, at + 20)};
    options_4(w, at + 20, body, &flow);
    fix(w, at + 10, body, difference(w, at, body));
    const unsigned protocol = byte_at(w, at + 9), offset = 8 * (be16(w, at + 6) & 0x1fff);
    if (offset) later_fragment(w, protocol, offset, body, end, flow.source + flow.destination);
    else carried(w, protocol, body, end, flow, depth);
}

static void ipv6(work *w, size_t at, size_t end, int depth) {
    if (at >= end) return;
    if (depth > MAX_DEPTH) return other(w, at, end, "a packet in packets, at depth", (unsigned)depth);
    if (byte_at(w, at) >> 4 != 6) return other(w, at, end, "an IPv6 header that begins with", byte_at(w, at));
    address_6(w, at + 8, end);
    address_6(w, at + 24, end);
    if (!has(at, 40, end)) return;
    const size_t length = be16(w, at + 4);
    if (length) end = least(at + 40 + length, end); // 0: a jumbogram
    const ends flow = {difference(w, at + 8, at + 24), difference(w, at + 24, at + 40)};
    carried(w, byte_at(w, at + 6), at + 40, end, flow, depth);
}

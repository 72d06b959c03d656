// Link layers, and what stands between them and IP.
#pragma once
#include "ip.h"

enum { ETHERNET = 1, IPV4 = 0x0800, ARP = 0x0806, RARP = 0x8035, IPV6 = 0x86dd };

static bool is_known_link(unsigned link) {
    switch (link) {
    case 0: case 1: case 12: case 14: case 101: case 108: case 113: case 228: case 229: case 276: return true;
    default: return false;
    }
}

static void arp(work *w, size_t at, size_t end) {
    if (!has(at, 8, end)) return other(w, at, end, "ARP that is cut, of length", (unsigned)(end - at));
    const size_t hardware_bytes = byte_at(w, at + 4), protocol_bytes = byte_at(w, at + 5);
    if (be16(w, at + 2) != IPV4 || protocol_bytes != 4) {
        return other(w, at + 8, end, "ARP for protocol", be16(w, at + 2));
    }
    const size_t sender = at + 8, target = sender + hardware_bytes + 4;
    if (hardware_bytes == 6 || hardware_bytes == 8) {
        hardware(w, sender, hardware_bytes, end);
        hardware(w, target, hardware_bytes, end);
    } else if (hides_hardware && hardware_bytes) {
        return other(w, at + 8, end, "ARP with hardware addresses of length", (unsigned)hardware_bytes);
    }
    address_4(w, sender + hardware_bytes, end);
    address_4(w, target + hardware_bytes, end);
}

static void ip(work *w, size_t at, size_t end, int depth) {
    if (at >= end) return;
    if (byte_at(w, at) >> 4 == 6) ipv6(w, at, end, depth);
    else ipv4(w, at, end, depth);
}

// Labels of MPLS, up to the last one. What follows tells by its first bits
// whether it is IP.
static void mpls(work *w, size_t at, size_t end, int depth) {
    while (has(at, 4, end)) {
        const bool is_last = byte_at(w, at + 2) & 1;
        at += 4;
        if (!is_last) continue;
        const unsigned version = at < end ? byte_at(w, at) >> 4 : 4;
        if (version == 4 || version == 6) ip(w, at, end, depth);
        else other(w, at, end, "what MPLS carries, which begins with", byte_at(w, at));
        return;
    }
}

static void pppoe(work *w, size_t at, size_t end, int depth) {
    if (!has(at, 8, end)) return;
    const unsigned protocol = be16(w, at + 6);
    end = least(at + 6 + be16(w, at + 4), end);
    if (protocol == 0x21) ipv4(w, at + 8, end, depth);
    else if (protocol == 0x57) ipv6(w, at + 8, end, depth);
    else other(w, at + 8, end, "PPP protocol", protocol);
}

// What an EtherType announces, after any VLAN tags.
static void typed(work *w, unsigned type, size_t at, size_t end, int depth) {
    while (type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200) {
        if (!has(at, 4, end)) return;
        type = be16(w, at + 2);
        at += 4;
    }
    if (type < 0x600) { // a length, and LLC
        end = least(at + type, end);
        const bool is_snap = has(at, 8, end) && be16(w, at) == 0xaaaa && byte_at(w, at + 2) == 3 &&
                             be16(w, at + 3) == 0 && byte_at(w, at + 5) == 0 && be16(w, at + 6) >= 0x600;
        if (!is_snap) return other(w, at, end, "LLC with", at < end ? byte_at(w, at) : 0);
        return typed(w, be16(w, at + 6), at + 8, end, depth);
    }
    switch (type) {
    case IPV4: return ipv4(w, at, end, depth);
    case IPV6: return ipv6(w, at, end, depth);
    case ARP: case RARP: return arp(w, at, end);
    case 0x8847: case 0x8848: return mpls(w, at, end, depth);
    case 0x8864: return pppoe(w, at, end, depth);
    default: return other(w, at, end, "EtherType", type);
    }
}

static void ethernet(work *w, size_t at, size_t end, int depth) {
    hardware(w, at, 6, end);
    hardware(w, at + 6, 6, end);
    if (has(at, 14, end)) typed(w, be16(w, at + 12), at + 14, end, depth);
}

static void gre(work *w, size_t at, size_t end, int depth) {
    if (!has(at, 4, end)) return;
    if (depth > MAX_DEPTH) return other(w, at, end, "a packet in packets, at depth", (unsigned)depth);
    const unsigned flags = be16(w, at), type = be16(w, at + 2);
    if (flags & 0x4fff) return other(w, at + 4, end, "GRE with flags", flags);
    const size_t body = at + 4 + (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (flags & 0x1000 ? 4 : 0);
    if (type == 0x6558) ethernet(w, body, end, depth);
    else typed(w, type < 0x600 ? 0xffff : type, body, end, depth);
    if (flags & 0x8000) fix(w, at + 4, end, difference(w, at, end));
}

// The cooked captures of Linux. `kind` is the type of the device; a tunnel has
// addresses of IPv4.
static void cooked(work *w, unsigned kind, unsigned length, size_t address_at, size_t end) {
    const bool is_tunnel = kind == 768 || kind == 776 || kind == 778;
    if (is_tunnel && length == 4) address_4(w, address_at, end);
    else if (length == 6 || length == 8) hardware(w, address_at, length, end);
    else if (length) other(w, address_at, least(address_at + 8, end), "a link address of length", length);
}

static void linux_cooked(work *w, size_t at, size_t end) {
    if (!has(at, 16, end)) return other(w, at, end, "a cooked header that is cut, of length", (unsigned)(end - at));
    cooked(w, be16(w, at + 2), be16(w, at + 4), at + 6, end);
    if (be16(w, at + 2) == 824) return other(w, at + 16, end, "a packet of netlink, protocol", be16(w, at + 14));
    typed(w, be16(w, at + 14) < 0x600 ? 0xffff : be16(w, at + 14), at + 16, end, 0);
}

static void linux_cooked_2(work *w, size_t at, size_t end) {
    if (!has(at, 20, end)) return other(w, at, end, "a cooked header that is cut, of length", (unsigned)(end - at));
    cooked(w, be16(w, at + 8), byte_at(w, at + 11), at + 12, end);
    if (be16(w, at + 8) == 824) return other(w, at + 20, end, "a packet of netlink, protocol", be16(w, at));
    typed(w, be16(w, at) < 0x600 ? 0xffff : be16(w, at), at + 20, end, 0);
}

// A number of 4 bytes, in the order of the machine that captured: the family.
static void loopback(work *w, size_t at, size_t end) {
    if (!has(at, 4, end)) return;
    const unsigned big = load_be32(w->old + at), family = big < 0x10000 ? big : __builtin_bswap32(big);
    if (family == 2) ipv4(w, at + 4, end, 0);
    else if (family == 10 || family == 24 || family == 28 || family == 30) ipv6(w, at + 4, end, 0);
    else other(w, at + 4, end, "an address family", family);
}

// A packet: the captured bytes from `at` to `end`.
static void packet(work *w, unsigned link, size_t at, size_t end) {
    w->packets++;
    switch (link) {
    case ETHERNET: return ethernet(w, at, end, 0);
    case 113: return linux_cooked(w, at, end);
    case 276: return linux_cooked_2(w, at, end);
    case 0: case 108: return loopback(w, at, end);
    case 228: return ipv4(w, at, end, 0);
    case 229: return ipv6(w, at, end, 0);
    default: return ip(w, at, end, 0);
    }
}

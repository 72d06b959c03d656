"""Makes packet captures, and what they become when their addresses are
anonymised: each packet is built twice, with an address and with what an
independent Crypto-PAn makes of it, and every checksum is computed from nothing.

    pcap.py FOLDER SEED COUNT

writes COUNT pairs `N.input` and `N.expected`. Needs scapy and yacryptopan.
"""

import random
import struct
import sys
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from Cryptodome.Cipher import AES
from scapy.config import conf
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_RR
from scapy.layers.inet6 import (
    ICMPv6EchoRequest, ICMPv6MLReport2, ICMPv6MLDMultAddrRec, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA,
    ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting,
    IPv6ExtHdrSegmentRouting, HAO, RouterAlert, fragment6, IPv6ExtHdrFragment)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, GRE, Dot1AD, Dot1Q, Ether
from scapy.contrib.igmp import IGMP
from scapy.contrib.mpls import MPLS
from scapy.packet import Raw
from yacryptopan import CryptoPAn

conf.verb = 0
KEY = bytes(range(7, 39))
PAN = CryptoPAn(KEY)


class Same:
    """Leaves addresses as they are."""
    def ip4(self, a): return a
    def ip6(self, a): return a
    def mac(self, a): return a


class Anonymised:
    @lru_cache(None)
    def ip4(self, a): return str(IPv4Address(PAN.anonymize_bin(int(IPv4Address(a)), 4)))
    @lru_cache(None)
    def ip6(self, a): return str(IPv6Address(PAN.anonymize_bin(int(IPv6Address(a)), 6)))

    def mac(self, a):
        old = bytes.fromhex(a.replace(":", ""))
        if old in (b"\0" * 6, b"\xff" * 6):
            return a
        new = AES.new(KEY[:16], AES.MODE_ECB).encrypt((old + b"hardware").ljust(16, b"\0"))[:6]
        return bytes([new[0] & 0xfc | old[0] & 3]).hex() + "".join(":%02x" % b for b in new[1:])


class Build:
    """Builds packets by random choices, with addresses that `m` maps."""
    def __init__(self, seed, m):
        self.r, self.m = random.Random(seed), m
        # Whether all checksums are known if the payload is cut, and its length.
        self.may_be_cut, self.tail = True, 0

    def payload(self, most=60):
        self.tail = self.r.randrange(most)
        return Raw(self.r.randbytes(self.tail))

    def ip4(self):
        net = self.r.choice(["10.1", "192.168", "172.16", "8.8", "224.0", "255.255"])
        return self.m.ip4(f"{net}.{self.r.randrange(256)}.{self.r.randrange(256)}")

    def ip6(self):
        net = self.r.choice(["2001:db8:1", "fe80", "ff02", "2001:db8:1:2", "fd00"])
        return self.m.ip6(f"{net}::{self.r.randrange(64) * 1021:x}")

    def mac(self):
        return self.m.mac(self.r.choice(["ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "33:33:00:00:00:01"]
                                        + [f"{b:02x}:1b:21:{b:02x}:00:{b:02x}" for b in self.r.randbytes(4)]))

    def tcp(self):
        r = self.r
        options = r.choice([[], [("MSS", 1460), ("NOP", None), ("WScale", 7)], [("Timestamp", (r.randrange(9**9), 0))]])
        if r.randrange(6) == 0:
            add = bytes([0x34, 1]) + bytes(map(int, self.ip4().split(".")))
            options = [(30, add)]
        return TCP(sport=r.randrange(20000, 60000), dport=r.randrange(20000, 60000), seq=r.randrange(2**32),
                   flags=r.choice(["S", "A", "PA"]), options=options) / self.payload()

    def udp(self):
        r = self.r
        udp = UDP(sport=r.randrange(20000, 60000), dport=r.randrange(20000, 60000)) / self.payload()
        if r.randrange(5) == 0:
            udp.chksum = 0
        return udp

    def quote(self, packet):
        whole = bytes(packet)
        return Raw(whole[:self.r.choice([4 * (whole[0] & 15) + 8, 200, len(whole)])])

    def icmp(self, depth):
        self.may_be_cut = False
        kind = self.r.randrange(4)
        if kind == 0:
            return ICMP(type=8, id=self.r.randrange(65536)) / self.payload()
        if kind == 1:
            return ICMP(type=5, gw=self.ip4()) / self.quote(self.v4(depth + 3))
        return ICMP(type=3, code=3) / self.quote(self.v4(depth + 3))

    def icmpv6(self, depth):
        self.may_be_cut = False
        r = self.r
        kind = r.randrange(6)
        if kind == 0:
            return ICMPv6EchoRequest(data=r.randbytes(r.randrange(30)))
        if kind == 1:
            return ICMPv6PacketTooBig(mtu=1280) / Raw(bytes(self.v6(depth + 3))[:r.choice([48, 70, 900])])
        if kind == 2:
            return ICMPv6ND_NS(tgt=self.ip6()) / ICMPv6NDOptSrcLLAddr(lladdr=self.mac())
        if kind == 3:
            return ICMPv6ND_NA(tgt=self.ip6()) / ICMPv6NDOptDstLLAddr(lladdr=self.mac())
        if kind == 4:
            return (ICMPv6ND_RA() / ICMPv6NDOptSrcLLAddr(lladdr=self.mac()) / ICMPv6NDOptMTU(mtu=1500)
                    / ICMPv6NDOptPrefixInfo(prefix=self.ip6(), prefixlen=64)
                    / ICMPv6NDOptRDNSS(dns=[self.ip6(), self.ip6()]))
        records = [ICMPv6MLDMultAddrRec(dst=self.ip6(), sources=[self.ip6() for _ in range(r.randrange(3))])
                   for _ in range(r.randrange(1, 3))]
        return ICMPv6MLReport2(records=records)

    def tunnelled(self, depth):
        self.may_be_cut = False
        kind = self.r.randrange(5)
        inner = self.v4(depth + 1) if self.r.randrange(2) else self.v6(depth + 1)
        if kind == 0:
            return GRE(chksum_present=self.r.randrange(2), key_present=self.r.randrange(2), key=5) / inner
        if kind == 1:
            return AH(nh=17, payloadlen=4, spi=1, seq=2, icv=b"x" * 12) / self.udp()
        if kind == 2:
            return GRE(chksum_present=1, proto=0x6558) / self.ethernet(depth + 1)
        return inner

    def options4(self):
        kind = self.r.randrange(8)
        if kind == 0:
            return [IPOption_RR(pointer=8, routers=[self.ip4(), "0.0.0.0"])]
        if kind == 1:
            return [IPOption_LSRR(pointer=4, routers=[self.ip4(), self.ip4()])]
        return []

    def v4(self, depth=0):
        r = self.r
        ip = IP(src=self.ip4(), dst=self.ip4(), id=r.randrange(65536), ttl=r.randrange(1, 255), options=self.options4())
        kind = r.randrange(8 if depth < 2 else 4)
        if kind < 2:
            return ip / self.tcp()
        if kind < 4:
            return ip / self.udp()
        if kind < 6:
            return ip / self.icmp(depth)
        if kind == 6:
            self.may_be_cut = False
            return ip / IGMP(type=r.choice([0x12, 0x16, 0x17]), gaddr=self.ip4())
        return ip / self.tunnelled(depth)

    def v6(self, depth=0):
        r = self.r
        ip = IPv6(src=self.ip6(), dst=self.ip6(), hlim=r.randrange(1, 255))
        kind = r.randrange(6)
        if kind == 0:
            ip = ip / IPv6ExtHdrHopByHop(options=[RouterAlert()])
        if kind == 1:
            ip = ip / IPv6ExtHdrRouting(addresses=[self.ip6(), self.ip6()], segleft=2)
        if kind == 2:
            ip = ip / IPv6ExtHdrSegmentRouting(addresses=[self.ip6(), self.ip6()], segleft=1, lastentry=1)
        if kind == 3:
            ip = ip / IPv6ExtHdrDestOpt(options=[HAO(hoa=self.ip6())])
        kind = r.randrange(6 if depth < 2 else 4)
        if kind < 2:
            return ip / self.tcp()
        if kind < 4:
            udp = self.udp()
            udp.chksum = None
            return ip / udp
        return ip / (self.icmpv6(depth) if kind == 4 else self.tunnelled(depth))

    def arp(self):
        return ARP(op=self.r.randrange(1, 3), hwsrc=self.mac(), hwdst=self.mac(), psrc=self.ip4(), pdst=self.ip4())

    def any_ip(self, depth=0): return self.v4(depth) if self.r.randrange(2) else self.v6(depth)

    def ethernet(self, depth=0):
        r = self.r
        frame = Ether(src=self.mac(), dst=self.mac())
        if r.randrange(5) == 0:
            frame = frame / Dot1AD(vlan=r.randrange(4096))
        if r.randrange(4) == 0:
            frame = frame / Dot1Q(vlan=r.randrange(4096))
        kind = r.randrange(8)
        if kind == 0:
            return frame / self.arp()
        if kind == 1 and not frame.haslayer(Dot1Q) and not frame.haslayer(Dot1AD):
            return frame / MPLS(label=7, s=0) / MPLS(label=8, s=1) / self.any_ip(depth)
        return frame / self.any_ip(depth)

    def cooked(self, version):
        ip = self.any_ip()
        kind = 0x86dd if isinstance(ip, IPv6) else 0x0800
        address = bytes.fromhex(self.mac().replace(":", "")) + b"\0\0"
        if version == 1:
            return struct.pack(">HHH", 0, 1, 6) + address + struct.pack(">H", kind) + bytes(ip)
        return struct.pack(">HHIHBB", kind, 0, 2, 1, 0, 6) + address + bytes(ip)

    def loopback(self, order):
        ip = self.any_ip()
        return struct.pack(order + "I", 30 if isinstance(ip, IPv6) else 2) + bytes(ip)

    def packet(self, link, order):
        if link == 1:
            return [bytes(self.ethernet())]
        if link in (113, 276):
            return [self.cooked(1 if link == 113 else 2)]
        if link in (0, 108):
            return [self.loopback(">" if link == 108 else order)]
        if link == 228 or (link == 101 and self.r.randrange(4) == 0):
            ip = IP(src=self.ip4(), dst=self.ip4(), id=5) / UDP(sport=40000, dport=40001) / Raw(self.r.randbytes(900))
            return [bytes(part) for part in IP(bytes(ip)).fragment(self.r.choice([8, 200, 400]))]
        if link == 229 or self.r.randrange(4) == 0:
            ip = (IPv6(src=self.ip6(), dst=self.ip6()) / IPv6ExtHdrFragment(id=9) / TCP(sport=40000, dport=40001)
                  / Raw(self.r.randbytes(3000)))
            ip = IPv6(bytes(ip))
            return [bytes(part) for part in fragment6(ip, 1280)]
        return [bytes(self.any_ip())]


def with_wrong_sum(packet, r):
    """Makes the checksum of an IPv4 header, or that of TCP or UDP after it, wrong by a number."""
    at, by = r.choice([10, 36 if packet[9] == 6 else 26]), r.randrange(1, 0xffff)
    total = struct.unpack_from(">H", packet, at)[0] + by
    return packet[:at] + struct.pack(">H", total % 0xffff) + packet[at + 2:]


def pcap(packets, link, order, nano):
    head = struct.pack(order + "IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, 262144, link)
    records = [struct.pack(order + "IIII", 1700000000 + i, i, len(p), full) + p for i, (p, full) in enumerate(packets)]
    return head + b"".join(records)


def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)


def pcapng(packets, link, order, build, r):
    """A section, with an interface that has addresses and a name of an address."""
    end = struct.pack(order + "HH", 0, 0)
    out = block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1) + option(order, 3, b"Linux") + end)
    four, six = IPv4Address(build.ip4()).packed, IPv6Address(build.ip6()).packed
    mac = bytes.fromhex(build.mac().replace(":", ""))
    out += block(order, 1, struct.pack(order + "HHI", link, 0, 0)
                 + option(order, 2, b"eth0") + option(order, 4, four + b"\xff\xff\xff\0")
                 + option(order, 5, six + b"\x40") + option(order, 6, mac) + end)
    for i, (p, full) in enumerate(packets):
        padded = p + b"\0" * (-len(p) % 4)
        if r.randrange(5) == 0 and len(p) == full:
            out += block(order, 3, struct.pack(order + "I", full) + padded)
        else:
            flags = option(order, 2, struct.pack(order + "I", 1)) + end if r.randrange(3) == 0 else b""
            out += block(order, 6, struct.pack(order + "IIIII", 0, 0, i, len(p), full) + padded + flags)
    return out + block(order, 5, struct.pack(order + "III", 0, 0, 9) + option(order, 4, b"\1" * 8) + end)


def capture(seed, m):
    """A capture whose packets are built with the addresses that `m` maps."""
    r = random.Random(seed)
    sections = []
    is_ng = r.randrange(3) == 0
    for part in range(r.randrange(1, 3) if is_ng else 1):
        order, link = r.choice("<>"), r.choice([1, 1, 1, 101, 113, 276, 0, 108, 228, 229])
        packets, cuts = [], random.Random(f"{seed}.{part}")
        for i in range(r.randrange(1, 40)):
            build = Build(f"{seed}.{part}.{i}", m)
            for whole in build.packet(link, order):
                if link == 101 and whole[0] == 0x45 and whole[9] in (6, 17) and whole[26:28] != b"\0\0":
                    whole = with_wrong_sum(whole, cuts) if cuts.randrange(4) == 0 else whole
                end = len(whole) - cuts.randrange(build.tail + 1) if build.may_be_cut else len(whole)
                packets.append((whole[:end], len(whole)))
        if is_ng:
            sections.append(pcapng(packets, link, order, Build(f"{seed}.{part}", m), cuts))
        else:
            sections.append(pcap(packets, link, order, r.randrange(2)))
    return b"".join(sections)


def main():
    folder, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for number in range(count):
        for name, m in (("input", Same()), ("expected", Anonymised())):
            with open(f"{folder}/{number}.{name}", "wb") as file:
                file.write(capture(seed * 100000 + number, m))


main()

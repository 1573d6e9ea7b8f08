"""Filters that the kernel applies to every frame: what a socket does not ask for costs it nothing.

Classic BPF, as `tcpdump -y EN10MB -dd EXPRESSION` prints it; the expression stands above each.
Words are code, jump if true, jump if false, operand, in hex.
"""

from __future__ import annotations

import struct

_ONE = struct.Struct("=HBBI")
_OUR_NETWORK = "30:0:0:fffff030 15:1:0:0 6:0:0:0"
"""ldb [vlan_tag_present]; jeq #0, skip; ret #0: a frame with a VLAN tag is of another network."""


def compiled(words: str) -> bytes:
    """A program as the kernel takes it."""
    each = (word.split(":") for word in f"{_OUR_NETWORK} {words}".split())
    return b"".join(_ONE.pack(*(int(number, 16) for number in word)) for word in each)


def of_kind(kind: int) -> str:
    """Frames of one kind of packet(7), such as PACKET_BROADCAST; one byte of each is kept."""
    return f"30:0:0:fffff004 15:0:1:{kind:x} 6:0:0:1 6:0:0:0"


#   arp[6:2] = 2
ARP_ANSWERS = "28:0:0:c 15:0:3:806 28:0:0:14 15:0:1:2 6:0:0:40000 6:0:0:0"
"""Answers to ARP requests."""

#   ip and udp src port 67 and udp dst port 68
OFFERS = (
    "28:0:0:c 15:0:a:800 30:0:0:17 15:0:8:11 28:0:0:14 45:6:0:1fff b1:0:0:e 48:0:0:e "
    "15:0:3:43 48:0:0:10 15:0:1:44 6:0:0:40000 6:0:0:0"
)
"""What DHCP servers send to clients."""

#   (ip6[6] = 58 and ip6[40] = 134) or (ip6 dst host ff02::1 and (ip6[6] = 0 or ip6[6] = 43 or
#   ip6[6] = 44 or ip6[6] = 60))
ADVERTS = (
    "28:0:0:c 15:0:12:86dd 30:0:0:14 15:0:2:3a 30:0:0:36 15:d:0:86 20:0:0:26 15:0:c:ff020000 "
    "20:0:0:2a 15:0:a:0 20:0:0:2e 15:0:8:0 20:0:0:32 15:0:6:1 30:0:0:14 15:3:0:0 15:2:0:2b "
    "15:1:0:2c 15:0:1:3c 6:0:0:40000 6:0:0:0"
)
"""Router advertisements, also behind the extension headers with which a rogue one hides from a
switch (RFC 7113)."""

#   arp or (ip and udp src port 67 and udp dst port 68) or (ip and udp[10] & 0x80 != 0 and (udp
#   src port 5355 or udp src port 137 or udp src port 5353)) or (ip6[6] = 17 and ip6[50] & 0x80 !=
#   0 and (udp src port 5355 or udp src port 5353)) or (ip6[6] = 58 and ip6[40] = 136) or (ip6[6]
#   = 58 and ip6[40] = 134) or (ip6 dst host ff02::1 and (ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44
#   or ip6[6] = 60))
WATCHED = (
    "28:0:0:c 15:2b:0:806 15:0:f:800 30:0:0:17 15:0:29:11 28:0:0:14 45:27:0:1fff b1:0:0:e "
    "48:0:0:e 15:0:2:43 48:0:0:10 15:21:0:44 50:0:0:18 45:0:20:80 48:0:0:e 15:1d:0:14eb "
    "15:1c:0:89 15:1b:1c:14e9 15:0:1b:86dd 30:0:0:14 15:0:7:11 30:0:0:40 45:0:9:80 30:0:0:14 "
    "15:0:7:11 28:0:0:36 15:12:0:14eb 15:11:4:14e9 15:0:3:3a 30:0:0:36 15:e:0:88 15:d:0:86 "
    "20:0:0:26 15:0:c:ff020000 20:0:0:2a 15:0:a:0 20:0:0:2e 15:0:8:0 20:0:0:32 15:0:6:1 "
    "30:0:0:14 15:3:0:0 15:2:0:2b 15:1:0:2c 15:0:1:3c 6:0:0:40000 6:0:0:0"
)
"""All of these, every ARP, neighbour advertisements, and answers of LLMNR, NBNS and mDNS."""

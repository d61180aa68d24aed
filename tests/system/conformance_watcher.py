#!/usr/bin/env python3
"""A well-behaved client beside an abuser: 200 requests a second until its input ends.

    conformance_watcher.py PORT [SOURCE]

A program of its own, so that the abuser's work is not in its times. Prints "ready" with the first answer;
at the end how many answers came, how many were lost, and the p99 of the times in ms.
"""
import select
import sys
import time

from conformance_kit import GOOD_ANSWER, connect, exchange


def main():
    s = connect(int(sys.argv[1]), *sys.argv[2:3])
    times, lost = [], 0
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        t = time.monotonic()
        lost += exchange(s, seconds=2) != GOOD_ANSWER
        times.append((time.monotonic() - t) * 1000)
        if len(times) == 1:
            print("ready", flush=True)
    print(len(times), lost, sorted(times)[int(len(times) * 0.99)])


if __name__ == "__main__":
    main()

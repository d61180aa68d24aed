#!/usr/bin/env python3
"""The conformance checks over real sockets and ptys.

    conformance.py [BUILD] [WORD...]    only functions whose name has one of the words

Ends with a failure when a check that tests/CONFORMANCE.md says is proven here did not run or did not
pass; which ones did is written to BUILD/conformance.txt. Needs mbpoll and socat.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))

import conformance_kit as kit
import conformance_framing  # noqa: F401  (each import adds its functions)
import conformance_gateway  # noqa: F401
import conformance_places  # noqa: F401
import conformance_serial  # noqa: F401
import conformance_sweep  # noqa: F401
import conformance_vectors  # noqa: F401
import generate


def compare(claims):
    """What the document says is proven by system tests, and what passed."""
    with open(os.path.join(kit.BUILD, "conformance.txt"), "w", encoding="ascii") as f:
        for (number, transport), good in sorted(kit.results.good.items()):
            f.write(f"{number} {transport} {'passed' if good else 'failed'}\n")
    missing = sorted(c for c in claims if not kit.results.good.get(c))
    kit.check("all that tests/CONFORMANCE.md claims ran and passed", not missing,
              ", ".join(f"{n} over {t}" for n, t in missing))


def main():
    only = sys.argv[2:]
    kit.run([f for f in kit.functions if not only or any(w in f.__name__ for w in only)])
    if not only:
        compare(generate.system_claims())
    print(f"{kit.results.passed} passed, {kit.results.failed} failed")
    return kit.results.failed != 0


if __name__ == "__main__":
    sys.exit(main())

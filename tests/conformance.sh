#!/bin/sh
# The table of conformance checks is what the tests prove, and every check that applies has a proof.
# Usage: conformance.sh SOURCE_FOLDER
exec python3 "$1/tests/conformance/generate.py" --check

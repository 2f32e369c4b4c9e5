#!/usr/bin/env bash
# Runs the tests labelled gpu on the stand-in once for each seed: tests/standin/seeds.sh BUILD SEED...
# A seed orders blocks, threads and streams, and draws the cases. All tests that carry the label must run: none is skipped.
set -euo pipefail
if [ $# -lt 2 ] || [ ! -f "$1/CTestTestfile.cmake" ] || [[ "${*:2}" =~ [^0-9\ ] ]]; then
  echo "usage: tests/standin/seeds.sh BUILD SEED... (BUILD a folder that was built, seeds are whole numbers)" >&2
  exit 1
fi
build=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
labelled=$(ctest --test-dir "$build" -N -L gpu | grep -E '^ *Test +#' | grep -c -v '(Disabled)' || true)  # the canary is no test
for seed in "$@"; do
  EDGEVAL_STANDIN_SEED=$seed ctest --test-dir "$build" --output-on-failure -j "$(nproc)" -L gpu >"$log" || {
    grep -v -E 'Test +#|Start ' "$log" | tail -n 60
    exit 1
  }
  passed=$(sed -n 's/^100% tests passed, 0 tests failed out of //p' "$log")
  skipped=$(grep -c -F '***Skipped' "$log" || true)
  echo "seed $seed: $passed of $labelled tests labelled gpu passed, $skipped skipped"
  if [ "$labelled" -eq 0 ] || [ "$passed" != "$labelled" ] || [ "$skipped" != 0 ]; then exit 1; fi
done

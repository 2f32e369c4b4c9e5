#!/bin/sh
# Runs the CPU benchmarks: dense runs beside oneDNN, and runs that keep 25 % of the steps beside torch's masked loop.
#   tests/bench/run.sh BUILD_FOLDER     (ninja -C BUILD_FOLDER cpu_bench first; PYTHON names a Python with torch and numpy)
set -eu
bench="$1/tests/cpu_bench"
here=$(dirname "$0")
export OMP_WAIT_POLICY=PASSIVE  # waiting threads sleep; if they spun, they would starve others on a busy machine
"$bench"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$bench" --keep "$folder"
for threads in 1 2; do
  OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads \
    "${PYTHON:-python3}" "$here/torch_masked_loop.py" "$folder" $threads
done

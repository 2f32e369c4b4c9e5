#!/bin/bash
# What a GPU machine has to show, in two calls of at most five minutes, prepared on a machine that need not have a GPU.
#
#   tests/gpu_check.sh pack [BUILD_FOLDER]   builds programs and packs them with what they need into
#                                            BUILD_FOLDER/gpu_check.tar.gz (build-pack when none is given)
#   tests/gpu_check.sh 1 [ARCHIVE]           on the GPU machine, without build tools: the first call (tests/gpu/run.sh)
#   tests/gpu_check.sh 2 [ARCHIVE]           the second
#   tests/gpu_check.sh local [BUILD_FOLDER]  on a GPU machine with build tools: packs for its GPU, then both calls
#   tests/gpu_check.sh resources [BUILD_FOLDER]   the assembler's report on every kernel, for all architectures; no GPU
#
# Without arguments: local where there is a GPU, else resources. The calls exit with 0 when all is well, 1 when something
# failed, 3 when there is no device; tests/gpu/run.sh says what they leave in $OUT. EDGEVAL_CUDA_ARCHITECTURES (of pack
# 90), MARCH (x86-64-v3) and JOBS override the defaults.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
jobs=${JOBS:-$(nproc)}
most_bytes=$((40 << 20))
command -v nvcc >/dev/null || export PATH=$PATH:/usr/local/cuda/bin

die() {
  echo "gpu_check.sh: $*" >&2
  exit 1
}

build() {  # FOLDER TARGET OPTION...: what it prints lies in FOLDER/gpu_check.log
  local folder=$1 target=$2 log=$1/gpu_check.log generator=()
  shift 2
  mkdir -p "$folder"
  command -v ninja >/dev/null && [ ! -f "$folder/Makefile" ] && generator=(-G Ninja)
  if ! { cmake -S "$root" -B "$folder" "${generator[@]}" -DEDGEVAL_CUDA=ON -DEDGEVAL_GPU_TESTS=DEVICE "$@" &&
    cmake --build "$folder" -j "$jobs" --target "$target"; } >"$log" 2>&1; then
    grep -iE 'error|not found' "$log" | head -n 20 >&2 || true
    die "the build failed, see $log"
  fi
}

# What a program needs beside the C library, which every machine has, and the CUDA libraries and the driver, which must
# fit the machine: cuBLASLt, cuDNN. The compiler's libraries serve only where the machine's are too old.
copy_libraries() {  # FOLDER
  local library
  ldd "$1"/bin/* | awk '/=> \// { print $3 }' | sort -u | while read -r library; do
    case $(basename "$library") in
      libc.so.* | libm.so.* | libdl.so.* | librt.so.* | libpthread.so.* | libcublasLt.so.* | libcudnn.so.*) ;;
      libstdc++.so.* | libgcc_s.so.*) cp -L "$library" "$1/fallback/" ;;
      libcudart* | libicu* | libsndfile* | libyaml* | libboost*) die "a packed program needs $library" ;;
      *) cp -L "$library" "$1/lib/" ;;
    esac
  done
}

pack() {
  local build=${1:-$root/build-pack} folder archive program bytes
  folder=$build/gpu_check archive=$build/gpu_check.tar.gz
  # shellcheck disable=SC2016  # $ORIGIN is the loader's
  build "$build" gpu_check "-DEDGEVAL_CUDA_ARCHITECTURES=${EDGEVAL_CUDA_ARCHITECTURES:-90}" \
    -DEDGEVAL_NATIVE=OFF "-DCMAKE_CXX_FLAGS=-march=${MARCH:-x86-64-v3}" \
    '-DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags,-rpath,\$ORIGIN/../lib'
  rm -rf "$folder"
  mkdir -p "$folder"/{bin,lib,fallback,data}
  for program in gpu/{gpu_tests,gpu_ceilings,gpu_products,gpu_workloads,gpu_cudnn_peer,canary} gpu_bench gpu_translate_bench; do
    [ ! -f "$build/tests/$program" ] || strip -o "$folder/bin/$(basename "$program")" "$build/tests/$program"
  done
  copy_libraries "$folder"
  [ ! -f "$build/tests/gpu/libgpu_trace.so" ] || strip -o "$folder/lib/libgpu_trace.so" "$build/tests/gpu/libgpu_trace.so"
  cp "$root/datasets/captions/multi30k-en-de.safetensors" "$root/tests/bench/torch_gpu_loop.py" "$folder/data/"
  cp "$root/tests/gpu/run.sh" "$folder/"
  grep -hoE '^TEST(_P|_F)?\(\w+' "$root"/tests/cuda/kernels/*_test.cpp | sed 's/.*(//' | sort -u >"$folder/kernel_suites"
  git -C "$root" describe --always --dirty --abbrev=12 >"$folder/commit" 2>/dev/null || echo unknown >"$folder/commit"
  tar -C "$build" -c gpu_check | gzip -9 >"$archive"
  bytes=$(stat -c %s "$archive")
  (cd "$folder" && du -ak bin lib fallback data | sort -n | awk '{ printf "%8d KiB  %s\n", $1, $2 }')
  echo "needs at most $(objdump -T "$folder"/{bin,lib,fallback}/* | grep -o 'GLIBC_2[0-9.]*' | sort -uV | tail -n 1) of the machine"
  awk -v bytes="$bytes" -v archive="$archive" 'BEGIN { printf "%s: %.1f MiB\n", archive, bytes / 1048576 }'
  ((bytes <= most_bytes)) || die "the archive has more than $((most_bytes >> 20)) MiB"
}

run_call() {  # CALL [ARCHIVE]
  local archive=${2:-$root/build-pack/gpu_check.tar.gz}
  [ -f "$archive" ] || die "$archive is not there; gpu_check.sh pack makes it"
  unpacked=$(mktemp -d)
  trap 'rm -rf "$unpacked"' EXIT
  { tar -C "$unpacked" -xzf "$archive" && [ -x "$unpacked/gpu_check/run.sh" ]; } ||
    die "$archive is damaged, or none that gpu_check.sh pack made"
  OUT=${OUT:-$(dirname "$archive")/out$1} "$unpacked/gpu_check/run.sh" "$1"
}

resources() {
  local build=${1:-$root/build-resources}
  find "$build/cuda" -name '*.cu.o' -delete 2>/dev/null || true  # so that every kernel is reported
  build "$build" edgeval_cuda -DEDGEVAL_CUDA_RESOURCES=ON \
    "-DEDGEVAL_CUDA_ARCHITECTURES=${EDGEVAL_CUDA_ARCHITECTURES:-80;89;90;120}"
  python3 "$root/tests/gpu/resources.py" "$build/gpu_check.log" "$build/resources.tsv"
  grep 'warning' "$build/gpu_check.log" || echo "no warnings"
}

on_this_gpu() {
  local build=${1:-$root/build-gpu} code=0 call
  EDGEVAL_CUDA_ARCHITECTURES=${EDGEVAL_CUDA_ARCHITECTURES:-$capability} pack "$build"
  for call in 1 2; do run_call "$call" "$build/gpu_check.tar.gz" || code=$?; done
  exit "$code"
}

capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d '. ' || true)
case ${1:-$([ -n "$capability" ] && echo local || echo resources)} in
  pack) pack "${2:-}" ;;
  1 | 2) run_call "$1" "${2:-}" ;;
  local) [ -n "$capability" ] || die "there is no GPU here"; on_this_gpu "${2:-}" ;;
  resources) resources "${2:-}" ;;
  *) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

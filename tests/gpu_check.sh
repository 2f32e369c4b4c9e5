#!/bin/bash
# Everything a GPU machine has to show, in one call: builds with CUDA, runs the tests labelled gpu (a missing GPU fails them),
# the kernel tests under compute-sanitizer, and the benchmark; a short table comes last. Without a GPU it compiles for every
# architecture, prints the assembler's report on every kernel, and says that nothing ran.
#
#   tests/gpu_check.sh [BUILD_FOLDER]           build-gpu when none is given
#   tests/gpu_check.sh --pack-deps FOLDER       on a Debian machine with edgeval's packages: collects them for a bare one
#
# EDGEVAL_DEPS names a folder made by --pack-deps (docs/gpu.md); EDGEVAL_CUDA_ARCHITECTURES and JOBS override the defaults.
set -u -o pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

pack_deps() {
  local folder=$1
  local packages="libssl-dev libssl3 libdnnl-dev libdnnl2 nlohmann-json3-dev libyaml-cpp-dev libyaml-cpp0.7 libcli11-dev
    libsndfile1-dev libsndfile1 libflac-dev libflac12 libogg-dev libogg0 libvorbis-dev libvorbis0a libvorbisenc2
    libopus-dev libopus0 libmpg123-dev libmpg123-0 libmp3lame0 ocl-icd-libopencl1 libkissfft-dev libgtest-dev pkgconf-bin libpkgconf3"
  mkdir -p "$folder"
  # Headers, libraries, CMake and pkg-config files; no static libraries but googletest's, which has no other.
  dpkg-query -L $packages | grep -E '^/usr/(include|lib|bin|share/(pkgconfig|cmake))/' |
    grep -v -E '/lib(crypto|ssl|opus|FLAC|FLAC\+\+|mpg123|out123|syn123|ogg|vorbis[a-z]*|sndfile)\.a$' |
    while read -r file; do [ -d "$file" ] || echo "${file#/}"; done |
    tar -C / -c -T - | tar -C "$folder" -x
  du -sh "$folder"
}

if [ "${1:-}" = --pack-deps ]; then
  pack_deps "${2:?a folder to fill}"
  exit
fi

build=${1:-$root/build-gpu}
jobs=${JOBS:-$(nproc)}
logs=$build/gpu_check
mkdir -p "$logs"
failures=0
table=()
row() { table+=("$(printf '%-24s %s' "$1" "$2")"); }
fail() { failures=$((failures + 1)); row "$1" "FAILED, see $2"; }

capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d '. ')
if [ -n "$capability" ]; then
  device=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader | head -n 1)
  architectures=${EDGEVAL_CUDA_ARCHITECTURES:-$capability}
else
  device="none"
  architectures=${EDGEVAL_CUDA_ARCHITECTURES:-80;89;90;120}
fi
row "GPU, driver" "$device"
row "architectures" "$architectures"

options=(-DEDGEVAL_CUDA=ON -DEDGEVAL_CUDA_RESOURCES=ON "-DEDGEVAL_CUDA_ARCHITECTURES=$architectures")
command -v nvcc >/dev/null || export PATH=$PATH:/usr/local/cuda/bin
command -v ninja >/dev/null && [ ! -f "$build/Makefile" ] && options+=(-G Ninja)
if [ -n "${EDGEVAL_DEPS:-}" ]; then
  deps=$(cd "$EDGEVAL_DEPS" && pwd)
  libraries=$deps/usr/lib/x86_64-linux-gnu
  export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export PKG_CONFIG_SYSROOT_DIR=$deps PKG_CONFIG_LIBDIR=$libraries/pkgconfig:$deps/usr/share/pkgconfig
  options+=("-DCMAKE_PREFIX_PATH=$deps/usr" "-DOPENSSL_ROOT_DIR=$deps/usr" "-DPKG_CONFIG_EXECUTABLE=$deps/usr/bin/pkgconf"
    "-DCMAKE_LIBRARY_PATH=$libraries" "-DCMAKE_EXE_LINKER_FLAGS=-Wl,-rpath-link,$libraries")
fi

finish() {
  echo
  printf '%s\n' "${table[@]}"
  [ "$failures" = 0 ] || { echo "$failures of the checks failed"; exit 1; }
  exit 0
}

if ! cmake -S "$root" -B "$build" "${options[@]}" >"$logs/configure.log" 2>&1; then
  tail -n 20 "$logs/configure.log"
  fail "configure" "$logs/configure.log"
  finish
fi
find "$build/cuda" -name '*.cu.o' -delete 2>/dev/null  # so that every kernel is reported
kernel_tests=$(cd "$root/tests/cuda/kernels" && ls ./*_test.cpp | sed 's,^\./,,; s/\.cpp$//')
engine_tests="gpu_engine_test gpu_cells_test gpu_selection_test gpu_translation_test"
if ! cmake --build "$build" -j "$jobs" --target edgeval body_test body_search_test digits_test $engine_tests $kernel_tests \
  gpu_bench gpu_translate_bench \
  >"$logs/build.log" 2>&1; then
  grep -E 'error|Error' "$logs/build.log" | head -n 20
  fail "build" "$logs/build.log"
  finish
fi
row "build" "ok, $(grep -c 'warning' "$logs/build.log") warnings"

# One line for each kernel and architecture: registers, bytes of shared memory, bytes of stack and spilled.
awk '/Compiling entry function/ { split($0, part, "\047"); name = part[2]; arch = part[4] }
     /bytes stack frame/ { stack = $1; spilled = $5 + $9 }
     /Used [0-9]+ registers/ {
       shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART) + 0 : 0
       match($0, /Used [0-9]+/); print name, arch, substr($0, RSTART + 5, RLENGTH - 5), shared, stack, spilled }' \
  "$logs/build.log" | c++filt -p 2>/dev/null | grep 'edgeval::gpu' |
  sed -E 's/^edgeval::gpu::\(anonymous namespace\):://; s/edgeval::(gpu::)?//g; s/\(anonymous namespace\):://g; s/, / /g;
          s/^void //; s/^([a-z_]+_kernel)(<([^ >]*)[^>]*>?)?.* (sm_[0-9]+ .*)$/\1 \3 \4/' |
  sort >"$logs/resources.txt"
echo "kernel                     rule             arch    registers  shared  stack  spilled"
awk '{ rule = NF == 7 ? $2 : "-"; printf "%-26s %-16s %-7s %9d %7d %6d %8d\n", $1, rule, $(NF-4), $(NF-3), $(NF-2), $(NF-1), $NF }' \
  "$logs/resources.txt"
row "kernels" "$(awk '{ if ($(NF-3) > most) most = $(NF-3); spilled += $NF } END { printf "%d compiled, at most %d registers, %d bytes spilled", NR, most, spilled }' "$logs/resources.txt")"

for test in body_test body_search_test digits_test; do
  "$build/tests/$test" >"$logs/$test.log" 2>&1 && row "$test on the CPU" "ok" || fail "$test on the CPU" "$logs/$test.log"
done

if [ -z "$capability" ]; then
  row "tests, sanitizer, bench" "NOT RUN: this machine has no GPU; the kernels were compiled and nothing more"
  finish
fi

export EDGEVAL_REQUIRE_GPU=1
for test in $kernel_tests $engine_tests; do
  if "$build/tests/$test" >"$logs/$test.log" 2>&1; then
    row "$test" "$(grep -c '^\[       OK' "$logs/$test.log") tests passed"
  else
    grep -E 'Failure|FAILED|exception' "$logs/$test.log" | head -n 10
    fail "$test" "$logs/$test.log"
  fi
done

if command -v compute-sanitizer >/dev/null; then
  # The sanitizer must find the fault of a test made to have one, or its silence means nothing.
  if compute-sanitizer --error-exitcode 9 "$build/tests/gpu_unpack_test" --gtest_also_run_disabled_tests \
    --gtest_filter='*Canary*' >"$logs/canary.log" 2>&1; then
    fail "sanitizer's canary" "$logs/canary.log"
  fi
  sanitize() {  # TOOL TEST [FILTER]
    local log=$logs/$1.$2.log
    if compute-sanitizer --tool "$1" --error-exitcode 9 "$build/tests/$2" --gtest_filter="${3:-*}" >"$log" 2>&1; then
      row "$1 $2" "clean"
    else
      fail "$1 $2" "$log"
    fi
  }
  for tool in memcheck racecheck; do
    for test in $kernel_tests; do sanitize "$tool" "$test"; done
    sanitize "$tool" gpu_translation_test '*/0:*/1:*/2:*/3'
  done
else
  row "compute-sanitizer" "NOT RUN: not installed"
fi

bench() {
  local log=$logs/$1.log
  if "$build/tests/$1" "${@:2}" >"$log" 2>&1; then
    while read -r line; do row "$1" "$line"; done <"$log"
  else
    fail "$1" "$log"
  fi
}
bench gpu_bench
bench gpu_translate_bench "$root/datasets/captions/multi30k-en-de.safetensors"
finish

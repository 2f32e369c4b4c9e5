#!/usr/bin/env bash
# Installs what is missing (Debian 12), builds edgeval and does one thing:
#   ./setup.sh          builds
#   ./setup.sh run      builds, then evaluates the model that ships on the speech that ships
#   ./setup.sh test     builds, then runs every test; GPU tests run on the CPU where there is no GPU (tests/standin)
#   ./setup.sh format   formats the C++ and CUDA sources; check-format says which files are not
#   ./setup.sh sanitize builds with AddressSanitizer and UndefinedBehaviorSanitizer, then runs the tests, the GPU
#                       engine's on the stand-in, but for a few that tests/CMakeLists.txt names
#   ./setup.sh fuzz [SECONDS [TARGET...]]  builds the fuzz targets with clang and runs each for so long, 60 s unless said
#                       (tests/fuzz)
# EDGEVAL_CUDA=OFF leaves the GPU engine out; by default it is built where nvcc is found, for the GPU that is there, else for
# compute capability 9.0 alone (EDGEVAL_CUDA_ARCHITECTURES="80;89;90;120" names others).
set -euo pipefail
cd "$(dirname "$0")"

packages=(cmake g++ ninja-build pkg-config libboost-context-dev libcli11-dev libdnnl-dev libgtest-dev libicu-dev libkissfft-dev
          libsndfile1-dev libssl-dev libyaml-cpp-dev nlohmann-json3-dev zlib1g-dev)

install_missing() {  # install_missing PACKAGE...
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  if ! command -v apt-get >/dev/null; then
    echo "this is no Debian; install the counterparts of: ${missing[*]}" >&2
    return
  fi
  echo "installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

build() {  # build TARGET...
  local here=90
  [ ! -e /dev/nvidia0 ] || here=native
  cmake --preset release -DEDGEVAL_CUDA="${EDGEVAL_CUDA:-AUTO}" \
    -DEDGEVAL_CUDA_ARCHITECTURES="${EDGEVAL_CUDA_ARCHITECTURES:-$here}" >/dev/null
  cmake --build --preset release -j "$(nproc)" --target "$@"  # Ninja's own choice has two more at once, which is slower
}

fuzz() {  # fuzz SECONDS TARGET...: of each the executions, the edges covered, and the findings
  local seconds=$1 target name work memory found failed=0
  shift
  for target in "$@"; do
    name=${target##*/fuzz_}
    work=build-fuzz/runs/$name memory=1024
    [ "$name" != audio ] || memory=4096  # libsndfile 1.2.0 forgets 6 KB of each Ogg file whose headers it refuses
    mkdir -p "$work/corpus" "$work/findings"
    ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
      "$target" "$work/corpus" "tests/fuzz/corpus/$name" -dict="tests/fuzz/dictionaries/$name.dict" -max_len=8192 \
      -max_total_time="$seconds" -timeout=10 -rss_limit_mb=$memory -malloc_limit_mb=1024 -print_final_stats=1 \
      -artifact_prefix="$PWD/$work/findings/" >"$work/log" 2>&1 || failed=1
    found=$(find "$work/findings" -type f | wc -l)
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") executions," \
      "$(grep -o ' cov: [0-9]*' "$work/log" | tail -1 | tr -dc 0-9) edges, $found findings"
    [ "$found" -eq 0 ] || echo "  $work/findings, $work/log"
  done
  return $failed
}

sources() { git ls-files -z --cached --others --exclude-standard '*.cpp' '*.hpp' '*.cu' '*.cuh'; }

case "${1:-build}" in
  build | run | test | sanitize) install_missing "${packages[@]}" ;;
  fuzz) install_missing "${packages[@]}" clang libomp-dev ;;
  format | check-format) install_missing clang-format-14 ;;  # other versions break other lines
esac

case "${1:-build}" in
  build) build edgeval ;;
  run)
    build edgeval
    build/edgeval run --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken \
      --policy datasets/spoken/skip_delta.yaml --out out
    ;;
  test)
    build all
    ctest --preset release -j $(($(nproc) + 1))  # some tests wait most of their time: for a kill, a disk or other processes
    ;;
  sanitize)
    cmake --preset sanitize >/dev/null
    cmake --build --preset sanitize -j "$(nproc)"
    ctest --preset sanitize -j "$(nproc)"
    ;;
  fuzz)
    cmake --preset fuzz -DCMAKE_CXX_COMPILER="$(command -v clang++ || command -v clang++-14)" >/dev/null
    targets=("${@:3}")
    [ ${#targets[@]} -gt 0 ] || for source in tests/fuzz/corpus/*; do targets+=("${source##*/}"); done
    targets=("${targets[@]/#/fuzz_}")
    cmake --build --preset fuzz -j "$(nproc)" --target "${targets[@]}"
    fuzz "${2:-60}" "${targets[@]/#/build-fuzz/tests/fuzz/}"
    ;;
  format) sources | xargs -0 clang-format-14 -i ;;
  check-format) sources | xargs -0 clang-format-14 --dry-run --Werror ;;
  *)
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 1
    ;;
esac

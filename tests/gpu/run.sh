#!/bin/bash
# One of the two calls of gpu_check.sh on a GPU machine. It lies in the folder that `gpu_check.sh pack` made and needs
# that folder, bash, coreutils, gzip, awk and the driver; cuBLASLt, cuDNN, compute-sanitizer and torch are the machine's own.
#
#   run.sh 1     the machine, its ceilings, products, kernels, the engine in integers against the CPU, three benchmarks,
#                one of them recorded
#   run.sh 2     all other tests, peers, compute-sanitizer on the kernels
#
# Every row is appended to $OUT/table.tsv (the folder out beside this script without OUT) when it is known: the call,
# seconds since its start, stage, name, value, note. What programs print comes to $OUT/call1.log or call2.log, that of the
# running one to running.log. EDGEVAL_SECONDS bounds a call, 290 unless set; EDGEVAL_SANITIZER names a compute-sanitizer.
# Exits with 0 when all is well, 1 when anything failed or did not end, 2 for wrong arguments, and 3 when there is no
# device: then it has looked at the machine and at whether the programs load, and nothing ran.
# shellcheck disable=SC1091  # /etc/os-release is the machine's own
# shellcheck disable=SC2094  # a program's errors and its output go to one log, both appended
# shellcheck disable=SC2317  # some functions are called by a name in a variable
set -u -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
call=${1:-}
[[ $call == [12] ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=${OUT:-$here/out}
table=$out/table.tsv log=$out/call$call.log running=$out/running.log
{ mkdir -p "$out" && : >>"$table"; } || { echo "run.sh: nothing can be written to $out; set OUT" >&2; exit 1; }
rm -f "$log" "$running"
sed -i "/^$call\t/d" "$table"
limit=${EDGEVAL_SECONDS:-290} failures=0
[[ $limit =~ ^[0-9]+$ ]] || { echo "run.sh: EDGEVAL_SECONDS is '$limit', not a number of seconds" >&2; exit 1; }
libraries=${LD_LIBRARY_PATH:-}

row() {  # STAGE NAME VALUE [NOTE]
  printf '%d\t%d\t%s\t%s\t%s\t%s\n' "$call" "$SECONDS" "$1" "$2" "$3" "${4:-}" | tee -a "$table"
}
fail() {  # STAGE NAME NOTE
  failures=$((failures + 1))
  row "$1" "$2" FAILED "$3"
}

finish() {  # CODE
  [ -f "$running" ] && { cat "$running" >>"$log"; rm -f "$running"; }
  printf '\n%s\n' "call $call:"
  awk -F '\t' -v call="$call" '$1 != call || $3 == "products" && $4 ~ /^plain/ { next }
    { printf "%.120s\n", sprintf("%4d s  %-9s %-38s %s  %s", $2, $3, $4, $5, $6) }' "$table"
  local missed
  missed=$(awk -F '\t' -v call="$call" '$1 == call && $5 ~ /^NOT / { ++count } END { print count + 0 }' "$table")
  ((missed == 0)) || echo "not run, for what this machine lacks: $missed"
  row end failures "$failures" >/dev/null
  if [ "$(awk -F '\t' -v call="$call" '$1 == call && $3 == "end" { print $5 }' "$table")" != "$failures" ]; then
    echo "FAILED: $table could not be written"
    exit 1
  fi
  if ((failures > 0)); then
    echo "FAILED: $failures, see $log"
    exit "$(($1 > 1 ? $1 : 1))"
  fi
  exit "$1"
}

# Runs a program of the folder or of the machine within its seconds and those of the call. Its output goes to
# running.log, its rows (name, value and note between tabs) to the table at once. Returns its exit code, 124 when it did
# not end.
stage() {  # STAGE SECONDS COMMAND...
  local stage=$1 seconds=$2 left=$((limit - SECONDS)) code
  shift 2
  ((seconds > left)) && seconds=$left
  [ -f "$running" ] && cat "$running" >>"$log"
  printf '== %s, %d s: %.200s\n' "$stage" "$seconds" "$*" >"$running"
  ((seconds > 0)) || { echo "no time is left" >>"$running"; return 124; }
  timeout -k 5 "$seconds" env "LD_LIBRARY_PATH=$libraries" "$@" 2>>"$running" | tee -a "$running" |
    while IFS=$'\t' read -r name value note; do
      if [[ -n $value && $name =~ ^[a-z0-9_]+$ ]]; then
        row "$stage" "$name" "$value" "$note"
      elif [ "$stage" = benchmark ]; then
        row "$stage" "$(basename "$1")" "" "$(tr -s ' ' <<<"$name")"
      fi
    done
  code=${PIPESTATUS[0]}
  echo "== exit code $code" >>"$running"
  ((code == 137)) && code=124
  return "$code"
}

why() {  # the likeliest lines of running.log
  grep -m 1 -A 4 -E 'exception with description|: Failure|ERROR SUMMARY: [1-9]|[Ee]rror|differ|^[a-z_]+: ' "$running" |
    grep -v -e '^\[' -e '^==' | tr '\t\n' '  ' | cut -c 1-240
}
no_end() { grep -q '^no time is left' "$running" && echo "no time was left" || echo "no end within its time"; }

plain_stage() {  # STAGE SECONDS COMMAND...: one that ends with 0 or has failed
  local name code
  name=$(basename "$3")
  stage "$@"
  code=$?
  case $code in
    0) row "$1" "$name" ok ;;
    124) fail "$1" "$name" "$(no_end)" ;;
    *) fail "$1" "$name" "exit code $code: $(why)" ;;
  esac
}

# ---- the machine

missing() { env "LD_LIBRARY_PATH=$libraries" ldd "$1" 2>&1 | grep 'not found' | tr '\t' ' ' | sed 's/^ *//'; }

find_library() {  # NAME: adds its folder to those that programs look into; fails where there is none
  local folder
  for folder in /usr/local/cuda*/lib64 /usr/local/cuda*/lib /usr/local/cuda*/targets/x86_64-linux/lib /usr/local/nvidia/lib*; do
    [ -e "$folder/$1" ] && { libraries=${libraries:+$libraries:}$folder; return; }
  done
  folder=$(timeout 20 find / -xdev -name "$1" -print -quit 2>/dev/null)  # of a Python package, for instance
  [ -n "$folder" ] && libraries=${libraries:+$libraries:}$(dirname "$folder")
}

look_at_the_machine() {
  local program gone count
  row machine commit "$(cat "$here/commit")"
  row machine system "$(. /etc/os-release 2>/dev/null && echo "$PRETTY_NAME")" \
    "$(uname -r), $(ldd --version | sed -n '1s/.* //p') is its glibc, $(nproc) processors"
  row machine driver "$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | grep . || echo none)"
  gone=$(for program in "$here"/bin/*; do missing "$program"; done)
  [[ $gone == *libstdc++* || $gone == *GLIBCXX* || $gone == *CXXABI* || $gone == *libgcc_s* ]] &&
    libraries=$here/fallback${libraries:+:$libraries}
  [[ $gone == *libcudnn.so.9* ]] && find_library libcudnn.so.9
  # The programs load this one by themselves (cuda/device/cublaslt.cpp), so ldd does not miss it.
  if ldconfig -p 2>/dev/null | grep -q libcublasLt.so.13 || find_library libcublasLt.so.13; then
    row load libcublasLt.so.13 ok
  else
    fail load libcublasLt.so.13 "not found: the machine's own"
  fi
  ldconfig -p 2>/dev/null | grep -q libcuda.so.1 || find_library libcuda.so.1
  for program in "$here"/bin/*; do
    { echo "== ldd $program"; env "LD_LIBRARY_PATH=$libraries" ldd "$program"; } >>"$log" 2>&1
    gone=$(missing "$program" | sort -u | paste -s -d ';')
    case $gone in
      '') row load "$(basename "$program")" ok ;;
      *libcudnn*) row load "$(basename "$program")" "NOT LOADED" "$gone: the machine's own" ;;
      *) fail load "$(basename "$program")" "$gone" ;;
    esac
  done
  if [ -z "$(missing "$here/bin/gpu_tests")" ]; then
    count=$(tests_of '*' | wc -l)
    row load tests "$count" \
      "$(kernel_tests | wc -l) of kernels, $(integer_tests | wc -l) engine, $(other_tests | wc -l) others"
    ((count > 0)) || fail load gpu_tests "it does not start"
  fi
  stage machine 20 "$here/bin/gpu_ceilings" device
  case $? in
    0) ;;
    3)
      row machine device NONE "there is no device: $(why | sed 's/.*device: //'); nothing ran"
      finish 3
      ;;
    *) fail machine device "$(why)" ;;
  esac
}

# ---- tests

tests_of() {  # FILTER: names, one a line
  env "LD_LIBRARY_PATH=$libraries" "$here/bin/gpu_tests" --gtest_list_tests --gtest_filter="$1" 2>/dev/null |
    awk '/^[^ ]+\.( |$)/ { suite = $1; next } /^  / && suite != "" && $1 !~ /^DISABLED_/ { print suite $1 }'
}
kernel_tests() { tests_of "$(sed 's/.*/&.*:*\/&.*/' "$here/kernel_suites" | paste -s -d :)"; }
# In integers, where all bits are the CPU's; of the many seeds of translation the first ten.
integer_tests() { tests_of '*Integers*:*BitForBit*-Seeds/*/??' | grep -vxF -f <(kernel_tests); }
# Without the products: those kernels are cuBLASLt's, which racecheck takes minutes for, and they read padding that
# nobody wrote and that reaches no result.
own_kernel_tests() { kernel_tests | grep -v '^GpuGemm\.'; }
translation_tests() { tests_of '*/GpuTranslation.*BitForBit/?' | head -n 4; }
other_tests() { tests_of '*' | grep -vxF -f <(kernel_tests; integer_tests); }

# Tests from stdin, each suite in a process of its own, so that a fault on the device spoils no other suite. In the
# engine's the first failure ends a suite; it is run once more with every launch waited for.
run_tests() {  # STAGE SECONDS
  local end=$((SECONDS + $2)) fast=() suite count names half code passed skipped first
  [ "$1" = engine ] && fast=(--gtest_fail_fast)
  while IFS=$'\t' read -r suite count names; do
    half=$(((end - SECONDS) / 2))  # so that a suite that hangs leaves time for the others
    stage "$1" "$((half > 10 ? half : 10))" env EDGEVAL_REQUIRE_GPU=1 "$here/bin/gpu_tests" "${fast[@]}" --gtest_filter="$names"
    code=$?
    passed=$(grep -c '^\[       OK ' "$running")
    skipped=$(grep -c '^\[  SKIPPED \] .* ms)' "$running")
    if ((code == 0 && passed > 0 && passed + skipped == count)); then
      row "$1" "$suite" ok "$passed passed, $skipped without a meaning"
      continue
    fi
    # The one that failed, else the one that was running.
    first=$(sed -n 's/^\[  FAILED  \] \([^ ,]*\).*/\1/p' "$running" | head -n 1)
    [ -n "$first" ] || first=$(sed -n 's/^\[ RUN      \] //p' "$running" | tail -n 1)
    fail "$1" "$suite" "$passed of $count passed, code $code (124: no end), then ${first:-nothing}: $(why)"
    awk -v begin="[ RUN      ] $first" '$0 == begin { on = 1 } on && lines++ < 15 { print substr($0, 1, 300) }
      on && /^\[  FAILED/ { exit }' "$running" | sed 's/, where GetParam.*//'
    [ -n "$first" ] || continue
    stage "$1" 20 env EDGEVAL_REQUIRE_GPU=1 EDGEVAL_SYNC=1 "$here/bin/gpu_tests" --gtest_filter="$first"
    row "$1" "$first" "with EDGEVAL_SYNC=1: code $?" "$(why)"
  done < <(awk -F . '{ names[$1] = names[$1] (names[$1] == "" ? "" : ":") $0; ++count[$1] }
                     END { for (suite in names) print suite "\t" count[suite] "\t" names[suite] }' | sort)
}
expect_tests() {  # STAGE SECONDS COMMAND THAT NAMES THEM
  local names
  names=$("$3")
  if [ -n "$names" ]; then run_tests "$1" "$2" <<<"$names"; else fail "$1" tests "none is there"; fi
}

# ---- compute-sanitizer

sanitizer=${EDGEVAL_SANITIZER:-$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer)}
# What a tool says of the fault planted for it, and of whatever else it finds.
declare -A finds=([memcheck]='Invalid __global__ (read|write)' [racecheck]='Race reported'
  [synccheck]='Barrier error detected' [initcheck]='Uninitialized __global__ memory read') sighted=()
any_finding='========= (Error|Invalid|Race|Barrier|Uninitialized|Host API|Program)'

# A tool must find the fault made for it, by its exit code and by its own message, or its silence means nothing.
canary() {  # TOOL
  local command=("$here/bin/canary" "$1") code
  [ "$1" = memcheck ] &&
    command=("$here/bin/gpu_tests" --gtest_also_run_disabled_tests --gtest_filter='*DISABLED_Canary*')
  stage canary 20 env EDGEVAL_REQUIRE_GPU=1 "$sanitizer" --tool "$1" --error-exitcode 9 "${command[@]}"
  code=$?
  if ((code == 9)) && grep -qE "${finds[$1]}" "$running"; then
    row canary "$1" ok "found the planted fault"
  else
    fail canary "$1" "code $code: it did not find the planted fault and proves nothing"
    return 1
  fi
}

sanitize() {  # TOOL SECONDS WHAT, whose tests WHAT_tests names
  local word=clean names count code passed first
  if [ -z "${sighted[$1]:-}" ]; then
    sighted[$1]=no
    canary "$1" && sighted[$1]=yes
  fi
  [ "${sighted[$1]}" = yes ] || word="silent, which proves nothing"
  names=$("$3_tests")
  count=$(wc -l <<<"$names")
  stage "$1" "$2" env EDGEVAL_REQUIRE_GPU=1 "$sanitizer" --tool "$1" --error-exitcode 9 \
    "$here/bin/gpu_tests" --gtest_filter="$(paste -s -d : <<<"$names")"
  code=$?
  passed=$(grep -c '^\[       OK ' "$running")
  if ((code == 0 && passed == count)); then
    row "$1" "$3" "$word" "$passed tests"
  elif ((code == 124)) && ! grep -qE "${finds[$1]}|$any_finding" "$running"; then
    fail "$1" "$3" "$(no_end); $word in $passed of $count tests"
  else
    first=$(grep -m 1 -E "${finds[$1]}|$any_finding|FAILED" "$running" | cut -c 1-160)
    fail "$1" "$3" "code $code (9: the tool's) after $passed of $count tests: $first"
  fi
}

# ---- the calls

# What kernels, copies and calls of a program took, for tests/gpu/trace.py.
trace() {  # NAME PROGRAM ARGUMENT...
  local file=$out/$1.trace
  if ! [ -e "$here/lib/libgpu_trace.so" ] || ! find_library libcupti.so.13; then
    row trace "$1" "NOT RUN" "the recorder or libcupti.so.13 is not here"
  elif stage trace 40 env "CUDA_INJECTION64_PATH=$here/lib/libgpu_trace.so" "EDGEVAL_TRACE=$file" "$here/bin/$2" "${@:3}" &&
    [ -s "$file" ] && gzip -4 -f "$file"; then
    row trace "$1" ok "$(basename "$file").gz"
  else
    fail trace "$1" "no trace was written and packed: $(why)"
  fi
}

peer_torch() {
  stage peers 45 python3 "$here/data/torch_gpu_loop.py"
  local code=$?
  if ((code == 0)); then
    row peers torch ok
  elif ((code == 127)) || grep -q 'No module named .torch' "$running"; then
    row peers torch "NOT RUN" "no torch is here"
  else
    fail peers torch "exit code $code (124: no end): $(why)"
  fi
}

look_at_the_machine
if [ "$call" = 1 ]; then
  plain_stage ceilings 25 "$here/bin/gpu_ceilings"
  plain_stage products 30 "$here/bin/gpu_products"
  expect_tests kernels 60 kernel_tests
  expect_tests engine 75 integer_tests
  plain_stage benchmark 45 "$here/bin/gpu_bench" 64 1024
  plain_stage benchmark 45 "$here/bin/gpu_translate_bench" "$here/data/multi30k-en-de.safetensors" 1000
  plain_stage workloads 130 "$here/bin/gpu_workloads"
  trace speech_int8 gpu_workloads speech int8
else
  expect_tests others 60 other_tests
  if [ -x "$here/bin/gpu_cudnn_peer" ] && [ -z "$(missing "$here/bin/gpu_cudnn_peer")" ]; then
    plain_stage peers 30 "$here/bin/gpu_cudnn_peer" 64 1024
  else
    row peers cudnn "NOT RUN" "libcudnn.so.9 is not here"
  fi
  peer_torch
  # Last; each tool leaves 15 s to every one behind it.
  if [ -n "$sanitizer" ]; then
    checks=(memcheck racecheck synccheck initcheck memcheck racecheck)
    for i in "${!checks[@]}"; do
      what=kernel
      [[ ${checks[i]} == @(racecheck|initcheck) ]] && what=own_kernel
      ((i < 4)) || what=translation
      sanitize "${checks[i]}" "$((limit - SECONDS - 15 * (${#checks[@]} - i - 1)))" "$what"
    done
  else
    row sanitizer compute-sanitizer "NOT RUN" "it is not here"
  fi
fi
finish 0

# ./dev check: what a change must pass, step by step. Each step runs in a process of its own, so that one that
# fails does not keep the others from running, and can be repeated alone.

all_steps=(format tidy lint headers header-cost gcc12 gcc12-debug asan tsan stress peers install)
quick_steps=(format tidy lint headers header-cost gcc12 asan tsan install)

describe_step() {
  case $1 in
    format) echo "every C++ file is as clang-format would have it" ;;
    tidy) echo "clang-tidy finds no likely bug" ;;
    lint) echo "no shape of co_await that GCC 12 miscompiles" ;;
    headers) echo "every public header compiles alone" ;;
    header-cost) echo "no public header is costly to include" ;;
    gcc12) echo "GCC 12 at -O2 builds all and passes all" ;;
    gcc12-debug) echo "GCC 12 at -O0 builds the core and passes its tests" ;;
    asan) echo "all tests under the address and undefined-behaviour sanitizers" ;;
    tsan) echo "all tests under the thread sanitizer" ;;
    stress) echo "stress tests for a minute each, under both kinds of sanitizers" ;;
    peers) echo "clients that people have see no failure; weft takes no request that nginx and Hyper both refuse" ;;
    install) echo "outside projects find, build and run the installed weft" ;;
  esac
}

check_usage() {
  echo "./dev check [--quick] [--only STEP]…"
  local step
  for step in "${all_steps[@]}"; do
    [[ " ${quick_steps[*]} " == *" $step "* ]] && local mark='quick' || local mark=''
    printf '  %-12s %-6s %s\n' "$step" "$mark" "$(describe_step "$step")"
  done
}

step_format() {
  # One line a file: what to change, ./dev fmt knows.
  cpp_files | xargs -r -P "$jobs" -I{} sh -c 'clang-format-19 --dry-run -Werror {} 2>/dev/null ||
      { echo "not formatted: {}"; exit 1; }' ||
    die "some files are not formatted" "Format them with:  ./dev fmt"
}

step_tidy() {
  preset_build dev
  local checks=()
  # The analyzer costs as much as all the rest; ./dev check has the time.
  [[ -n ${WEFT_QUICK:-} ]] && checks=(--checks=-clang-analyzer-*)
  # Of what is built, all but the tests: their macros trip the very checks that are worth having.
  cpp_files | grep -E '^(core|service|http|rpc|codegen|examples)/.*\.cpp$' | while read -r f; do
    if grep -qF "\"file\": \"$root/$f\"" build/dev/compile_commands.json; then printf '%s\n' "$f"; fi
  done | xargs -r -P "$jobs" -n 1 clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*' "${checks[@]}" 2>/dev/null ||
    die "clang-tidy found something" "Where it is wrong, say so beside the code with NOLINT(check) and the reason."
}

step_lint() {
  python3 -B cmake/lint/selftest/selftest.py
  preset_build dev
  python3 -B cmake/lint/weft_lint.py -p build/dev --jobs "$jobs" ||
    die "the coroutine lint found something" "docs/guides/gcc12-coroutines.md shows the right shapes."
}

step_headers() {
  preset_configure dev
  say "Compiling each public header alone"
  cmake --build --preset dev --target all_verify_interface_header_sets
}

step_header_cost() { python3 -B cmake/dev/header_cost.py; }

# Here stress is a taste; the step of that name is for the meal.
tests_of() {
  preset_build "$1"
  WEFT_STRESS_SECONDS=${WEFT_STRESS_SECONDS:-5} preset_test "$1"
}
step_gcc12() { tests_of gcc12; }
step_gcc12_debug() { tests_of gcc12-debug; }
step_asan() { tests_of asan; }
step_tsan() { tests_of tsan; }

step_stress() {
  local preset
  for preset in asan tsan; do
    preset_build "$preset"
    WEFT_STRESS_SECONDS=${WEFT_STRESS_SECONDS:-60} preset_test "$preset" -L stress --no-tests=ignore
  done
}

step_peers() {
  preset_build dev hello collecting_server dump_h1_corpus
  say "Loading examples/hello with curl, wrk, h2load and ab"
  python3 -B tests/differential/clients.py build/dev/examples/hello
  say "Comparing what is accepted with nginx and Hyper"
  python3 -B tests/differential/differential.py \
    build/dev/tests/differential/collecting_server build/dev/tests/differential/dump_h1_corpus ||
    die "weft accepts what others refuse, or a peer is missing" \
      "A difference that is meant goes into tests/differential/explained.txt, with the reason."
}

step_install() {
  preset_build dev
  ctest --test-dir build/dev -L install --output-on-failure --no-tests=error
}

# check_step STEP: what check_command starts for each.
check_step() {
  "step_${1//-/_}"
}

check_command() {
  local steps=("${all_steps[@]}") only=() step
  while (($#)); do
    case $1 in
      --quick)
        steps=("${quick_steps[@]}")
        export WEFT_QUICK=1
        ;;
      --only)
        [[ -n ${2:-} && " ${all_steps[*]} " == *" $2 "* ]] || die "there is no step '${2:-}'" "These are:  ${all_steps[*]}"
        only+=("$2")
        shift
        ;;
      --list | --help)
        check_usage
        return
        ;;
      *) die "check takes no '$1'" "Say ./dev check --list for the steps." ;;
    esac
    shift
  done
  ((${#only[@]})) && steps=("${only[@]}")
  ensure_base
  [[ " ${steps[*]} " != *" peers "* ]] || ensure_peers

  local table=() failed=() start total=$SECONDS number=0
  mkdir -p build/log
  for step in "${steps[@]}"; do
    number=$((number + 1))
    say "[$number/${#steps[@]}] $step: $(describe_step "$step")"
    start=$SECONDS
    local result="${green}passed${plain}"
    if ! "$root/dev" check-step "$step" 2>&1 | tee "build/log/check-$step.log"; then
      result="${red}FAILED${plain}"
      failed+=("$step")
    fi
    table+=("$(printf '    %-12s %s %10s   %s' "$step" "$result" "$(duration $((SECONDS - start)))" \
      "$(grep -E 'tests passed, .* tests failed out of' "build/log/check-$step.log" | tail -n 1 | sed 's/^error: //' || true)")")
  done

  say "Checked in $(duration $((SECONDS - total)))"
  printf '%s\n' "${table[@]}"
  ((${#failed[@]} == 0)) && return
  local advice=()
  for step in "${failed[@]}"; do
    advice+=("./dev check --only $step      (its output: build/log/check-$step.log)")
  done
  die "${#failed[@]} of ${#steps[@]} steps failed: ${failed[*]}" "Repeat them one by one:" "${advice[@]}"
}

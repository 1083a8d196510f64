# Configure, build, test, format, clean.

# preset_configure PRESET: only when there is something new. Ninja sees to the CMake files that it knows, not to a
# package that came to exist.
preset_configure() {
  local preset=$1
  local ninja=build/$preset/build.ninja
  # A checkout that was moved or copied takes its builds along, and CMake refuses them.
  if [[ -e $ninja ]] && ! grep -qx "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "build/$preset/CMakeCache.txt"; then
    rm -rf "build/$preset"
  fi
  if [[ $ninja -nt CMakePresets.json ]]; then
    [[ -z $(find . -path ./build -prune -o -name CMakeLists.txt -newer "$ninja" -print -quit) ]] && return
  else
    # A changed preset does not override what an earlier one left in the cache.
    rm -f "build/$preset/CMakeCache.txt"
  fi
  say "Configuring $preset"
  quietly "build/log/configure-$preset.log" cmake --preset "$preset" ||
    die "configuring $preset failed; CMake's words are above" "Repeat it with:  cmake --preset $preset"
  touch "$ninja"
}

# preset_build PRESET [TARGET…]
preset_build() {
  local preset=$1
  shift
  preset_configure "$preset"
  say "Building $preset${*:+ ($*)}"
  cmake --build --preset "$preset" ${*:+--target "$@"} ||
    die "building $preset failed; the compiler's words are above" "Repeat it with:  ./dev build $preset"
}

# What ctest said last about PRESET.
closing_line() { grep -E 'tests passed, .* tests failed out of' "build/log/test-$1.log" || echo 'ctest did not finish'; }

# preset_test PRESET [ctest options…]
preset_test() {
  local preset=$1
  shift
  local log=build/log/test-$preset.log progress=() drop='/^ *Start /d'
  # On a terminal one line moves; in a log, the line that a test begins is as good as the one that it ended.
  if [[ -t 1 ]]; then progress=(--progress) drop=''; fi
  mkdir -p build/log
  say "Testing $preset"
  local status=0
  ctest --preset "$preset" "${progress[@]}" "$@" 2>&1 | tee "$log" | sed -u "$drop" || status=1
  if ((status)); then
    die "tests failed in $preset: $(closing_line "$preset")" "The whole output is in $log. Repeat the failed ones with:" \
      "  ctest --preset $preset --rerun-failed"
  fi
}

build_command() {
  local preset=dev
  if [[ $# -gt 0 && $1 != -- ]]; then
    preset=$1
    shift
  fi
  [[ ${1:-} == -- ]] && shift
  cmake -N --preset "$preset" >/dev/null 2>&1 || ! command -v cmake >/dev/null ||
    die "there is no preset '$preset'" "These are:  dev release gcc12 gcc12-debug asan tsan coverage fuzz"
  ensure_base
  preset_build "$preset" "$@"
}

test_command() {
  local filter=()
  if [[ $# -gt 0 ]]; then filter=(-R "$1"); fi
  local start=$SECONDS
  ensure_base
  preset_build dev
  preset_test dev "${filter[@]}"
  say "${green}$(closing_line dev)${plain} ($(duration $((SECONDS - start))))"
}

fmt_command() {
  ensure_base
  cpp_files | xargs -r -P "$jobs" -n 16 clang-format-19 -i
  say "Formatted $(cpp_files | wc -l) files"
}

clean_command() {
  rm -rf build .cache
  say "Removed build/ and .cache/"
}

# How ./dev speaks, and the few things that every command needs.

if [[ -t 1 ]]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' green='' red='' plain=''
fi

jobs=${WEFT_JOBS:-$(nproc)}
export CMAKE_BUILD_PARALLEL_LEVEL=$jobs CTEST_PARALLEL_LEVEL=$jobs
# Where Debian keeps the symbolizer that sanitizers look for.
PATH=$PATH:/usr/lib/llvm-19/bin
export NINJA_STATUS='[%f/%t %es] '

say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '    %s\n' "$*"; }

# die MESSAGE [WHAT_TO_DO…]
die() {
  printf '%serror:%s %s\n' "$red" "$plain" "$1" >&2
  shift
  local line
  for line in "$@"; do
    printf '       %s\n' "$line" >&2
  done
  exit 1
}

# quietly LOG COMMAND…: keeps the output in LOG, and shows it only when the command fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    return 1
  fi
}

duration() {
  local s=$1
  if ((s >= 60)); then printf '%d min %02d s' $((s / 60)) $((s % 60)); else printf '%d s' "$s"; fi
}

# The C++ files of the project: those that git knows, and new ones that it does not ignore.
cpp_files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -co --exclude-standard -- '*.hpp' '*.cpp' | while read -r f; do
      [[ -e $f ]] && printf '%s\n' "$f"
    done
  else
    find core service http rpc codegen tests examples bench -name '*.[hc]pp' 2>/dev/null
  fi
}

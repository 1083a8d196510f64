# What weft is built with, and how it gets there.

base_packages=(
  clang-19 clang-tools-19 clang-tidy-19 clang-format-19 lld-19 llvm-19 libclang-rt-19-dev
  g++ g++-12 cmake ninja-build ccache pkg-config git python3
  libssl-dev libnghttp2-dev liburing-dev libfmt-dev zlib1g-dev
  protobuf-compiler libprotobuf-dev libprotoc-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  curl wrk nghttp2-client apache2-utils
)
# What weft is compared with: nginx, and Hyper, which is built. A toolchain of the user's own is taken to be
# new enough; Debian's `cargo` is not.
peer_packages=(nginx)
command -v cargo >/dev/null || peer_packages+=(cargo-web rustc-web)
bench_packages=("${peer_packages[@]}" libboost-dev valgrind)

# What the packages are for, on a system that is not Debian 12.
base_tools=(clang++-19 clang-tidy-19 clang-format-19 clang-query-19 ld.lld-19 g++-12 cmake ninja git python3 curl)

on_debian_12() {
  [[ -r /etc/os-release ]] && (source /etc/os-release && [[ ${ID:-} == debian && ${VERSION_ID:-} == 12 ]])
}

# Called before any output is redirected, so that its words are seen.
require_root() {
  ((EUID == 0)) || command -v sudo >/dev/null ||
    die "packages are missing, and installing them needs root or sudo" "As root, run:  apt-get install ${missing[*]}"
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

refresh_package_lists() {
  say "Refreshing Debian's package lists"
  quietly .cache/apt-update.log as_root apt-get -q -o DPkg::Lock::Timeout=300 update ||
    note "that failed; going on with the lists that are there"
}

# llhttp's sources come out of a package that is downloaded, not installed: apt must know where it is.
ensure_llhttp_can_be_downloaded() {
  compgen -G '.cache/llhttp-debian*' >/dev/null && return
  apt-cache show node-llhttp >/dev/null 2>&1 && return
  missing=(node-llhttp)
  require_root
  refresh_package_lists
}

install_missing() {
  local installed package
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true)
  missing=()
  for package in "$@"; do
    grep -qx -- "$package" <<<"$installed" || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return

  require_root
  refresh_package_lists
  say "Installing ${#missing[@]} Debian packages"
  note "${missing[*]}"
  mkdir -p .cache
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
    install --no-install-recommends "${missing[@]}" 2>&1 |
    tee .cache/apt-install.log | sed -un 's/^\(Get:[0-9]*\) [^ ]* \([^ ]* [^ ]* [^ ]*\).*/    \1 \2/p; s/^Setting up \([^ ]*\).*/    installed \1/p'; then
    tail -n 20 .cache/apt-install.log >&2
    die "installing the packages failed; the end of apt's output is above" \
      "Mend what it names and run ./dev setup again."
  fi
}

ensure_foreign_tools() {
  local tool missing_tools=()
  for tool in "${base_tools[@]}"; do
    command -v "$tool" >/dev/null || missing_tools+=("$tool")
  done
  ((${#missing_tools[@]} == 0)) && return
  die "this is not Debian 12, so ./dev installs nothing; these commands are missing: ${missing_tools[*]}" \
    "Install them and what belongs to these Debian packages with your system's package manager:" \
    "  ${base_packages[*]}" \
    "Then run the command again. It goes on by itself when the commands are found." \
    "With other compilers, weft builds without ./dev:  cmake -S . -B build && cmake --build build"
}

# ensure_packages PACKAGE…: returns at once when nothing was removed since they were last seen.
ensure_packages() {
  if ! on_debian_12; then
    ensure_foreign_tools
    return
  fi
  local stamp
  stamp=.cache/packages-$(cksum <<<"$*" | cut -d' ' -f1)
  if [[ $stamp -nt /var/lib/dpkg/status ]]; then return; fi
  install_missing "$@"
  ensure_llhttp_can_be_downloaded
  mkdir -p .cache
  touch "$stamp"
}

ensure_base() { ensure_packages "${base_packages[@]}"; }
ensure_peers() { ensure_packages "${base_packages[@]}" "${peer_packages[@]}"; }
ensure_bench() { ensure_packages "${base_packages[@]}" "${bench_packages[@]}"; }

setup_command() {
  case ${1:-} in
    '') ensure_base ;;
    bench) ensure_bench ;;
    *) die "setup takes no '$1'" "Say ./dev setup, or ./dev setup bench for the measurements' peers too." ;;
  esac
  say "Everything that is needed is installed"
}

#!/bin/bash
# Builds what weft is measured against into build/peers/bin, when its sources are newer.
#
#   bench/peers/build.sh [raw] [beast] [nginx] [hyper] [tokio]      without names: all
#
# One peer that cannot be built does not stop the others: the script says what it needs, and its
# status is 1 in the end. BUILD_DIR moves the output, CXX and CARGO name other tools.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
out=${BUILD_DIR:-$(dirname "$(dirname "$here")")/build}/peers
mkdir -p "$out/bin" "$out/versions"

failed=0
missing() {
  echo "$1 is missing: $2" >&2
  echo "  to get it: $3" >&2
  return 1
}

cxx() {
  if [ -n "${CXX:-}" ]; then echo "$CXX"; else command -v clang++-19 || command -v g++; fi
}

# Of a source, and of what stands beside it: headers.
up_to_date() {
  [ -x "$1" ] && [ "$1" -nt "$here/build.sh" ] &&
    [ -z "$(find "$(dirname "$2")" -type f -newer "$1")" ]
}

compile() {
  local source=$here/$1 program
  program=$out/bin/$(basename "$1" .cpp)
  up_to_date "$program" "$source" && return
  local compiler
  compiler=$(cxx)
  [ -n "$compiler" ] || { missing "$2" "no C++20 compiler" "apt-get install clang-19"; return; }
  echo "building $(basename "$program")" >&2
  "$compiler" -std=c++20 -O3 -DNDEBUG -pthread "$source" -o "$program"
}

build_raw() {
  compile raw/epoll_raw.cpp raw && compile raw/echo_raw.cpp raw && compile raw/rawload.cpp raw
}

build_beast() {
  local header version
  for header in /usr/include /usr/local/include; do
    [ -e "$header/boost/beast.hpp" ] && break
  done
  header=$header/boost/version.hpp
  [ -e "$header" ] || { missing beast "no boost/beast.hpp" "apt-get install libboost-dev"; return; }
  version=$(sed -n 's/^#define BOOST_LIB_VERSION "\(.*\)"/\1/p' "$header")
  echo "Boost.Beast of Boost ${version//_/.}" >"$out/versions/beast"
  compile beast/beast_server.cpp beast
}

build_nginx() {
  local nginx
  nginx=$(PATH=$PATH:/usr/sbin command -v nginx) ||
    { missing nginx "no nginx" "apt-get install nginx-light"; return; }
  "$nginx" -v 2>&1 | sed 's/nginx version: //; s,/, ,' >"$out/versions/nginx"
  ln -sf "$nginx" "$out/bin/nginx"
}

# Tokio and Hyper. Tokio wants a newer rustc than Debian 12's `cargo` package brings.
build_rust() {
  local name=$1 program=$2 cargo=${CARGO:-cargo} minor
  command -v "$cargo" >/dev/null ||
    { missing "$name" "no cargo" "apt-get install cargo-web, or rustup"; return; }
  minor=$("$cargo" --version | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p')
  [ "${minor:-0}" -ge 71 ] ||
    { missing "$name" "cargo 1.71 or newer" "apt-get install cargo-web, or rustup"; return; }
  CARGO_TARGET_DIR=$out/cargo "$cargo" build --release --quiet --jobs 2 --bin "$program" \
    --manifest-path "$here/rust/Cargo.toml" || return
  cp -u "$out/cargo/release/$program" "$out/bin/"
  rust_version "$name" >"$out/versions/$name"
}

rust_version() {
  awk -v name="$1" '$1 == "name" { hit = $3 == "\"" name "\"" }
    hit && $1 == "version" { gsub("\"", "", $3); print toupper(substr(name, 1, 1)) substr(name, 2), $3 }
    /^\[\[/ { hit = 0 }
  ' "$here/rust/Cargo.lock"
}

[ $# -gt 0 ] || set -- raw beast nginx hyper tokio
for name in "$@"; do
  case $name in
    raw | beast | nginx) "build_$name" ;;
    hyper) build_rust hyper hyper_h1 ;;
    tokio) build_rust tokio sched && build_rust tokio tokio_echo ;;
    *) echo "no peer is called $name: raw, beast, nginx, hyper, tokio" >&2; false ;;
  esac || failed=1
done
exit $failed

# ./dev bench: the harness under bench/ does the work, and builds what it compares with.

bench_command() {
  [[ -e bench/bench.py ]] || die "there is nothing to measure yet: bench/bench.py does not exist"
  ensure_bench
  exec python3 bench/bench.py "$@"
}

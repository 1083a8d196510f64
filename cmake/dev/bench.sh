# ./dev bench: the harness under bench/compare/ does the work, and builds the peers that it measures.

bench_command() {
  local target='' source=''
  case ${1:-help} in
    sched | growth) target=weft_bench_sched source=bench/sched/main.cpp ;;
    h1) target=weft_bench_server source=bench/servers/weft_bench_server.cpp ;;
    io) target=weft_bench_echo source=bench/servers/weft_bench_echo.cpp ;;
    help | -h | --help)
      python3 bench/compare/main.py --help
      return
      ;;
    *) die "there is nothing to measure named '$1'" "These are:  sched growth h1 io" ;;
  esac
  [[ -e $source ]] || die "'$1' cannot be measured: this checkout has no $source"
  ensure_bench
  if [[ " $* " != *" --help "* ]]; then preset_build release "$target"; fi
  exec python3 bench/compare/main.py "$@"
}

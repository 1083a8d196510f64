# ./dev demo [--once]: examples/hello.cpp under load.

demo_command() {
  local arguments=()
  while (($#)); do
    case $1 in
      --once) arguments+=("$1") ;;
      *) die "demo takes no '$1'" "Say ./dev demo, or ./dev demo --once to run it unattended." ;;
    esac
    shift
  done
  [[ -e examples/hello.cpp && -e examples/demo.py ]] ||
    die "the demo needs examples/hello.cpp and examples/demo.py, and this checkout has no such files"
  ensure_base
  preset_build release hello
  exec python3 examples/demo.py "${arguments[@]}" build/release/examples/hello
}

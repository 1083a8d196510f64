# ./dev check
check_command() { die "not yet"; }

#!/usr/bin/env bash
# scripts/bench.sh [--quick]
#
# Measures what mailxtra costs, next to the floor (the same capture with the mail ports given to Wireshark's smallest
# dissector, without the plugin) and to stock Wireshark, and prints the table of docs/performance.md. Makes its captures in
# $TMPDIR, up to 2 GB at a time, and checks the hash of every attachment: the exit status is 1 when one is wrong, and
# never depends on time. About 20 minutes; --quick, with captures of 10 to 50 MB: under three.
set -eu -o pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
    case ${1:-} in
        -h | --help)
            help
            return
            ;;
        '' | --quick) ;;
        *) die "unknown argument: $1 (see --help)" ;;
    esac
    install_missing build
    build_plugin
    cmake --build "$build" --target make_capture >/dev/null
    MAILXTRA_BUILD=$build PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$top/tests/bench/bench.py" "$@" "$build/make_capture"
}

main "$@"

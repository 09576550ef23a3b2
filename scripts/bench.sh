#!/usr/bin/env bash
# scripts/bench.sh [MEGABYTES]
#
# Measures what mail costs: one mail of MEGABYTES (default: 100) against as many mails of 1 MB, in a first pass, with trees
# and in an export, next to stock Wireshark and to the floor (TCP alone, the mail port decoded as echo). User time and
# memory of tshark, the best of three runs.
set -eu -o pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
    local size=${1:-100}
    case $size in
        -h | --help)
            help
            return
            ;;
        *[!0-9]*) die "not a number of megabytes: $size" ;;
    esac
    install_missing build tests
    build_plugin
    make_stage
    trap remove_stage EXIT
    say "Making captures of $size MB"
    PYTHONPATH=$top/tests/tshark PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$top/tests/tshark/test_performance.py" "$size" "$stage"
    printf '%-34s %20s %20s\n' "" "one of $size MB" "$size of 1 MB"
    row "floor: TCP, port as echo" -d tcp.port==25,echo
    row "stock Wireshark" --disable-protocol mailxtra
    row "mailxtra, first pass"
    row "mailxtra, trees (-V)" -V
    row "mailxtra, export of attachments" --export-objects "mail-attachments,$stage/out"
}

# One line of the table: what it is, and tshark's arguments for it.
row() {
    local title=$1 file cells=()
    shift
    for file in one many; do
        cells+=("$(best "$stage/$file.pcap" "$@")")
    done
    printf '%-34s %20s %20s\n' "$title" "${cells[@]}"
}

best() {
    local capture=$1
    shift
    for _ in 1 2 3; do
        measure "$capture" "$@"
    done | sort -n | head -n 1
}

# 1.23 s 456 MB
measure() {
    # A tap that asks for nothing: without any, tshark -q would not dissect at all.
    local capture=$1 quiet=(-q -z "io,stat,0")
    shift
    [ "${1:-}" != -V ] || quiet=()
    rm -rf "$stage"/out/*
    with_plugin /usr/bin/python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{used.ru_utime:.2f} s {used.ru_maxrss // 1024} MB")
' tshark -n "${quiet[@]}" -r "$capture" "$@"
}

main "$@"

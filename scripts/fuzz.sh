#!/usr/bin/env bash
# scripts/fuzz.sh [SECONDS [CAPTURE...]]
#
# Looks for crashes. First every fuzzer of tests/fuzz (libFuzzer, needs clang) for SECONDS (default: 60), then the captures
# of pcaps/ (or CAPTURE...), damaged at random by editcap, through tshark with a plugin built with the address and undefined
# behaviour sanitizers, again for SECONDS. What crashes is kept in build-asan/crashes.
set -eu -o pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
build=${MAILXTRA_BUILD:-$top/build-asan}
crashes=$build/crashes
bad=0

main() {
    case ${1:-} in
        -h | --help)
            help
            return
            ;;
        *[!0-9]*) die "not a number of seconds: $1" ;;
    esac
    local seconds=${1:-60}
    [ $# -eq 0 ] || shift
    local captures=("$@")
    [ $# -gt 0 ] || captures=("$top"/pcaps/*.pcap*)
    install_missing build tests
    mkdir -p "$crashes"
    fuzz_core "$seconds"
    fuzz_captures "$seconds" "${captures[@]}"
    [ "$bad" = 0 ] || die "$bad crashed, see $crashes"
    say "No crash."
}

# plugin/core needs GLib and zlib only. It is compiled once, for all fuzzers.
fuzz_core() {
    local source name flags=() libraries=() rooms=() sanitize=(-g -O1 "-fsanitize=address,undefined" -fno-sanitize-recover=undefined)
    compgen -G "$top/tests/fuzz/*/fuzz_*.c" >/dev/null || return 0
    command -v clang >/dev/null || install_packages clang
    read -ra flags <<<"$(pkg-config --cflags glib-2.0 zlib)"
    read -ra libraries <<<"$(pkg-config --libs glib-2.0 zlib)"
    for room in "$top"/plugin/core/*/; do
        rooms+=(-iquote "$room")
    done
    mkdir -p "$build/fuzz-core"
    (cd "$build/fuzz-core" && rm -f ./*.o &&
        clang "${sanitize[@]}" -fsanitize=fuzzer-no-link "${rooms[@]}" "${flags[@]}" -c "$top"/plugin/core/*/*.c)
    for source in "$top"/tests/fuzz/*/fuzz_*.c; do
        name=$(basename "$source" .c)
        say "== $name, $1 s"
        clang "${sanitize[@]}" -fsanitize=fuzzer "${rooms[@]}" -iquote "$top/tests/fuzz" "${flags[@]}" \
            "$source" "$build"/fuzz-core/*.o "${libraries[@]}" -o "$build/$name"
        mkdir -p "$build/corpus/$name"
        "$build/$name" -max_total_time="$1" -artifact_prefix="$crashes/$name-" "$build/corpus/$name" \
            >"$build/$name.log" 2>&1 || crashed "$name" "$build/$name.log"
    done
}

fuzz_captures() {
    local end seconds=$1 seed=0 runs=0 capture
    shift
    build_plugin -DCMAKE_BUILD_TYPE=Debug -DMAILXTRA_SANITIZE=ON
    make_stage
    trap remove_stage EXIT
    # Not -G plugins: it runs other programs to ask them, and hangs with that library in them.
    sanitized tshark -G protocols 2>/dev/null | grep mailxtra >/dev/null || die "tshark does not load the sanitized plugin"
    say "== damaged captures, $seconds s"
    end=$((SECONDS + seconds))
    while [ $SECONDS -lt "$end" ]; do
        seed=$((seed + 1))
        for capture in "$@"; do
            [ $SECONDS -lt "$end" ] || break
            damaged "$capture" "$seed"
        done
    done
    say "$runs damaged captures read"
}

# tshark itself is not built with the sanitizers, so their library has to come first.
sanitized() {
    with_plugin env LD_PRELOAD="$(gcc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0 \
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$@"
}

# Headers stay whole up to byte 54, so that the damage is in what mail dissectors read.
damaged() {
    local file=$stage/damaged.pcap rate
    rate=0.0$((RANDOM % 5))$((RANDOM % 9 + 1))
    # editcap cannot write all that a pcapng may hold (keys), those captures are left out.
    editcap -E "$rate" -o 54 --seed "$2" "$1" "$file" >/dev/null 2>&1 || return 0
    runs=$((runs + 1))
    chmod 644 "$file"
    if ! sanitized timeout 900 tshark -n -2 -V -r "$file" --export-objects "mail-attachments,$stage/out" >"$stage/output" 2>"$stage/errors" ||
        grep -E 'Dissector bug|AddressSanitizer|runtime error' "$stage/output" "$stage/errors" >/dev/null; then
        cp "$file" "$crashes/$2-$(basename "$1")"
        cp "$stage/errors" "$crashes/$2-$(basename "$1").log"
        crashed "$(basename "$1") with seed $2, rate $rate" "$stage/errors"
    fi
    rm -rf "$stage"/out/*
}

crashed() {
    warn "$1: $(grep -m 1 -E 'ERROR|runtime error|Dissector bug' "$2" || tail -n 1 "$2")"
    bad=$((bad + 1))
}

main "$@"

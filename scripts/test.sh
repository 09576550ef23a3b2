#!/usr/bin/env bash
# scripts/test.sh [--all-versions | --version 4.0|4.4|4.6] [--no-gui]
#
# Installs what is missing, builds, and runs every test on the installed Wireshark: unit tests (ctest), tshark tests and
# GUI tests (pytest).
#
#   --all-versions   and then on the other Wireshark versions, 4.0, 4.4 and 4.6, each in a small Debian of its own
#                    (debootstrap; needs root; kept in $MAILXTRA_CHROOTS or /var/tmp/mailxtra-chroots); no GUI tests there
#   --version V      only on this version
#   --no-gui         without the GUI tests
#   --install-only   installs what is missing and stops
#
# The last line sums up all runs: N passed, N failed, N skipped.
set -u -o pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/debian_root.sh
. "$top/scripts/debian_root.sh"

results=$build/test-results
all_versions=
only=
gui=1
install_only=
passed=0 failed=0 skipped=0

main() {
    local version
    arguments "$@"
    if [ -n "$install_only" ]; then
        install_what_is_missing || die "the packages cannot be installed"
        return
    fi
    if ! command -v tshark >/dev/null || [ -z "$only" ]; then
        install_what_is_missing || die "the packages cannot be installed"
    fi
    rm -rf "$results"
    version=$(wireshark_version)
    if [ -z "$only" ] || [ "$only" = "$version" ]; then
        run_here
    fi
    for other in 4.0 4.4 4.6; do
        [ "$other" != "$version" ] || continue
        if [ -n "$all_versions" ] || [ "$only" = "$other" ]; then
            run_elsewhere "$other"
        fi
    done
    say "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
            --all-versions) all_versions=1 ;;
            --version)
                only=${2:-}
                releases_of "$only" >/dev/null || die "--version wants 4.0, 4.4 or 4.6"
                shift
                ;;
            --no-gui) gui= ;;
            --install-only) install_only=1 ;;
            -h | --help)
                help
                exit 0
                ;;
            *) die "unknown argument: $1 (see --help)" ;;
        esac
        shift
    done
}

# Without the GUI's tools its tests are skipped, and say so.
install_what_is_missing() {
    install_missing build tests || return 1
    [ -z "$gui" ] || (install_missing gui_tests) || warn "the GUI tests will be skipped"
}

# The tests on the Wireshark that is installed here.
run_here() {
    local suites=(tests/tshark tests/damage) out
    [ -z "$gui" ] || suites+=(tests/gui)
    build_plugin
    out=$results/$(wireshark_version)
    mkdir -p "$out"
    say "== Wireshark $(wireshark_version): unit tests"
    ctest --test-dir "$build" --no-tests=error --output-on-failure --output-junit "$out/unit.xml" </dev/null ||
        ran "$out/unit.xml" "the unit tests"
    say "== Wireshark $(wireshark_version): ${suites[*]}"
    (cd "$top" && MAILXTRA_BUILD="$build" PYTHONDONTWRITEBYTECODE=1 \
        /usr/bin/python3 -m pytest -p no:cacheprovider -q -rfEs -n "$(nproc)" --dist loadgroup \
        --junitxml "$out/pytest.xml" "${suites[@]}" </dev/null) ||
        ran "$out/pytest.xml" "pytest"
    count "$out"/*.xml
}

# A runner that failed without naming a failed test has failed as a whole.
ran() {
    local sum
    sum=$(sum_up "$1") || sum="0 0 0"
    [ "$(cut -d ' ' -f 2 <<<"$sum")" != 0 ] || {
        warn "$2 failed as a whole"
        failed=$((failed + 1))
    }
}

# The tests on another Wireshark, in a system of its own, on a copy of the repository.
run_elsewhere() {
    local version=$1 copy=/mailxtra.$$ out=$results/$1 status=0
    say "== Wireshark $version"
    prepare_root "$version" || {
        did_not_come "$version" "$reason"
        return
    }
    enter_root "$root"
    as_root mkdir "$root$copy"
    tar -C "$top" --exclude=./build --exclude='./build-*' --exclude=./out --exclude=./.git --exclude=__pycache__ -cf - . |
        as_root tar -C "$root$copy" --no-same-owner -xf -
    if in_root "$root" "$copy/scripts/test.sh" --no-gui --install-only; then
        in_root "$root" "$copy/scripts/test.sh" --no-gui || status=$?
        mkdir -p "$out"
        cp "$root$copy/build/test-results/$version"/*.xml "$out" 2>/dev/null || true
        count_elsewhere "$out" "$status" "$version"
    else
        did_not_come "$version" "its packages cannot be installed"
    fi
    as_root rm -rf --one-file-system "$root$copy"
    leave_root "$root"
}

count_elsewhere() {
    local before=$failed
    count "$1"/*.xml
    [ "$2" = 0 ] || [ "$failed" != "$before" ] || {
        warn "the tests on Wireshark $3 failed as a whole"
        failed=$((failed + 1))
    }
}

# testing and sid may be broken for a day; stable may not.
did_not_come() {
    say "SKIPPED $1: $2"
    if [ "$1" != 4.6 ] && [ -n "${CI:-}" ]; then
        failed=$((failed + 1))
    else
        skipped=$((skipped + 1))
    fi
}

count() {
    local p f s
    for file in "$@"; do
        [ -e "$file" ] || continue
        read -r p f s <<<"$(sum_up "$file")"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done
}

# passed, failed and skipped tests of a JUnit file
sum_up() {
    /usr/bin/python3 - "$1" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

cases = list(tree.parse(sys.argv[1]).iter("testcase"))
failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
skipped = sum(case.find("skipped") is not None for case in cases)
print(len(cases) - failed - skipped, failed, skipped)
PYTHON
}

main "$@"

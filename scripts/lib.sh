# shellcheck shell=bash
# What the scripts share: messages, root, packages, the build, and running Wireshark with the plugin.
# To be sourced; sets `top`, the folder of the repository, and `build`, its build folder.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${MAILXTRA_BUILD:-$top/build}
export LC_ALL=C.UTF-8

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    warn "$*"
    exit 1
}

# The first comment block of a script is its help.
help() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

is_root() { [ "$(id -u)" = 0 ]; }

# At a terminal sudo may ask for its password; without one nothing ever waits for input.
sudo_command=(sudo)
[ -t 0 ] || sudo_command=(sudo -n)

can_be_root() {
    is_root || { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }
}

as_root() {
    if is_root; then "$@"; else "${sudo_command[@]}" "$@"; fi
}

need_root() {
    can_be_root || die "root is needed $*: run this as root, or as a user who may use sudo"
}

has_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

has_wireshark_headers() {
    has_package wireshark-dev || { command -v pkg-config >/dev/null && pkg-config --exists wireshark; }
}

# Debian packages for what is not there yet; one per line.
missing_for_build() {
    command -v tshark >/dev/null || say tshark
    has_wireshark_headers || say wireshark-dev
    command -v cmake >/dev/null || say cmake
    command -v make >/dev/null || say make
    command -v gcc >/dev/null || say gcc
    [ -e /usr/include/stdlib.h ] || say libc6-dev
    command -v pkg-config >/dev/null || say pkg-config
    [ -e /usr/include/gcrypt.h ] || has_package libgcrypt20-dev || say libgcrypt20-dev # hashes several times as fast
    command -v python3 >/dev/null || say python3
}

missing_for_tests() {
    /usr/bin/python3 -c 'import pytest' 2>/dev/null || say python3-pytest
    /usr/bin/python3 -c 'import xdist' 2>/dev/null || say python3-pytest-xdist
    command -v editcap >/dev/null || has_package wireshark-common || say wireshark-common
    command -v openssl >/dev/null || say openssl
    command -v parallel >/dev/null || say parallel
    command -v tcpdump >/dev/null || say tcpdump
    { command -v valgrind && [ -e /usr/include/valgrind/callgrind.h ]; } >/dev/null || say valgrind
    # other readers and writers of what is in mails
    command -v zip >/dev/null || say zip
    { command -v 7zz || command -v 7z; } >/dev/null || say 7zip
    command -v file >/dev/null || say file
    command -v genisoimage >/dev/null || say genisoimage
    command -v tnef >/dev/null || say tnef
    command -v ytnef >/dev/null || say ytnef-tools
    { command -v gpg && command -v gpg-agent; } >/dev/null || say gnupg
    pkg-config --exists gmime-3.0 2>/dev/null || has_package libgmime-3.0-dev || say libgmime-3.0-dev
    /usr/bin/python3 -c 'import webencodings' 2>/dev/null || say python3-webencodings
}

missing_for_gui_tests() {
    command -v wireshark >/dev/null || say wireshark
    command -v Xvfb >/dev/null || say xvfb
    command -v xdotool >/dev/null || say xdotool
    command -v openbox >/dev/null || say openbox
    command -v import >/dev/null || say imagemagick
}

# Installs Debian packages, and says which. Without arguments it does nothing.
install_packages() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "please install: $* (no apt-get here; these are Debian's names)"
    need_root "to install: $*"
    say "Installing: $*"
    local log
    log=$(mktemp)
    # Lists that cannot be renewed may still be good enough; apt-get install is what decides.
    as_root apt-get -q update >"$log" 2>&1 </dev/null || warn "apt-get update failed: $(grep '^E:' "$log" | head -1)"
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

install_missing() {
    local packages
    mapfile -t packages < <(for group in "$@"; do "missing_for_$group"; done | sort -u)
    install_packages "${packages[@]}"
}

# 4.0
wireshark_version() { tshark --version 2>/dev/null | sed -nE '1s/^[^0-9]*([0-9]+\.[0-9]+).*/\1/p'; }

# Builds quietly, with further arguments for cmake; shows the log when it fails. A folder that was made for another Wireshark is configured afresh.
# shellcheck disable=SC2120  # most callers have none
build_plugin() {
    local version log="$build/build.log" fresh=()
    version=$(wireshark_version)
    [ -n "$version" ] || die "tshark does not run: $(tshark --version 2>&1 | head -1)"
    mkdir -p "$build" 2>/dev/null || die "cannot make the folder $build"
    [ -w "$build" ] || die "cannot write to $build"
    if [ -e "$build/CMakeCache.txt" ] && [ "$(cat "$build/wireshark-version" 2>/dev/null)" != "$version" ]; then
        fresh=(--fresh)
    fi
    say "Building for Wireshark $version in $build"
    if ! { cmake "${fresh[@]}" -S "$top" -B "$build" "$@" && cmake --build "$build" -j "$(nproc)"; } >"$log" 2>&1; then
        cat "$log" >&2
        die "the build failed (log: $log)"
    fi
    say "$version" >"$build/wireshark-version"
    ! grep -n 'warning:' "$log" >&2 || warn "the build gave warnings (log: $log)"
    [ -e "$build/mailxtra.so" ] || die "the build left no $build/mailxtra.so"
}

# A folder that an unprivileged user can work in, with the plugin staged as Wireshark expects it.
make_stage() {
    stage=$(mktemp -d "${TMPDIR:-/tmp}/mailxtra.XXXXXX")
    chmod 755 "$stage"
    mkdir -p "$stage/plugins/$(wireshark_version)/epan" "$stage/home" "$stage/out"
    install -m 755 "$build/mailxtra.so" "$stage/plugins/$(wireshark_version)/epan/"
    ! is_root || chown 65534:65534 "$stage/home" "$stage/out"
}

remove_stage() { [ -z "${stage:-}" ] || rm -rf "${stage:?}"; }

# Runs a command of Wireshark's with the staged plugin and without anybody's preferences. As root Wireshark ignores
# WIRESHARK_PLUGIN_DIR and the personal plugin folder, so root becomes nobody for it.
with_plugin() {
    local drop=()
    ! is_root || drop=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    (cd "$stage" && "${drop[@]}" env -u XDG_CONFIG_HOME -u XDG_DATA_HOME \
        HOME="$stage/home" WIRESHARK_PLUGIN_DIR="$stage/plugins" "$@")
}

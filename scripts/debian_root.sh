# shellcheck shell=bash
# Small Debian systems of other releases, for the Wireshark versions that are not installed here. To be sourced after
# lib.sh. They are kept in a folder outside the repository and used again: $MAILXTRA_CHROOTS, or
# ${XDG_CACHE_HOME:-/var/tmp}/mailxtra-chroots.

chroots=${MAILXTRA_CHROOTS:-${XDG_CACHE_HOME:-/var/tmp}/mailxtra-chroots}

# The releases that may have this Wireshark version, the likelier one first.
releases_of() {
    case $1 in
        4.0) say bookworm ;;
        4.4) say trixie ;;
        4.6) say testing sid ;;
        *) return 1 ;;
    esac
}

# The Debian mirror that this machine uses; empty (debootstrap's own default) when that cannot be told.
debian_mirror() {
    command -v apt-get >/dev/null || return 0
    # shellcheck disable=SC2016  # apt's own placeholders
    apt-get indextargets --format '$(ORIGIN) $(SITE)' 2>/dev/null |
        awk '$1 == "Debian" && $2 !~ /security/ && !found { print $2; found = 1 }'
}

in_root() {
    local root=$1
    shift
    as_root chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LC_ALL=C.UTF-8 CI="${CI:-}" \
        DEBIAN_FRONTEND=noninteractive http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" "$@" </dev/null
}

# Package scripts and tests want /proc. Where it cannot be mounted they have to do without.
enter_root() { mountpoint -q "$1/proc" || as_root mount -t proc proc "$1/proc" || warn "no /proc in $1"; }
leave_root() { ! mountpoint -q "$1/proc" || as_root umount "$1/proc" 2>/dev/null || true; }

# prepare_root VERSION: leaves in `root` the path of a system whose Wireshark is of that version; without one, the
# reason is in `reason`.
prepare_root() {
    local version=$1 release releases
    reason="no Debian release is known for it"
    releases=$(releases_of "$version") || return 1
    reason="it needs root"
    can_be_root || return 1
    reason="debootstrap cannot be installed"
    command -v debootstrap >/dev/null || install_packages debootstrap || return 1
    as_root mkdir -p "$chroots"
    reason="$chroots belongs to somebody else than root"
    [ "$(stat -c %u "$chroots")" = 0 ] || return 1
    for release in $releases; do
        root=$chroots/$release
        [ -d "$root" ] || bootstrap "$release" || continue
        offers_wireshark "$version" && return 0
        # Testing and sid move on; next time it is made anew.
        as_root rm -rf --one-file-system "$root"
    done
    return 1
}

# A minimal system; packages come later with its own apt-get, for debootstrap's --include fails on larger sets.
# What is half made never has the final name.
bootstrap() {
    local release=$1 log=$chroots/$1.log half=$root.$$
    say "Making a Debian $release in $root"
    # shellcheck disable=SC2016,SC2046  # words for that shell; no word at all when the mirror is not known
    if ! as_root sh -c 'log=$1; shift; exec "$@" >"$log" 2>&1' sh "$log" \
        debootstrap --variant=minbase "$release" "$half" $(debian_mirror) </dev/null; then
        # shellcheck disable=SC2034  # for the caller of prepare_root
        reason="debootstrap $release failed: $(grep -E '^[EW]:' "$log" | tail -n 1)"
        leave_root "$half"
        as_root rm -rf --one-file-system "$half"
        return 1
    fi
    # No service is started in it, and a mirror that has stood still for some weeks will do for a test.
    as_root tee "$half/usr/sbin/policy-rc.d" >/dev/null <<<$'#!/bin/sh\nexit 101'
    as_root chmod 755 "$half/usr/sbin/policy-rc.d"
    as_root tee "$half/etc/apt/apt.conf.d/90mailxtra" >/dev/null <<<'Acquire::Check-Valid-Until "false";'
    as_root mv "$half" "$root"
}

# Is the Wireshark that is installed in `root`, or that it would install, of this version?
offers_wireshark() {
    local offered
    # shellcheck disable=SC2016  # dpkg's own placeholder
    offered=$(in_root "$root" sh -c 'dpkg-query -W -f "Version: \${Version}\n" tshark 2>/dev/null || apt-cache show tshark' |
        sed -nE 's/^Version: ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
    # shellcheck disable=SC2034  # for the caller of prepare_root
    reason="Debian ${root##*/} has Wireshark ${offered:-(none)}"
    [ "$offered" = "$1" ]
}

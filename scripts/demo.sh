#!/usr/bin/env bash
# scripts/demo.sh [CAPTURE [OUTDIR]]
#
# Installs what is missing, builds the plugin, exports the mail attachments of CAPTURE (default: a mail with attachments
# from pcaps/) into OUTDIR (default: out) and shows which mails, attachments and user names the capture holds.
#
# What the end of the capture or a lost packet cuts is shown and exported as far as it goes, and marked as incomplete.
#
# TLS is decrypted with keys inside the capture (pcapng), in a file CAPTURE.keys.txt (without .pcap), or in $SSLKEYLOGFILE.
set -eu -o pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

main() {
    case ${1:-} in
        -h | --help)
            help
            return
            ;;
        -*) die "unknown argument: $1 (see --help)" ;;
    esac
    [ $# -le 2 ] || die "too many arguments (see --help)"
    local capture=${1:-$top/pcaps/smtp-foxmail.pcap} out=${2:-out}
    trap clean_up EXIT
    check_file "$capture"
    make_folder "$out"
    install_missing build
    build_plugin
    make_stage
    open_capture "$capture"
    check_capture "$capture"
    export_mail "$capture"
    report "$capture" "$out"
}

made=
stage=
clean_up() {
    remove_stage
    # Nothing came into it.
    [ -z "$made" ] || rmdir "$made" 2>/dev/null || true
}

check_file() {
    [ -e "$1" ] || die "no such file: $1"
    [ ! -d "$1" ] || die "this is a folder, not a capture: $1"
    [ -r "$1" ] || die "no permission to read: $1"
}

# Found out before anything is installed and built: trying it is the one sure way.
make_folder() {
    local probe
    if [ ! -e "$1" ]; then
        mkdir -p "$1" 2>/dev/null || die "the output folder is not writable: $1 (it cannot be made)"
        made=$1
        owned_by_caller "$1"
    fi
    [ -d "$1" ] || die "the output folder is not a folder: $1"
    probe=$(mktemp "$1/.mailxtra.XXXXXX" 2>/dev/null) || die "the output folder is not writable: $1"
    rm "$probe"
}

# Under sudo the results belong to the user who called it.
owned_by_caller() {
    if is_root && [ -n "${SUDO_UID:-}" ]; then
        chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$1"
    fi
}

# tshark gets the capture under a name, for two passes cannot read standard input. What root may read and nobody may not is copied.
open_capture() {
    ln -s "$(realpath "$1")" "$stage/capture"
    with_plugin test -r "$stage/capture" && return
    rm "$stage/capture"
    install -m 600 -o 65534 -g 65534 "$1" "$stage/capture" || die "cannot copy the capture to $stage"
}

read_capture() {
    local capture=$1 keys=() file
    shift
    for file in "${capture%.pcap*}.keys.txt" "${SSLKEYLOGFILE:-}"; do
        [ -f "$file" ] || continue
        install -m 644 "$file" "$stage/keys"
        keys=(-o "tls.keylog_file:$stage/keys")
        break
    done
    with_plugin tshark -n "${keys[@]}" "$@" -r "$stage/capture" 2>"$stage/errors"
}

check_capture() {
    read_capture "$1" -c 1 >/dev/null || die "not a capture: $1 ($(error_line))"
    with_plugin tshark -G plugins 2>"$stage/errors" | grep mailxtra.so >/dev/null ||
        die "tshark does not load the plugin: $(error_line)"
}

# Wireshark's own words, without the program's name and the path that it does not know.
error_line() { sed -e 's/^tshark: //' -e 's/"[^"]*\/capture" //' "$stage/errors" | grep . | tail -n 1; }

# The facts go into $stage, the attachments into $stage/out. Only the second pass has a frame for a message that the end of
# the capture cuts.
export_mail() {
    local json=(-2 -T json -J 'frame tcp mailxtra')
    read_capture "$1" "${json[@]}" -Y mailxtra.message --export-objects "mail-attachments,$stage/out" >"$stage/messages.json" ||
        damaged
    read_capture "$1" "${json[@]}" -Y 'mailxtra.auth.username || mailxtra.auth.password || mailxtra.auth.success' \
        >"$stage/logins.json" || true
}

# A capture that ends in the middle of a packet, or has rubbish in it, is still worth reading up to there.
damaged() {
    grep -qE 'cut short|damaged|corrupt' "$stage/errors" || die "tshark failed: $(error_line)"
    warn "the capture is damaged; what follows is from before the damage: $(error_line)"
}

report() {
    local count=0 file status=0
    python3 "$top/scripts/mail_table.py" "$stage/messages.json" "$stage/logins.json" "$stage/incomplete" || status=$?
    for file in "$stage"/out/*; do
        if [ -f "$file" ] && [ ! -L "$file" ]; then
            keep "$file" "$2"
            count=$((count + 1))
        fi
    done
    case $status in
        0) say ;;
        3)
            [ "$count" != 0 ] || {
                say "No mail in it: $1"
                return
            }
            ;;
        *) die "the output of tshark cannot be read" ;;
    esac
    summary "$count" "$2"
}

# The last line: how many files, and what of them is not whole.
summary() {
    local files mails cut=
    read -r files mails <"$stage/incomplete"
    if [ "$files" != 0 ]; then
        cut=", $files of them incomplete"
        [ "$1" != 1 ] || cut=", incomplete"
    elif [ "$mails" != 0 ]; then
        cut="; $mails mails are incomplete"
        [ "$mails" != 1 ] || cut="; 1 mail is incomplete"
    fi
    case $1 in
        0) say "No attachments to export${cut:-.}" ;;
        1) say "1 attachment exported to $2/$cut" ;;
        *) say "$1 attachments exported to $2/$cut" ;;
    esac
}

# Puts a file into the folder under its own name, or a numbered one when another file has that name.
keep() {
    local name=${1##*/} number=2 target
    target=$2/$name
    while [ -e "$target" ] && ! cmp -s "$1" "$target"; do
        target="$2/$number-$name"
        number=$((number + 1))
    done
    install -m 644 "$1" "$target"
    owned_by_caller "$target"
}

main "$@"

#!/usr/bin/env bash
# scripts/carve.sh [--jobs N] [--split N] [--options LIST] OUTDIR CAPTURE...
#
# Saves every attachment of many captures: each capture is a job of its own with a folder of its own in OUTDIR, several run
# at once (GNU parallel), and their manifests become one, OUTDIR/manifest.jsonl, whose lines also name the capture and the
# folder in OUTDIR that the file is in. Wireshark must have the plugin (scripts/install.sh).
#
#   --jobs N         so many at once (default: as many as there are processors)
#   --split N        splits each capture by flow into N parts first, with tcpdump, so that one capture keeps several processors
#                    busy and needs less memory; no connection is torn. Frame numbers are then those of the part
#   --options LIST   options of -z mailxtra,save: messages,md5,sha1
#
# The exit status is 1 when a capture could not be read to its end or something could not be saved.
set -u -o pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

jobs=$(nproc)
split=1
options=
tasks=

main() {
    arguments "$@"
    command -v parallel >/dev/null || die "GNU parallel is missing. Install it: apt-get install parallel"
    tshark -G plugins 2>/dev/null | grep -q '^mailxtra' || die "tshark does not load mailxtra here: run scripts/install.sh"
    mkdir -p "$out" || die "cannot make the folder $out"
    [ ! -e "$out/manifest.jsonl" ] || die "$out/manifest.jsonl is there already: give a new folder"
    tasks=$(mktemp -d "${TMPDIR:-/tmp}/mailxtra-carve.XXXXXX") || die "cannot make a temporary folder"
    trap 'rm -rf "$tasks"' EXIT
    local status=0
    list_tasks >"$tasks/list"
    export -f carve_one split_one say warn
    export out options tasks split
    parallel --will-cite --jobs "$jobs" --colsep '\t' carve_one '{1}' '{2}' '{3}' <"$tasks/list" || status=1
    join_manifests >"$out/manifest.jsonl" || status=1
    say "$(grep -c '"record":"attachment"' "$out/manifest.jsonl") attachments of ${#captures[@]} captures in $out"
    return "$status"
}

arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
            --jobs) jobs=${2:-} && shift ;;
            --split) split=${2:-} && shift ;;
            --options) options=,${2:-} && shift ;;
            -h | --help)
                help
                exit 0
                ;;
            --*) die "unknown argument: $1 (see --help)" ;;
            *) break ;;
        esac
        shift
    done
    [ $# -ge 2 ] || die "which folder, and which captures? (see --help)"
    [[ $jobs =~ ^[1-9][0-9]*$ && $split =~ ^[1-9][0-9]*$ ]] || die "--jobs and --split want a number"
    [ "$split" = 1 ] || command -v tcpdump >/dev/null || die "--split needs tcpdump. Install it: apt-get install tcpdump"
    out=$1
    shift
    captures=("$@")
}

# One line a task: the capture, its part, the folder for it.
list_tasks() {
    local number=0 capture part name
    for capture in "${captures[@]}"; do
        number=$((number + 1))
        name=$(basename "$capture")
        for ((part = 0; part < split; part++)); do
            printf '%s\t%s\t%s\n' "$capture" "$part" "$number-${name//[^A-Za-z0-9._-]/_}$([ "$split" = 1 ] || echo "-$part")"
        done
    done
}

# The sum of both ports is the same in both directions, so a connection stays in one part. Fragments without a header go to
# all parts: only one of them has their beginning.
split_one() {
    local sum="% $split = $2"
    tcpdump -n -r "$1" -w "$3" "(tcp and (tcp[0:2] + tcp[2:2]) $sum) or (ip6 proto 6 and (ip6[40:2] + ip6[42:2]) $sum) \
        or (ip[6:2] & 0x1fff != 0)" 2>"$3.log" || { cat "$3.log" >&2; return 1; }
}

carve_one() {
    local capture=$1 part=$2 folder=$3 source=$1 status=0
    if [ "$split" -gt 1 ]; then
        source=$tasks/$folder.pcap
        split_one "$capture" "$part" "$source" || return 1
    fi
    local name=${out//\\/\\\\}/$folder # a backslash and a comma in the folder's name need a backslash
    tshark -n -q -r "$source" -z "mailxtra,save,${name//,/\\,}$options" || status=1
    [ "$status" = 0 ] || printf 'carve.sh: %s: not all of it\n' "$capture" >&2 # by its name: parallel runs it in a shell called bash
    [ "$source" = "$capture" ] || rm -f "$source"
    printf '%s\t%s\n' "$capture" "$folder" >"$tasks/$folder.done"
    return "$status"
}

join_manifests() {
    /usr/bin/python3 - "$out" "$tasks"/*.done <<'PYTHON'
import json
import sys
from pathlib import Path

out = Path(sys.argv[1])
for done in map(Path, sys.argv[2:]):
    capture, folder = done.read_text().rstrip("\n").split("\t")
    manifest = out / folder / "manifest.jsonl"
    origin = json.dumps({"capture": capture, "folder": folder}, ensure_ascii=False)[:-1]
    for line in manifest.open(encoding="utf-8") if manifest.exists() else ():
        print(origin + "," + line[1:], end="")
PYTHON
}

main "$@"

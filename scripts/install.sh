#!/usr/bin/env bash
# scripts/install.sh [--user | --system] [--uninstall]
#
# Builds the plugin if need be and puts it where Wireshark looks for plugins, or takes it away again.
#
#   --user        into your personal plugin folder (what a user gets without options)
#   --system      into the system's plugin folder, for everybody (what root gets without options; else sudo is used)
#   --uninstall   takes the plugin away from there, for every Wireshark version
set -eu -o pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unset WIRESHARK_PLUGIN_DIR

main() {
    local where='' uninstall=''
    for argument; do
        case $argument in
            --user | --system) where=${argument#--} ;;
            --uninstall) uninstall=1 ;;
            -h | --help)
                help
                return
                ;;
            *) die "unknown argument: $argument (see --help)" ;;
        esac
    done
    if [ -z "$where" ]; then
        where=user
        ! is_root || where=system
    fi
    if is_root && [ "$where" = user ]; then
        die "Wireshark ignores root's personal plugins: run this as the user, or as root without --user"
    fi

    [ "$where" = user ] || need_root "for the system's plugin folder"

    if [ -n "$uninstall" ]; then
        command -v tshark >/dev/null || die "tshark is not installed, so no plugin folder is known"
        take_away "$where"
    else
        install_missing build
        build_plugin
        put "$where"
    fi
}

# The plugin folder of the installed version: .../plugins/4.0
plugin_folder() {
    local title='Personal Plugins'
    [ "$1" = user ] || title='Global Plugins'
    tshark -G folders 2>/dev/null | sed -nE "s/^$title:[[:space:]]*//p"
}

# Runs a command with the rights that the place needs.
in_place() {
    local where=$1
    shift
    if [ "$where" = user ]; then "$@"; else as_root "$@"; fi
}

put() {
    local folder
    folder=$(plugin_folder "$1")/epan
    in_place "$1" mkdir -p "$folder"
    in_place "$1" install -m 755 "$build/mailxtra.so" "$folder/mailxtra.so"
    tshark -G plugins 2>/dev/null | grep -F "$folder/mailxtra.so" >/dev/null ||
        die "installed as $folder/mailxtra.so, but tshark does not list it: $(tshark -G plugins 2>&1 >/dev/null | grep -i mailxtra | head -n 1)"
    say "Installed: $folder/mailxtra.so"
    say "Start Wireshark anew: it is in Help > About > Plugins, Analyze > Enabled Protocols (Mailxtra) and File > Export Objects."
}

take_away() {
    local found=''
    for file in "$(dirname "$(plugin_folder "$1")")"/*/epan/mailxtra.so; do
        [ -e "$file" ] || continue
        in_place "$1" rm "$file"
        say "Removed: $file"
        found=1
    done
    [ -n "$found" ] || say "Nothing to remove: no mailxtra.so in $(plugin_folder "$1")/epan"
}

main "$@"

# Mail programs with a window, on a screen that nobody sees (Xvfb). Sourced by lab.sh.
# shellcheck shell=bash disable=SC2154

# Runs a client on a screen of the reader's, while a function presses keys. The number is one that nobody takes by habit.
on_screen() ( # NAME COMMAND...     prepare_NAME makes its configuration, NAME_keys presses the keys
	local name=$1 server client
	local -a here_too=(nsenter --net=/run/netns/reader --) # a function in the background could not be killed
	shift
	rm -rf "${lab:?}/home" "$lab/x" /tmp/.X11-unix/X4242 /tmp/.X4242-lock
	mkdir -p "$lab/home" "$lab/x" /tmp/.X11-unix
	"${here_too[@]}" Xvfb :4242 -screen 0 1200x900x24 -nolisten tcp >"$lab/x/server.log" 2>&1 &
	server=$!
	until [ -e /tmp/.X11-unix/X4242 ]; do sleep 0.1; done
	export DISPLAY=:4242 HOME=$lab/home XDG_RUNTIME_DIR=$lab/x NO_AT_BRIDGE=1 LC_ALL=C.UTF-8
	unset DBUS_SESSION_BUS_ADDRESS
	"prepare_$name"
	"${here_too[@]}" openbox >/dev/null 2>&1 &
	sleep 1
	"${here_too[@]}" dbus-run-session -- "$@" >"$lab/x/client.log" 2>&1 &
	client=$!
	"${name}_keys"
	kill "$client" 2>/dev/null || true
	sleep 1
	kill "$server"
	wait "$server" "$client" 2>/dev/null || true
	rm -rf /tmp/.X11-unix/X4242 /tmp/.X4242-lock
)

press() { # KEY...     and time for what they do
	local key
	for key; do
		on reader xdotool key --clearmodifiers "$key"
		sleep 1
	done
}

click() { # X Y
	on reader xdotool mousemove "$1" "$2" click 1
	sleep 1
}

window() { # NAME    waits for a window with this in its name and goes there
	local id tries=0
	until id=$(on reader xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -1) && [ -n "$id" ]; do
		tries=$((tries + 1))
		[ $tries -lt 40 ] || { echo "no window named $1" >&2; return 1; }
		sleep 0.5
	done
	on reader xdotool windowactivate --sync "$id" || true
	sleep 1
}

# FOLDER    the account, as Claws Mail and Sylpheed both keep it
write_account() {
	mkdir -p "$1" "$lab/home/Mail"
	cat >"$1/accountrc" <<-END
		[Account: 1]
		account_name=lab
		is_default=1
		name=Reader
		address=box@cyberdyne.local
		protocol=3
		receive_server=$imap_host
		user_id=$imap_user
		password=$imap_password
		ssl_imap=0
		set_imapport=0
		smtp_server=$imap_host
	END
}

prepare_claws() {
	write_account "$lab/home/.claws-mail"
	cat >"$lab/home/.claws-mail/folderlist.xml" <<-END
		<?xml version="1.0" encoding="UTF-8"?>
		<folderlist>
		<folder type="mh" path="$lab/home/Mail" name="Mailbox" collapsed="0" sort="0" sandbox="0"/>
		<folder type="imap" name="lab" account_id="1" collapsed="0" sort="0" sandbox="0">
		<folderitem type="inbox" name="INBOX" path="INBOX"/>
		</folder>
		</folderlist>
	END
}

claws_keys() {
	window Claws
	on reader timeout 5 claws-mail --select "#imap/lab/INBOX"
	sleep 4
	press Home Return
	press Down Return Down Return Down Return Down Return
}

prepare_sylpheed() {
	write_account "$lab/home/.sylpheed-2.0"
	cat >"$lab/home/.sylpheed-2.0/folderlist.xml" <<-END
		<?xml version="1.0" encoding="UTF-8"?>
		<folderlist>
		<folder type="imap" name="lab" account_id="1">
		<folderitem type="inbox" name="INBOX" path="INBOX"/>
		</folder>
		<folder type="mh" name="Mailbox" path="$lab/home/Mail"/>
		</folderlist>
	END
}

sylpheed_keys() {
	window Sylpheed
	sleep 2
	click 142 357
	click 383 222
	press Return
	press Down Return Down Return Down Return Down Return
}

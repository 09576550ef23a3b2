#!/bin/bash
# The mail laboratory: four hosts on a switch, made of network namespaces. Started by make_captures.sh in private
# mount, process and host-name namespaces; see there.
#
#   client 172.16.16.225 --- mail01 172.16.16.221 (skynet.local)
#                        --- mail02 172.16.16.231 (cyberdyne.local)
#   reader 172.16.16.235
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
pcaps=$root/pcaps
# shellcheck disable=SC2034  # used by the sourced files
eml=$root/tests/data/eml
# shellcheck disable=SC2034
python=/usr/bin/python3
export LC_ALL=C

# Everything that the daemons write lies in a file system of its own, gone with the namespace.
mount -t tmpfs lab /run
mount -t tmpfs lab /mnt
lab=/mnt
mkdir -p /run/netns "$lab/mail"
# shellcheck source=tests/captures/lab_servers.sh
. "$here/lab_servers.sh"
# shellcheck source=tests/captures/scenarios.sh
. "$here/scenarios.sh"
# shellcheck source=tests/captures/trace_lab.sh
. "$here/trace_lab.sh"
# shellcheck source=tests/captures/imap_lab.sh
. "$here/imap_lab.sh"
# shellcheck source=tests/captures/imap_screen.sh
. "$here/imap_screen.sh"

# ---------------------------------------------------------------- network

# With offloading a capture shows segments of 64 KB and wrong checksums.
no_offload() { # HOST INTERFACE
	on "$1" ethtool -K "$2" tx off rx off tso off gso off gro off sg off >/dev/null 2>&1 || true
}

add_host() { # NAME LAST_BYTE
	ip netns add "$1"
	ip link add "sw-$1" type veth peer name eth0 netns "$1"
	ip link set "sw-$1" netns switch
	ip -n switch link set "sw-$1" master br0 up
	ip -n "$1" link set lo up
	ip -n "$1" link set eth0 address "02:00:ac:10:10:$(printf %02x "$2")"
	ip -n "$1" addr add "172.16.16.$2/24" dev eth0
	ip -n "$1" -6 addr add "2001:db8:16::$2/64" dev eth0 nodad
	ip -n "$1" link set eth0 up
	no_offload switch "sw-$1"
	no_offload "$1" eth0
}

network_up() {
	ip netns add switch
	ip -n switch link add br0 type bridge
	ip -n switch link set br0 up
	add_host client 225
	add_host mail01 221
	add_host mail02 231
	add_host reader 235
	for host in client mail01 mail02 reader; do
		# A millisecond on each cable, so that the order of frames is that of a network, not of a scheduler.
		ip netns exec "$host" tc qdisc add dev eth0 root netem delay 500us 2>/dev/null || true
	done
	cat >"$lab/hosts" <<-END
		127.0.0.1 localhost
		172.16.16.225 client.skynet.local client
		172.16.16.221 mail01.skynet.local mail01
		172.16.16.231 mail02.cyberdyne.local mail02
		172.16.16.235 reader.cyberdyne.local reader
		2001:db8:16::225 client6
		2001:db8:16::221 mail01-6
		2001:db8:16::231 mail02-6
	END
	mount --bind "$lab/hosts" /etc/hosts
	: >"$lab/resolv.conf"
	mount --bind "$lab/resolv.conf" /etc/resolv.conf
	hostname lab
}

on() { # HOST COMMAND...    runs a command on a host
	local host=$1
	shift
	nsenter --net="/run/netns/$host" -- "$@"
}

# ---------------------------------------------------------------- captures

capture_start() { # FILE HOST FILTER
	local log=$lab/tcpdump.$2.log
	: >"$log"
	# No frame may be missing: --immediate-mode, whose buffer has to be large, since its slots are as long as the
	# snapshot length, and the wait for "listening".
	nsenter --net="/run/netns/$2" -- tcpdump -i "${interface:-eth0}" -s 66000 -B 65536 -U --immediate-mode \
		-w "$lab/$1" "$3" 2>"$log" &
	tcpdump_pids="${tcpdump_pids:-} $!"
	until grep -q listening "$log"; do sleep 0.05; done
	sleep 0.2
}

capture_stop() {
	sleep 0.7                          # the last FIN and ACK
	# shellcheck disable=SC2086  # a list of process ids
	kill -INT $tcpdump_pids
	# shellcheck disable=SC2086
	wait $tcpdump_pids 2>/dev/null || true
	tcpdump_pids=
	if grep -h 'dropped by kernel' "$lab"/tcpdump.*.log | grep -qv '^0 '; then
		echo "tcpdump lost frames" >&2
		return 1
	fi
}

keep() { # FILE [NAME]    puts a finished capture into pcaps/
	cp "$lab/$1" "$pcaps/${2:-$1}"
	chmod 644 "$pcaps/${2:-$1}"
}

capture() { # FILE HOST FILTER COMMAND...    one capture around one command
	local file=$1 host=$2 filter=$3 status=0
	shift 3
	capture_start "$file" "$host" "$filter"
	"$@" >"$lab/$file.log" 2>&1 || status=$?
	capture_stop
	keep "$file"
	echo "$file: $(capinfos -Mcs "$lab/$file" | awk '/packets/ {print $NF " frames"}'), client said $status"
}

# ---------------------------------------------------------------- run

keep_lab=
[ "${1:-}" != --keep-lab ] || { keep_lab=1; shift; }
# What the servers and clients said is worth having when a scenario fails. -x: not the file systems mounted in there.
[ -z "${LAB_LOGS:-}" ] || trap 'cp -rx "$lab" "$LAB_LOGS"' EXIT
network_up
servers_up
mkdir -p "$pcaps"
if [ $# = 0 ]; then
	set -- hops foxmail five mailbox telnet auth ntlm smtp tls exim troubles not_mail trace forged imap imap_cyrus imap_courier
fi
for scenario; do
	"scenario_$scenario" || { echo "scenario $scenario failed" >&2; exit 1; }
done
if [ -n "$keep_lab" ]; then
	bash || true
fi

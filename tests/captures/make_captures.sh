#!/bin/sh
# Makes the captures in pcaps/ with real mail servers and clients.
#
#   tests/captures/make_captures.sh [--keep-lab] [SCENARIO...]     default: all scenarios
#
# Needs root and Debian 12 (Dovecot 2.4 of Debian 13 has another configuration language). The servers run in
# network namespaces of this machine and in a private mount and process namespace: nothing of the host's own
# configuration is read or written, no packet leaves the machine, and everything that was started ends with
# this script. With LAB_LOGS=DIR in the environment, what servers and clients said is copied to DIR.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
packages="postfix dovecot-pop3d dovecot-imapd dovecot-lmtpd swaks libio-socket-ssl-perl libauthen-sasl-perl
libdigest-hmac-perl curl telnet tcpdump iproute2 ethtool expect openssl fetchmail mpop msmtp tshark wireshark-common
python3 util-linux redis-server redis-tools memcached vsftpd ngircd libgnutls-dane0 libidn12 libnsl2 libdb5.3
mutt neomutt isync offlineimap3 getmail6 alpine claws-mail sylpheed xvfb xdotool openbox dbus"

[ "$(id -u)" = 0 ] || { echo "make_captures.sh: network namespaces need root" >&2; exit 1; }

missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
	echo "installing:$missing"
	# The daemons of the host stay off: the lab starts its own.
	policy=/usr/sbin/policy-rc.d
	[ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; created=$policy; }
	echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
	# shellcheck disable=SC2086  # a list of words
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
	# They would come up at the next boot; only what was missing until now is switched off.
	for service in postfix dovecot redis-server memcached vsftpd ngircd; do
		case "$missing" in *"$service"*) systemctl disable "$service" >/dev/null 2>&1 || true ;; esac
	done
fi

# Servers that cannot be installed beside Postfix and Dovecot are only unpacked.
mtas=$(mktemp -d)
export mtas
trap 'rm -rf "$mtas" ${created:-}' EXIT
"$here/unpack_mtas.sh" "$mtas"

"$here/make_messages.py"
# --kill-child: whatever a scenario left running dies with the lab.
unshare --mount --uts --pid --fork --kill-child --mount-proc "$here/lab.sh" "$@"
"$here/make_expected.py"

# The sessions that are captured: one function per group, in the order in which they run. Sourced by lab.sh.
# shellcheck shell=bash disable=SC2154

skynet="sanders@skynet.local"
cyberdyne="sanders@cyberdyne.local"
password='Sk7net!pass'
tls=$root/tests/data/tls               # messages that went through TLS

py() { # HOST SESSION ARGUMENT...
	local host=$1
	shift
	on "$host" "$python" "$here/clients.py" "$@"
}

# pcapng with the keys inside: opens in Wireshark without any setting.
embed_keys() { # NAME KEYS
	editcap --inject-secrets "tls,$lab/$2" "$lab/$1.pcap" "$lab/$1.pcapng"
	keep "$1.pcapng"
	rm -f "$pcaps/$1.pcap"
}

# ---------------------------------------------------------------- three hops

scenario_hops() {
	rm -rf "$tls/three-hops-3-mail02-imap"
	empty_mailbox mail02 sanders
	capture_start three-hops-1-client.pcap client 'tcp'
	capture_start three-hops-2-mail01.pcap mail01 'tcp'
	capture_start three-hops-3-mail02-pop3.pcap mail02 'tcp'
	on client curl -sS --url "smtp://172.16.16.221:587/client.skynet.local" --user "$skynet:$password" --login-options AUTH=PLAIN \
		--mail-from "$skynet" --mail-rcpt "$cyberdyne" --upload-file "$eml/hops-thunderbird.eml"
	wait_for_mail mail02 sanders
	on reader mpop --host=172.16.16.231 --port=110 --user="$cyberdyne" --passwordeval="echo '$password'" --auth=user \
		--tls=off --pipelining=off --keep=on --delivery="mbox,$lab/read.mbox" --uidls-file="$lab/uidls"
	capture_stop
	keep three-hops-1-client.pcap
	keep three-hops-2-mail01.pcap
	keep three-hops-3-mail02-pop3.pcap

	# The same once more, read by IMAP with STARTTLS.
	empty_mailbox mail02 sanders
	capture_start three-hops-3-mail02-imap.pcap mail02 'tcp'
	on client curl -sS --url "smtp://172.16.16.221:587/client.skynet.local" --user "$skynet:$password" --login-options AUTH=PLAIN \
		--mail-from "$skynet" --mail-rcpt "$cyberdyne" --upload-file "$eml/hops-thunderbird.eml"
	wait_for_mail mail02 sanders
	on reader env SSLKEYLOGFILE="$lab/imap.keys" curl -sS --insecure --ssl-reqd --login-options AUTH=PLAIN \
		--user "$cyberdyne:$password" --url "imap://172.16.16.231/INBOX;UID=1" -o "$lab/imap.eml"
	capture_stop
	embed_keys three-hops-3-mail02-imap imap.keys
	mkdir -p "$tls/three-hops-3-mail02-imap"
	cp "$lab/imap.eml" "$tls/three-hops-3-mail02-imap/1.eml"
	echo '{"protocol": "IMAP", "command": "FETCH", "envelope_from": null, "envelope_to": []}' \
		>"$tls/three-hops-3-mail02-imap/1.json"
}

# ---------------------------------------------------------------- Foxmail

scenario_foxmail() {
	empty_mailbox mail02 li
	capture smtp-foxmail.pcap client 'tcp' on client curl -v --url "smtp://172.16.16.221:25/DESKTOP-465M1IO" \
		--user "wang@skynet.local:wang-secret" --login-options AUTH=LOGIN --mail-from wang@skynet.local \
		--mail-rcpt li@cyberdyne.local --upload-file "$eml/foxmail-gb2312.eml"
	wait_for_mail mail02 li
	capture pop3-foxmail.pcap reader 'tcp' on reader curl -v --url "pop3://172.16.16.231/1" \
		--user "li@cyberdyne.local:li-secret" --login-options AUTH=LOGIN -o "$lab/fox.eml"
}

# ---------------------------------------------------------------- several mails

scenario_five() {
	capture smtp-five-mails.pcap client 'tcp' py client smtp-many 172.16.16.231 25 five-1-thunderbird five-2-outlook \
		five-3-apple five-4-gmail five-5-mutt
	# The relay speaks for itself: mail01 hands several queued mails on, as Postfix does it.
	capture_start smtp-postfix-relay.pcap mail01 'tcp and host 172.16.16.231'
	on client msmtp --host=172.16.16.221 --port=587 --domain=client.skynet.local --auth=plain --user="$skynet" \
		--passwordeval="echo '$password'" --tls=off --from="$skynet" -- "$cyberdyne" li@cyberdyne.local <"$eml/python.eml"
	sleep 1
	capture_stop
	keep smtp-postfix-relay.pcap
}

scenario_mailbox() {
	fill_mailbox mail02 box box-ascii box-big5 box-shiftjis box-euckr box-koi8r box-latin1-8bit box-digest dots five-5-mutt
	capture pop3-fetchmail.pcap reader 'tcp' fetchmail_run
	capture pop3-mpop-pipelined.pcap reader 'tcp' on reader mpop --host=172.16.16.231 --user=box@cyberdyne.local \
		--passwordeval="echo mailbox-5" --auth=cram-md5 --tls=off --pipelining=on --keep=on --delivery="mbox,$lab/mpop.mbox" \
		--uidls-file="$lab/mpop-uidls"
	capture pop3-pipelined.pcap reader 'tcp' py reader pop3-pipelined 172.16.16.231 110 box@cyberdyne.local mailbox-5
	capture pop3-mailbox.pcap reader 'tcp' py reader pop3-mailbox 172.16.16.231 110 box@cyberdyne.local mailbox-5
}

fetchmail_run() {
	cat >"$lab/fetchmailrc" <<-END
		set no syslog
		poll 172.16.16.231 protocol POP3 uidl user "box@cyberdyne.local" password "mailbox-5" fetchall keep
		  sslproto '' mda "cat >/dev/null"
	END
	chmod 600 "$lab/fetchmailrc"
	on reader env HOME="$lab" FETCHMAILHOME="$lab" fetchmail -v -f "$lab/fetchmailrc" --pidfile "$lab/fetchmail.pid"
}

# ---------------------------------------------------------------- typed by hand

scenario_telnet() {
	capture smtp-telnet-typed.pcap client 'tcp' on client "$here/telnet_smtp.exp" 172.16.16.221 25
	fill_mailbox mail02 li box-ascii typed
	capture pop3-telnet-typed.pcap reader 'tcp' on reader "$here/telnet_pop3.exp" 172.16.16.231 110
}

# ---------------------------------------------------------------- AUTH

smtp_auth_all() {
	local mechanism
	for mechanism in PLAIN LOGIN CRAM-MD5 DIGEST-MD5; do
		on client swaks --server 172.16.16.221:587 --ehlo client.skynet.local --auth "$mechanism" --au "$skynet" \
			--ap "$password" --quit-after AUTH || echo "swaks $mechanism: $?"
	done
	on client swaks --server 172.16.16.221:587 --ehlo client.skynet.local --auth PLAIN --au "$skynet" --ap wrong \
		--quit-after AUTH || true
	py client smtp-auth-variants 172.16.16.221 587
}

scenario_auth() {
	capture smtp-auth-mechanisms.pcap client 'tcp' smtp_auth_all
	capture smtp-auth-retry.pcap client 'tcp' py client smtp-auth-retry 172.16.16.221 587
	fill_mailbox mail02 reader short
	capture pop3-auth-mechanisms.pcap reader 'tcp' py reader pop3-auth 172.16.16.231 110
}

ntlm() { # USER:PASSWORD [OPTION]
	on client curl -sS --url "smtp://172.16.16.221:2587/client.skynet.local" --login-options AUTH=NTLM \
		--request NOOP --user "$1" ${2:+"$2"} || true
}

ntlm_all() {
	ntlm "sanders:$password"
	ntlm "ghost:boo"
	ntlm "SKYNET\\li:li-secret" --sasl-ir
	on client curl -sS --url "pop3://172.16.16.221:2110/" --login-options AUTH=NTLM --user "sanders:$password" || true
}

scenario_ntlm() {
	on mail01 "$python" "$here/ntlm_server.py" smtp 2587 &
	on mail01 "$python" "$here/ntlm_server.py" pop3 2110 &
	wait_for_port mail01 2587
	wait_for_port mail01 2110
	capture auth-ntlm.pcap client 'tcp' ntlm_all
}

# ---------------------------------------------------------------- the finer points of SMTP

relay_to_two() {
	on client swaks --silent 2 --server 172.16.16.231 --ehlo client.skynet.local --from "$skynet" \
		--to "$cyberdyne,li@cyberdyne.local" --data "@$eml/foxmail-gb2312.eml"
	sleep 1
}

scenario_smtp() {
	capture smtp-pipelining.pcap client 'tcp' py client smtp-pipelining 172.16.16.231 25
	capture smtp-eager-client.pcap client 'tcp' py client smtp-eager 172.16.16.231 25
	capture smtp-bdat.pcap client 'tcp' py client smtp-bdat 172.16.16.231 25
	capture smtp-refused.pcap client 'tcp' py client smtp-refused 172.16.16.231 25
	capture smtp-dots.pcap client 'tcp' py client smtp-dots 172.16.16.231 25
	capture smtp-smtputf8.pcap client 'tcp' py client smtp-utf8 172.16.16.231 25
	capture lmtp-two-recipients.pcap mail01 'tcp' py mail01 lmtp-two-recipients 172.16.16.231 24
	# Postfix hands a mail to Dovecot on the same host: loopback, Linux cooked header, segments as large as its MTU allows.
	interface=any capture lmtp-postfix-dovecot.pcap mail02 'tcp port 24' relay_to_two
	capture smtp-odd-port.pcap client 'tcp port 12525' py client smtp-many 172.16.16.231 12525 box-euckr python
	capture smtp-ipv6.pcap client 'ip6' py client smtp-many 2001:db8:16::231 25 five-1-thunderbird
	fill_mailbox mail02 reader box-shiftjis box-ascii
	capture pop3-odd-port.pcap reader 'tcp port 11110' on reader curl -v --url "pop3://172.16.16.231:11110/1" \
		--user "reader@cyberdyne.local:Plaintext99" -o "$lab/odd.eml"
}

# ---------------------------------------------------------------- lost, late and missing frames

# Runs a command while a bad cable joins two hosts instead of the switch.
with_lossy_link() { # HOST HOST COMMAND...
	local one=$1 two=$2 forwarder
	shift 2
	ip -n switch link set "sw-$one" nomaster
	ip -n switch link set "sw-$two" nomaster
	on switch "$python" "$here/lossy_link.py" "sw-$one" "sw-$two" >"$lab/lossy.log" &
	forwarder=$!
	until grep -q forwarding "$lab/lossy.log"; do sleep 0.05; done
	"$@"
	sleep 1
	kill $forwarder
	wait $forwarder 2>/dev/null || true
	ip -n switch link set "sw-$one" master br0
	ip -n switch link set "sw-$two" master br0
}

full_segment() { # FILE NUMBER     the frame of the NUMBER-th full-size segment of a capture
	tshark -r "$1" -Y 'tcp.len >= 1400' -T fields -e frame.number 2>/dev/null | sed -n "${2}p"
}

scenario_troubles() {
	local frame
	capture_start smtp-lossy-link-sender.pcap client 'tcp'
	capture_start smtp-lossy-link-receiver.pcap mail02 'tcp'
	with_lossy_link client mail02 py client smtp-many 172.16.16.231 25 foxmail-gb2312 five-5-mutt >/dev/null 2>&1
	capture_stop
	keep smtp-lossy-link-sender.pcap
	keep smtp-lossy-link-receiver.pcap

	fill_mailbox mail02 box foxmail-gb2312 five-5-mutt
	capture_start pop3-lossy-link.pcap reader 'tcp'
	with_lossy_link reader mail02 on reader mpop --host=172.16.16.231 --user=box@cyberdyne.local \
		--passwordeval="echo mailbox-5" --auth=user --tls=off --pipelining=on --keep=on \
		--delivery="mbox,$lab/lossy.mbox" --uidls-file="$lab/lossy-uidls" >/dev/null
	capture_stop
	keep pop3-lossy-link.pcap

	# What happens when the capturing machine is too slow or too late is made from finished captures.
	frame=$(full_segment "$pcaps/smtp-five-mails.pcap" 7)
	editcap -F pcap "$pcaps/smtp-five-mails.pcap" "$lab/smtp-lost-frame.pcap" "$frame"
	keep smtp-lost-frame.pcap
	frame=$(full_segment "$pcaps/smtp-five-mails.pcap" 2)
	editcap -F pcap -r "$pcaps/smtp-five-mails.pcap" "$lab/smtp-from-the-middle.pcap" "$frame-99999"
	keep smtp-from-the-middle.pcap
	frame=$(full_segment "$pcaps/pop3-mailbox.pcap" 2)
	editcap -F pcap -r "$pcaps/pop3-mailbox.pcap" "$lab/pop3-from-the-middle.pcap" "$frame-99999"
	keep pop3-from-the-middle.pcap
}

# ---------------------------------------------------------------- TLS

scenario_tls() {
	rm -rf "$tls"/smtp-* "$tls"/smtps-* "$tls"/pop3-* "$tls"/pop3s-*
	rm -f "$lab"/*.keys
	capture smtp-starttls.pcap client 'tcp' py client smtp-starttls 172.16.16.221 587 "$lab/starttls.keys" \
		"$tls/smtp-starttls" 1.3 five-1-thunderbird box-big5
	# This one twice: keys inside, and keys in a file beside it.
	keep smtp-starttls.pcap smtp-starttls-separate-keys.pcap
	cp "$lab/starttls.keys" "$pcaps/smtp-starttls-separate-keys.keys.txt"
	rm -rf "$tls/smtp-starttls-separate-keys"
	cp -r "$tls/smtp-starttls" "$tls/smtp-starttls-separate-keys"
	embed_keys smtp-starttls starttls.keys

	capture smtps-465.pcap client 'tcp' on client env SSLKEYLOGFILE="$lab/smtps.keys" curl -v --insecure --tls-max 1.2 \
		--url "smtps://172.16.16.221:465/client.skynet.local" --user "$skynet:$password" --mail-from "$skynet" \
		--mail-rcpt "$cyberdyne" --upload-file "$eml/five-4-gmail.eml"
	"$python" "$here/clients.py" save-smtp - - "$tls/smtps-465" five-4-gmail "$skynet" "$cyberdyne"
	embed_keys smtps-465 smtps.keys

	fill_mailbox mail02 reader box-euckr five-5-mutt
	capture pop3-stls.pcap reader 'tcp' py reader pop3-stls 172.16.16.231 110 "$lab/stls.keys" "$tls/pop3-stls" 1.2 \
		reader@cyberdyne.local Plaintext99
	embed_keys pop3-stls stls.keys
	capture pop3s-995.pcap reader 'tcp' py reader pop3s 172.16.16.231 995 "$lab/pop3s.keys" "$tls/pop3s-995" 1.3 \
		reader@cyberdyne.local Plaintext99
	embed_keys pop3s-995 pop3s.keys
}

# A third server, with another TLS library (GnuTLS), on ports that promise nothing.
scenario_exim() {
	rm -rf "$tls"/exim-*
	rm -f "$lab"/exim*.keys
	exim_up mail01 mail01.skynet.local 2026 10465
	capture exim-starttls.pcap client 'tcp' py client smtp-exim 172.16.16.221 2026 "$lab/exim.keys" "$tls/exim-starttls" \
		five-2-outlook python box-digest
	embed_keys exim-starttls exim.keys
	capture exim-tls-odd-port.pcap client 'tcp' py client smtps-alpn 172.16.16.221 10465 "$lab/exims.keys" "$tls/exim-tls-odd-port" \
		1.2 box-koi8r five-5-mutt
	embed_keys exim-tls-odd-port exims.keys
}

# ---------------------------------------------------------------- IMAP

# Where the clients log in; imap_lab.sh has other servers.
imap_host=172.16.16.231
imap_user=box@cyberdyne.local
imap_password=mailbox-5
imap_mailbox="five-1-thunderbird box-koi8r five-4-gmail box-digest box-ascii"

mutt_copy() { # PROGRAM    opens the mailbox and copies every mail into a local file
	rm -f "$lab/mutt.mbox"
	cat >"$lab/muttrc" <<-END
		set imap_user="$imap_user" imap_pass="$imap_password" folder="imap://$imap_host/" spoolfile="+INBOX"
		set ssl_starttls=no ssl_force_tls=no confirmappend=no confirmcreate=no quit=yes delete=no copy=no mbox_type=mbox header_cache="" imap_keepalive=0
		set imap_authenticators="login"
		push "<tag-pattern>~A<enter><tag-prefix><copy-message>$lab/mutt.mbox<enter><exit>"
	END
	on reader env HOME="$lab" TERM=xterm timeout 30 script -qec "$1 -n -F $lab/muttrc" /dev/null </dev/null || true
}

mbsync_both_ways() {
	rm -rf "$lab/mbsync"
	mkdir -p "$lab/mbsync/INBOX/cur" "$lab/mbsync/INBOX/new" "$lab/mbsync/INBOX/tmp"
	cp "$eml/python.eml" "$lab/mbsync/INBOX/new/1.lab"
	cat >"$lab/mbsyncrc" <<-END
		IMAPStore far
		Host $imap_host
		User $imap_user
		Pass $imap_password
		SSLType None
		AuthMechs LOGIN

		MaildirStore near
		Path $lab/mbsync/
		Inbox $lab/mbsync/INBOX

		Channel all
		Far :far:
		Near :near:
		Patterns INBOX
		Sync All
		SyncState *
	END
	on reader env HOME="$lab" mbsync -V -c "$lab/mbsyncrc" all
}

offlineimap_run() {
	rm -rf "$lab/offline" "$lab/offlineimap"
	cat >"$lab/offlineimaprc" <<-END
		[general]
		accounts = lab
		metadata = $lab/offlineimap
		[Account lab]
		localrepository = near
		remoterepository = far
		[Repository near]
		type = Maildir
		localfolders = $lab/offline
		[Repository far]
		type = IMAP
		remotehost = $imap_host
		remoteuser = $imap_user
		remotepass = $imap_password
		ssl = no
		starttls = no
		auth_mechanisms = LOGIN
	END
	on reader env HOME="$lab" timeout 60 offlineimap -o -c "$lab/offlineimaprc" -u basic
}

fetchmail_imap() {
	cat >"$lab/fetchmailrc" <<-END
		set no syslog
		poll $imap_host protocol IMAP user "$imap_user" password "$imap_password" fetchall keep
		  sslproto '' mda "cat >/dev/null"
	END
	chmod 600 "$lab/fetchmailrc"
	on reader env HOME="$lab" FETCHMAILHOME="$lab" fetchmail -v -f "$lab/fetchmailrc" --pidfile "$lab/fetchmail.pid"
}

getmail_run() {
	rm -rf "$lab/getmail"
	mkdir -p "$lab/getmail"
	cat >"$lab/getmail/rc" <<-END
		[retriever]
		type = SimpleIMAPRetriever
		server = $imap_host
		username = $imap_user
		password = $imap_password
		[destination]
		type = MDA_external
		path = /bin/true
		allow_root_commands = true
		[options]
		read_all = true
		delete = false
	END
	chown -R nobody "$lab/getmail"
	on reader env HOME="$lab/getmail" getmail --getmaildir="$lab/getmail" --rcfile=rc
}

# Every client finds the same mails anew.
imap_capture() { # NAME COMMAND...
	local name=$1
	shift
	# shellcheck disable=SC2086  # a list of messages
	fill_mailbox mail02 box $imap_mailbox
	py reader imap-store "$root/tests/data/imap/$name.json" "$lab/mail02/mail/box/Maildir/new" "$lab/mail02/mail/box/Maildir/cur"
	capture "$name.pcap" reader 'tcp' "$@"
}

scenario_imap() {
	local client="$imap_host 143 $imap_user $imap_password"
	imap_capture imap-mutt mutt_copy mutt
	imap_capture imap-neomutt mutt_copy neomutt
	imap_capture imap-mbsync mbsync_both_ways
	imap_capture imap-offlineimap offlineimap_run
	imap_capture imap-fetchmail fetchmail_imap
	imap_capture imap-getmail getmail_run
	# shellcheck disable=SC2086
	imap_capture imap-variants py reader imap-fetch-variants $client
	# shellcheck disable=SC2086
	imap_capture imap-parts py reader imap-parts $client
	# shellcheck disable=SC2086
	imap_capture imap-append py reader imap-append $client box-big5 short box-euckr
	# shellcheck disable=SC2086
	imap_capture imap-compress py reader imap-compress $client
	imap_capture imaps-993 on reader env SSLKEYLOGFILE="$lab/imaps.keys" curl -sS --insecure \
		--user box@cyberdyne.local:mailbox-5 --url "imaps://172.16.16.231/INBOX;UID=1" -o "$lab/imaps.eml"
	rm -rf "$tls/imaps-993"
	mkdir -p "$tls/imaps-993"
	cp "$lab/imaps.eml" "$tls/imaps-993/1.eml"
	echo '{"protocol": "IMAP", "command": "FETCH", "envelope_from": null, "envelope_to": []}' >"$tls/imaps-993/1.json"
	embed_keys imaps-993 imaps.keys
}

# ---------------------------------------------------------------- what is not mail

# Protocols that look like mail for a line or two, on ports that nobody has claimed: 220 greetings, USER and PASS,
# +OK, numeric replies, lines of one dot.
scenario_not_mail() {
	mkdir -p "$lab/other/ftp/sub" "$lab/other/empty" "$lab/other/www"
	echo "a file" >"$lab/other/ftp/file.txt"
	cp "$eml/dots.eml" "$lab/other/www/"
	chmod -R a+rX "$lab/other"
	cat >"$lab/other/vsftpd.conf" <<-END
		listen=YES
		listen_port=2121
		background=NO
		anonymous_enable=YES
		local_enable=NO
		anon_root=$lab/other/ftp
		secure_chroot_dir=$lab/other/empty
		seccomp_sandbox=NO
		isolate=NO
		isolate_network=NO
		ftpd_banner=mail01.skynet.local FTP server ready
	END
	chmod 600 "$lab/other/vsftpd.conf"
	cat >"$lab/other/ngircd.conf" <<-END
		[Global]
		Name = irc.skynet.local
		Info = laboratory
		Ports = 16667
		Listen = 0.0.0.0
		[Options]
		DNS = no
		Ident = no
		PAM = no
	END
	on mail01 vsftpd "$lab/other/vsftpd.conf" &
	on mail01 redis-server --port 16379 --protected-mode no --save '' --bind 0.0.0.0 >/dev/null &
	on mail01 memcached -u nobody -p 21211 &
	on mail01 ngircd -n -f "$lab/other/ngircd.conf" >/dev/null 2>&1 &
	(cd "$lab/other/www" && on mail01 "$python" -m http.server 18080 >/dev/null 2>&1) &
	for port in 2121 16379 21211 16667 18080; do wait_for_port mail01 $port; done
	capture not-mail.pcap client 'tcp' py client not-mail 172.16.16.221
}

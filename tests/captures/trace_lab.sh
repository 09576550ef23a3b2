# Mails on their way over several servers, and forged ones. Sourced by lab.sh.
#
#   client --587--> mail01 (Postfix) --2626--> mail02 (Exim) --2627--> reader (OpenSMTPD, which signs with DKIM and expands the
#   list) --24--> mail02 and mail01 (Dovecot, LMTP); mail02 <--110-- reader (POP3)
# shellcheck shell=bash disable=SC2154

# The unpacked servers with the host's libraries: a file system of layers, to change root into.
mta_root() { # sets $mta
	mta=$lab/mta
	[ ! -e "$mta/root/usr/sbin/smtpd" ] || return 0
	mkdir -p "$mta/packages" "$mta/upper/etc" "$mta/work" "$mta/root"
	cp -a "$mtas"/. "$mta/packages"
	{ cat /etc/passwd && printf '%s\n' 'Debian-exim:x:64990:64990::/nonexistent:/bin/false' \
		'opensmtpd:x:64991:64991::/nonexistent:/bin/false' 'opensmtpq:x:64992:64992::/nonexistent:/bin/false' \
		'cyrus:x:64993:8::/nonexistent:/bin/false' 'courier:x:64994:64994::/nonexistent:/bin/false'; } >"$mta/upper/etc/passwd"
	{ cat /etc/group && printf '%s\n' 'Debian-exim:x:64990:' 'opensmtpd:x:64991:' 'opensmtpq:x:64992:' 'courier:x:64994:'; } >"$mta/upper/etc/group"
	mount -t overlay overlay -o "lowerdir=$mta/packages:/,upperdir=$mta/upper,workdir=$mta/work" "$mta/root"
	for folder in dev proc; do mount --rbind "/$folder" "$mta/root/$folder"; done
	cp "$lab/hosts" "$mta/root/etc/hosts"
	: >"$mta/root/etc/resolv.conf"
}

exim_relay_up() { # HOST NAME PORT NEXT_HOST NEXT_PORT
	mta_root
	mkdir -p "$mta/root/var/spool/relay/log" "$mta/root/etc/exim4"
	cat >"$mta/root/etc/exim4/exim4.conf" <<-END
		primary_hostname = $2
		spool_directory = /var/spool/relay
		log_file_path = /var/spool/relay/log/%slog
		pid_file_path = /var/spool/relay/exim.pid
		daemon_smtp_ports = $3
		host_lookup = *
		keep_environment =
		rfc1413_query_timeout = 0s
		acl_smtp_rcpt = everybody
		begin acl
		everybody:
		  accept
		begin routers
		onwards:
		  driver = manualroute
		  transport = onwards
		  route_list = * $4 byname
		  self = send
		begin transports
		onwards:
		  driver = smtp
		  port = $5
		  hosts_try_prdr =
		  hosts_avoid_tls = *
	END
	chown -R 64990:64990 "$mta/root/var/spool/relay"
	on "$1" chroot "$mta/root" /usr/sbin/exim4 -bdf >"$lab/exim.log" 2>&1 &
	wait_for_port "$1" "$3"
}

opensmtpd_list_up() { # HOST NAME PORT LMTP_HOST LMTP_HOST
	mta_root
	mkdir -p "$mta/root/var/spool/smtpd" "$mta/root/var/lib/opensmtpd/empty" "$mta/root/run" "$mta/root/etc/dkim"
	chmod 711 "$mta/root/var/spool/smtpd"
	openssl genrsa -out "$mta/root/etc/dkim/key" 2048 2>/dev/null
	chmod 640 "$mta/root/etc/dkim/key"
	chown 0:64991 "$mta/root/etc/dkim/key"
	cat >"$mta/root/etc/smtpd.conf" <<-END
		table aliases { "team" = "sanders@cyberdyne.local, li@skynet.local" }
		filter "sign" proc-exec "/usr/libexec/opensmtpd/filter-dkimsign -d lists.cyberdyne.local -s lab -k /etc/dkim/key" user "opensmtpd" group "opensmtpd"
		listen on 0.0.0.0 port $3 hostname "$2" filter "sign"
		action "list" expand-only alias <aliases>
		action "cyberdyne" relay host "lmtp://$4:24"
		action "skynet" relay host "lmtp://$5:24"
		match from any for domain "lists.cyberdyne.local" action "list"
		match from any for domain "cyberdyne.local" action "cyberdyne"
		match from any for domain "skynet.local" action "skynet"
	END
	on "$1" unshare --uts sh -c "hostname $2 && exec chroot '$mta/root' /usr/sbin/smtpd -d" >"$lab/opensmtpd.log" 2>&1 &
	wait_for_port "$1" "$3"
}

# The way of one mail: three hops, a list with two members, two deliveries, one of them fetched.
scenario_trace() {
	cat >>"$lab/hosts" <<-END
		172.16.16.235 lists.cyberdyne.local
	END
	exim_relay_up mail02 relay.cyberdyne.local 2626 172.16.16.235 2627
	opensmtpd_list_up reader lists.cyberdyne.local 2627 172.16.16.231 172.16.16.221
	postconf -c "$lab/mail01/postfix" -e "transport_maps = inline:{{ lists.cyberdyne.local = smtp:[172.16.16.231]:2626 }}" \
		"relay_domains = lists.cyberdyne.local"
	on mail01 postfix -c "$lab/mail01/postfix" reload
	empty_mailbox mail02 sanders
	empty_mailbox mail01 li
	sleep 1
	capture_start trace-mail01.pcap mail01 'tcp'
	capture_start trace-reader.pcap reader 'tcp and not host 172.16.16.221' # which the other capture has
	on client curl -sS --url "smtp://172.16.16.221:587/client.skynet.local" --user "$skynet:$password" --login-options AUTH=PLAIN \
		--mail-from "$skynet" --mail-rcpt "team@lists.cyberdyne.local" --upload-file "$eml/list.eml"
	wait_for_mail mail02 sanders
	wait_for_mail mail01 li
	on reader curl -sS --url "pop3://172.16.16.231/1" --user "$cyberdyne:$password" -o "$lab/fetched.eml"
	capture_stop
	mergecap -F pcap -w "$lab/trace-chain.pcap" "$lab/trace-mail01.pcap" "$lab/trace-reader.pcap"
	keep trace-chain.pcap
	echo "trace-chain.pcap: $(capinfos -Mcs "$lab/trace-chain.pcap" | awk '/packets/ {print $NF " frames"}')"
}

forge() { # HELO SENDER DATA...
	local helo=$1 sender=$2
	shift 2
	on client swaks --silent 2 --server 172.16.16.231:25 --protocol SMTP --helo "$helo" --from "$sender" --to "li@cyberdyne.local" \
		--data "$(printf '%s\n' "$@")" || echo "swaks: $?"
}

forge_three() {
	local from="From: Service <service@lemongrass.org>" rest="Date: Tue, 14 Nov 2023 22:13:20 +0000"
	# Only the HELO is forged.
	forge galangal.org service@lemongrass.org "$from" "To: li@cyberdyne.local" "Subject: Forged HELO" "$rest" \
		"Message-ID: <forged-1@lemongrass.org>" "" "Please confirm your account."
	# Received lines are invented.
	forge galangal.org service@lemongrass.org "Received: from nowhere by fictitious-site (8.8.3/8.7.2)..." \
		"Received: No Information Here, Go Away!" "$from" "To: li@cyberdyne.local" "Subject: Invented Received lines" "$rest" \
		"Message-ID: <forged-2@lemongrass.org>" "" "Please confirm your account."
	# A chain that fits together.
	forge galangal.org service@lemongrass.org \
		"Received: from lemongrass.org by galangal.org (8.7.3/8.5.1) with SMTP id LAA12741; Tue, 14 Nov 2023 22:15:00 +0000" \
		"Received: from graprao.com by lemongrass.org (8.6.4) id 004A21; Tue, 14 Nov 2023 22:14:00 +0000" \
		"$from" "To: li@cyberdyne.local" "Subject: A believable chain" "$rest" "Message-ID: <forged-3@lemongrass.org>" "" \
		"Please confirm your account."
	wait_for_mail mail02 li
	sleep 1
	on reader mpop --host=172.16.16.231 --user=li@cyberdyne.local --passwordeval="echo li-secret" --auth=user --tls=off \
		--pipelining=off --keep=on --delivery="mbox,$lab/forged.mbox" --uidls-file="$lab/forged-uidls"
}

# Forged mails, as they are handed in and as they lie in the mailbox. Here the server looks names up.
scenario_forged() {
	# Written over, not replaced: /etc/hosts is this very file.
	{ echo "172.16.16.225 dial-225.isp.example"; grep -v 172.16.16.225 "$lab/hosts"; } >"$lab/hosts.new"
	cat "$lab/hosts.new" >"$lab/hosts"
	postconf -c "$lab/mail02/postfix" -e "smtpd_peername_lookup = yes"
	on mail02 postfix -c "$lab/mail02/postfix" reload
	empty_mailbox mail02 li
	sleep 1
	capture forged.pcap mail02 'tcp' forge_three
	postconf -c "$lab/mail02/postfix" -e "smtpd_peername_lookup = no"
	on mail02 postfix -c "$lab/mail02/postfix" reload
}

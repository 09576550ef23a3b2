# Cyrus and Courier, and the mail programs that read from them. Sourced by lab.sh.
#
#   reader --143, 993--> cyrus 172.16.16.241 (Cyrus IMAP), courier 172.16.16.242 (Courier IMAP)
# shellcheck shell=bash disable=SC2154

cyrus_up() {
	mta_root
	local dir=$mta/root
	add_host cyrus 241
	mkdir -p "$lab/cyrus" "$dir/var/lib/cyrus" "$dir/var/spool/cyrus/mail" "$dir/run/cyrus/socket"
	make_certificate cyrus cyrus.cyberdyne.local
	cat "$lab/cyrus/cert.pem" "$lab/cyrus/key.pem" >"$dir/etc/cyrus.pem"
	cat >"$dir/etc/imapd.conf" <<-END
		configdirectory: /var/lib/cyrus
		partition-default: /var/spool/cyrus/mail
		defaultpartition: default
		servername: cyrus.cyberdyne.local
		admins: cyrus
		unixhierarchysep: yes
		altnamespace: yes
		autocreate_quota: 0
		allowplaintext: yes
		sasl_pwcheck_method: auxprop
		sasl_auxprop_plugin: sasldb
		sasl_sasldb_path: /etc/cyrus.sasldb
		sasl_mech_list: PLAIN LOGIN CRAM-MD5
		tls_server_cert: /etc/cyrus.pem
		tls_server_key: /etc/cyrus.pem
		tls_session_timeout: 0
		expunge_mode: immediate
		proc_path: /run/cyrus/proc
		mboxname_lockpath: /run/cyrus/lock
		lmtpsocket: /run/cyrus/socket/lmtp
	END
	cat >"$dir/etc/cyrus.conf" <<-END
		START {
		  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -r"
		}
		SERVICES {
		  imap cmd="imapd" listen="0.0.0.0:143" prefork=0
		  imaps cmd="imapd -s" listen="0.0.0.0:993" prefork=0
		}
		EVENTS {
		}
	END
	echo "$imap_password" | chroot "$dir" /usr/sbin/saslpasswd2 -p -c -f /etc/cyrus.sasldb -u cyrus.cyberdyne.local box
	chroot "$dir" chown -R cyrus:mail /etc/cyrus.sasldb /etc/cyrus.pem /var/lib/cyrus /var/spool/cyrus /run/cyrus
	on cyrus chroot "$dir" /usr/lib/cyrus/bin/master -D -L /var/lib/cyrus/master.log >"$lab/cyrus/master.log" 2>&1 &
	wait_for_port cyrus 143
}

courier_up() {
	mta_root
	local dir=$mta/root
	add_host courier 242
	mkdir -p "$lab/courier" "$dir/run/courier/authdaemon" "$dir/var/mail/courier/box"
	make_certificate courier courier.cyberdyne.local
	cat "$lab/courier/cert.pem" "$lab/courier/key.pem" >"$dir/etc/courier/imapd.pem"
	for folder in cur new tmp; do mkdir -p "$dir/var/mail/courier/box/Maildir/$folder"; done
	chroot "$dir" chown -R courier:courier /var/mail/courier /run/courier /etc/courier/imapd.pem
	sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb"/' "$dir/etc/courier/authdaemonrc"
	printf '%s\thome=/var/mail/courier/%s|uid=64994|gid=64994|imappw=%s\n' box box \
		"$(openssl passwd -1 "$imap_password")" >"$dir/etc/courier/userdb"
	chmod 700 "$dir/etc/courier/userdb"
	chroot "$dir" /usr/sbin/makeuserdb
	chroot "$dir" /usr/lib/courier/courier-authlib/authdaemond >"$lab/courier/auth.log" 2>&1 &
	on courier chroot "$dir" sh -c 'set -a; . /etc/courier/imapd; . /etc/courier/imapd-ssl; IMAP_STARTTLS=NO
		exec /usr/sbin/couriertcpd -address=0 -maxprocs=40 -maxperip=40 -nodnslookup -noidentlookup 143 \
			/usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir' >"$lab/courier/imapd.log" 2>&1 &
	wait_for_port courier 143
}


# ---------------------------------------------------------------- captures

# As imap_capture, on these servers: the client finds the same mails anew, under higher UIDs.
far_capture() { # SERVER NAME COMMAND...     SERVER: cyrus or courier
	local imap_user=box imap_host=172.16.16.241 server=$1 name=$2
	local -a folders
	shift 2
	if [ "$server" = courier ]; then
		imap_host=172.16.16.242
		folders=("$mta/root/var/mail/courier/box/Maildir/new" "$mta/root/var/mail/courier/box/Maildir/cur")
	fi
	# shellcheck disable=SC2086  # a list of messages
	py reader imap-fill "$imap_host" 143 box "$imap_password" $imap_mailbox
	[ "$server" = courier ] || folders=("$mta/root/$(chroot "$mta/root" /usr/lib/cyrus/bin/mbpath user/box)")
	py reader imap-store "$root/tests/data/imap/$name.json" "${folders[@]}"
	capture "$name.pcap" reader 'tcp' "$@"
}

# A session of clients.py, with the server that far_capture has chosen.
imap_session() { # SESSION
	py reader "$1" "$imap_host" 143 "$imap_user" "$imap_password"
}

curl_all() { # every mail by its number, in one connection
	on reader env SSLKEYLOGFILE="$lab/cyrus.keys" curl -sS --insecure --user "$imap_user:$imap_password" \
		--url "imaps://$imap_host/INBOX;MAILINDEX=[1-5]" -o "$lab/curl-#1.eml"
}

behind_tls() { # NAME    what curl_all got
	local number
	rm -rf "${tls:?}/$1"
	mkdir -p "$tls/$1"
	for number in 1 2 3 4 5; do
		cp "$lab/curl-$number.eml" "$tls/$1/$number.eml"
		echo '{"protocol": "IMAP", "command": "FETCH", "envelope_from": null, "envelope_to": []}' >"$tls/$1/$number.json"
	done
}

alpine_reads() {
	rm -rf "$lab/alpine"
	mkdir -p "$lab/alpine"
	cat >"$lab/alpine/pinerc" <<-END
		personal-name=Reader
		user-domain=cyberdyne.local
		inbox-path={$imap_host:143/imap/notls/user=$imap_user}INBOX
		feature-list=quit-without-confirm,disable-password-caching,disable-password-file-saving
		last-version-used=6.26
		sort-key=Arrival
	END
	on reader env HOME="$lab/alpine" "$here/alpine.exp" "$lab/alpine/pinerc" "$imap_password"
}

scenario_imap_cyrus() {
	cyrus_up
	far_capture cyrus imap-cyrus-mutt mutt_copy mutt
	far_capture cyrus imap-cyrus-mbsync mbsync_both_ways
	far_capture cyrus imap-cyrus-offlineimap offlineimap_run
	far_capture cyrus imap-cyrus-fetchmail fetchmail_imap
	far_capture cyrus imap-cyrus-variants imap_session imap-fetch-variants
	far_capture cyrus imap-cyrus-parts imap_session imap-parts
	far_capture cyrus imap-cyrus-alpine alpine_reads
	far_capture cyrus imap-cyrus-claws on_screen claws claws-mail
	far_capture cyrus imap-cyrus-sylpheed on_screen sylpheed sylpheed
	far_capture cyrus imap-cyrus-tls curl_all
	behind_tls imap-cyrus-tls
	embed_keys imap-cyrus-tls cyrus.keys
}

scenario_imap_courier() {
	courier_up
	far_capture courier imap-courier-neomutt mutt_copy neomutt
	far_capture courier imap-courier-mbsync mbsync_both_ways
	far_capture courier imap-courier-fetchmail fetchmail_imap
	far_capture courier imap-courier-getmail getmail_run
	far_capture courier imap-courier-variants imap_session imap-fetch-variants
	far_capture courier imap-courier-parts imap_session imap-parts
	far_capture courier imap-courier-claws on_screen claws claws-mail
	imap_mailbox="$imap_mailbox foxmail-gb2312" far_capture courier imap-courier-alpine alpine_reads
}

# Postfix and Dovecot for mail01 and mail02, and Exim where a scenario wants it, with configuration, queue and mail in $lab. Sourced by lab.sh.
# shellcheck shell=bash disable=SC2154

# User, password; the same on both servers. "li" and "wang" exist so that a mail can have two recipients.
lab_users="sanders:Sk7net!pass li:li-secret wang:wang-secret reader:Plaintext99 box:mailbox-5 test_20130418:test0418"

make_certificate() { # HOST NAME
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$2" -addext "subjectAltName=DNS:$2" \
		-keyout "$lab/$1/key.pem" -out "$lab/$1/cert.pem" 2>/dev/null
}

dovecot_up() { # HOST DOMAIN
	local host=$1 domain=$2 dir=$lab/$1 entry
	mkdir -p "$dir/run" "$dir/state" "$dir/mail"
	: >"$dir/users"
	for entry in $lab_users; do
		echo "${entry%%:*}@$domain:{PLAIN}${entry#*:}:65534:65534::$dir/mail/${entry%%:*}::" >>"$dir/users"
	done
	chown -R nobody:nogroup "$dir/mail"
	cat >"$dir/dovecot.conf" <<-END
		base_dir = $dir/run
		state_dir = $dir/state
		log_path = $dir/dovecot.log
		protocols = pop3 imap lmtp
		listen = *, ::
		ssl = yes
		hostname = $host.$domain
		ssl_cert = <$dir/cert.pem
		ssl_key = <$dir/key.pem
		disable_plaintext_auth = no
		auth_mechanisms = plain login cram-md5 digest-md5 apop anonymous scram-sha-1 scram-sha-256 xoauth2 oauthbearer
		auth_username_format = %Lu
		auth_default_realm = $domain
		auth_failure_delay = 0 secs
		auth_anonymous_username = reader@$domain
		first_valid_uid = 1
		mail_location = maildir:~/Maildir
		mail_max_userip_connections = 0
		pop3_uidl_format = %08Xu%08Xv
		default_internal_user = nobody
		default_internal_group = nogroup
		default_login_user = nobody
		passdb {
		  driver = passwd-file
		  args = scheme=PLAIN username_format=%u $dir/users
		}
		passdb {
		  driver = oauth2
		  mechanisms = xoauth2 oauthbearer
		  args = $dir/oauth2.conf
		}
		userdb {
		  driver = passwd-file
		  args = username_format=%u $dir/users
		}
		service auth {
		  unix_listener $dir/sasl {
		    mode = 0666
		  }
		}
		# Without this, failed logins of earlier sessions make later ones wait up to 15 s.
		service anvil {
		  unix_listener anvil-auth-penalty {
		    mode = 0
		  }
		}
		service lmtp {
		  inet_listener lmtp {
		    port = 24
		  }
		}
		service pop3-login {
		  inet_listener pop3-odd {
		    port = 11110
		  }
		}
		protocol imap {
		  mail_plugins = \$mail_plugins imap_zlib
		}
		protocol lmtp {
		  mail_plugins =
		  postmaster_address = postmaster@$domain
		}
	END
	mkdir -p "$dir/tokens/default/HS256"
	# Key for the JSON web tokens of the OAuth sessions (default client, HS256, default key id), in base64.
	printf 'bGFiLXNlY3JldC1mb3ItdG9rZW5z' >"$dir/tokens/default/HS256/default"
	cat >"$dir/oauth2.conf" <<-END
		introspection_mode = local
		local_validation_key_dict = fs:posix:prefix=$dir/tokens/
		username_attribute = sub
	END
	# A host name of its own, since Dovecot signs its challenges with it.
	on "$host" unshare --uts sh -c "hostname $host.$domain && exec dovecot -c $dir/dovecot.conf"
}

postfix_up() { # HOST DOMAIN OTHER_DOMAIN OTHER_HOST_ADDRESS
	local host=$1 domain=$2 dir=$lab/$1
	mkdir -p "$dir/postfix" "$dir/queue" "$dir/data"
	chown postfix "$dir/data"
	cat >"$dir/postfix/main.cf" <<-END
		compatibility_level = 3.6
		queue_directory = $dir/queue
		data_directory = $dir/data
		maillog_file = $dir/postfix.log
		maillog_file_prefixes = $lab
		myhostname = $host.$domain
		mydomain = $domain
		myorigin = $domain
		mydestination =
		mynetworks = 127.0.0.0/8
		inet_interfaces = all
		inet_protocols = all
		smtp_dns_support_level = disabled
		smtp_host_lookup = native
		smtp_address_preference = ipv4
		lmtp_host_lookup = native
		smtpd_peername_lookup = no
		virtual_mailbox_domains = $domain
		virtual_transport = lmtp:inet:127.0.0.1:24
		local_recipient_maps =
		transport_maps = inline:{{ $3 = smtp:[$4] }}
		relay_domains = $3
		smtpd_relay_restrictions = permit_sasl_authenticated, permit_auth_destination, reject
		smtpd_recipient_restrictions = check_recipient_access inline:{{nobody@$domain = reject No such user here} {nobody@$3 = reject No such user here}}
		smtpd_data_restrictions = check_sender_access inline:{{spam@$domain = reject Not with this sender} {spam@$3 = reject Not with this sender}}
		smtpd_sasl_auth_enable = yes
		smtpd_sasl_type = dovecot
		smtpd_sasl_path = $dir/sasl
		smtpd_sasl_security_options =
		smtpd_sasl_local_domain = $domain
		broken_sasl_auth_clients = yes
		smtpd_error_sleep_time = 0
		smtpd_client_connection_count_limit = 0
		smtpd_tls_security_level = may
		smtpd_tls_cert_file = $dir/cert.pem
		smtpd_tls_key_file = $dir/key.pem
		smtpd_tls_auth_only = no
		smtputf8_enable = yes
		message_size_limit = 200000
		smtp_tls_security_level = none
		smtp_line_length_limit = 0
		header_checks = regexp:$dir/postfix/header_checks
	END
	cat >"$dir/postfix/master.cf" <<-END
		smtp       inet  n - n - - smtpd
		587        inet  n - n - - smtpd
		2525       inet  n - n - - smtpd
		12525      inet  n - n - - smtpd
		465        inet  n - n - - smtpd -o smtpd_tls_wrappermode=yes
		pickup     unix  n - n 60 1 pickup
		cleanup    unix  n - n - 0 cleanup
		qmgr       unix  n - n 300 1 qmgr
		tlsmgr     unix  - - n 1000? 1 tlsmgr
		rewrite    unix  - - n - - trivial-rewrite
		bounce     unix  - - n - 0 bounce
		defer      unix  - - n - 0 bounce
		trace      unix  - - n - 0 bounce
		verify     unix  - - n - 1 verify
		flush      unix  n - n 1000? 0 flush
		proxymap   unix  - - n - - proxymap
		smtp       unix  - - n - - smtp
		relay      unix  - - n - - smtp
		lmtp       unix  - - n - - lmtp
		error      unix  - - n - - error
		retry      unix  - - n - - error
		discard    unix  - - n - - discard
		anvil      unix  - - n - 1 anvil
		scache     unix  - - n - 1 scache
		postlog    unix-dgram n - n - 1 postlogd
	END
	echo "/^Subject: refuse me/ REJECT Content not wanted here" >"$dir/postfix/header_checks"
	on "$host" postfix -c "$dir/postfix" start
}

# Exim keeps what it gets in its queue. It is unpacked, not installed (make_captures.sh), and asks for its own user by name.
exim_up() { # HOST NAME PORT TLS_PORT
	local host=$1 dir=$lab/$1/exim
	mkdir -p "$dir/spool" "$dir/log"
	grep -q Debian-exim /etc/passwd || {
		{ cat /etc/passwd && echo 'Debian-exim:x:64990:64990::/nonexistent:/bin/false'; } >"$dir/passwd"
		{ cat /etc/group && echo 'Debian-exim:x:64990:'; } >"$dir/group"
		mount --bind "$dir/passwd" /etc/passwd
		mount --bind "$dir/group" /etc/group
	}
	cp "$lab/$host/cert.pem" "$lab/$host/key.pem" "$dir"
	chown -R Debian-exim:Debian-exim "$dir"
	cat >"$dir/exim.conf" <<-END
		primary_hostname = $2
		spool_directory = $dir/spool
		log_file_path = $dir/log/%slog
		pid_file_path = $dir/exim.pid
		daemon_smtp_ports = $3 : $4
		tls_on_connect_ports = $4
		tls_advertise_hosts = *
		tls_certificate = $dir/cert.pem
		tls_privatekey = $dir/key.pem
		chunking_advertise_hosts = *
		keep_environment =
		queue_only = true
		rfc1413_query_timeout = 0s
		acl_smtp_rcpt = everybody
		begin acl
		everybody:
		  accept
		begin authenticators
		plain:
		  driver = plaintext
		  public_name = PLAIN
		  server_set_id = \$auth2
		  server_condition = true
	END
	chown root:root "$dir/exim.conf"
	on "$host" "$mtas/usr/sbin/exim4" -C "$dir/exim.conf" -bdf &
	wait_for_port "$host" "$3"
}

wait_for_port() { # HOST PORT
	local tries=0
	until on "$1" bash -c "exec 3<>/dev/tcp/127.0.0.1/$2" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 50 ] || { echo "nothing answers on $1 port $2" >&2; return 1; }
		sleep 0.2
	done
}

servers_up() {
	chmod 755 "$lab"
	mkdir -p "$lab/mail01" "$lab/mail02"
	make_certificate mail01 mail01.skynet.local
	make_certificate mail02 mail02.cyberdyne.local
	dovecot_up mail01 skynet.local
	dovecot_up mail02 cyberdyne.local
	postfix_up mail01 skynet.local cyberdyne.local 172.16.16.231
	postfix_up mail02 cyberdyne.local skynet.local 172.16.16.221
	for host in mail01 mail02; do
		wait_for_port $host 110
		wait_for_port $host 25
	done
}

empty_mailbox() { # HOST USER
	rm -rf "$lab/$1/mail/$2"
}

fill_mailbox() { # HOST USER EML...     delivered by Dovecot itself, over its LMTP socket on the host
	local host=$1 user=$2 domain=skynet.local
	shift 2
	[ "$host" = mail01 ] || domain=cyberdyne.local
	empty_mailbox "$host" "$user"
	for message; do
		on "$host" "$python" "$here/clients.py" lmtp-deliver 127.0.0.1 24 "robot@skynet.local" "$user@$domain" "$eml/$message.eml"
	done
}

wait_for_mail() { # HOST USER     until a delivery has arrived
	local tries=0
	until [ -n "$(ls "$lab/$1/mail/$2/Maildir/new" 2>/dev/null)" ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "no mail for $2 on $1" >&2; return 1; }
		sleep 0.1
	done
	sleep 0.2
}

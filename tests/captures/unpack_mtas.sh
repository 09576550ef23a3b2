#!/bin/sh
# unpack_mtas.sh DIR: unpacks mail servers that cannot be installed beside Postfix and Dovecot into DIR. Called by make_captures.sh.
set -eu
mkdir -p "$1"
cd "$1"
chmod 755 .
apt-get -qq -o APT::Sandbox::User=root download exim4-base exim4-daemon-light opensmtpd opensmtpd-filter-dkimsign libopensmtpd0 \
	cyrus-common cyrus-imapd sasl2-bin libsasl2-modules libsasl2-modules-db \
	courier-imap courier-base courier-authlib courier-authdaemon courier-authlib-userdb libcourier-unicode4 libgamin0
for package in *.deb; do
	dpkg -x "$package" .
done
rm ./*.deb
# /lib is a symbolic link on the host, and must not be hidden by a folder of that name.
[ ! -d lib ] || { cp -r lib/. usr/lib/ && rm -r lib; }

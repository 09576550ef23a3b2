#!/usr/bin/env bash
# tests/captures/make_encoder_mails.sh [OUTDIR]
#
# Writes the messages of tests/data/encoders: files of tests/data/files as real programs attach them, and texts as they
# encode them. tests/unit/check_mime_encoders.py compares what comes out with the files. Needs Debian's mutt, s-nail, mpack,
# sharutils, macutils, msmtp, recode, libmime-lite-perl and libmime-tools-perl; a second run gives other dates and boundaries.
set -eu -o pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
files=$here/../data/files
out=${1:-$here/../data/encoders}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 HOME=$work EMAIL=ann@example.org
mkdir -p "$out"
rm -f "$out"/*
cp "$files/small.jpg" "$files/notes.csv" "$files/invoice.pdf" "$files/empty.dat" "$work"
cp "$files/invoice.pdf" "$work/Übersicht für März.pdf"
cp "$files/small.jpg" "$work/照片.jpg"
printf 'Grüße,\n\n.\nFrom me to you = 100 %%\n%s \nlast line without end' "$(printf 'x%.0s' {1..100})" >"$work/text.txt"
cat >"$work/sendmail" <<'SENDMAIL'
#!/bin/sh
cat >"$MESSAGE"
SENDMAIL
chmod +x "$work/sendmail"
cd "$work"
# The name of the machine has no business in a test.
clean() { sed -i -E "s/@$(hostname)(\.[A-Za-z0-9.-]+)?/@example.org/g; s/^(Message-I[Dd]: ).*/\1<1@example.org>/" "$1"; }

MESSAGE=$out/mutt.eml mutt -F /dev/null -e "set sendmail=$work/sendmail; set from=ann@example.org; set realname=Ann; set hostname=example.org; set copy=no" \
    -s 'Größe 照片' -a small.jpg notes.csv 'Übersicht für März.pdf' 照片.jpg -- bob@example.net <text.txt
MESSAGE=$out/s-nail.eml s-nail -:/ -S mta="$work/sendmail" -S from=ann@example.org -S hostname=example.org -S ttycharset=utf-8 -S charset-8bit=utf-8 -S charset-7bit=us-ascii -s 'Größe' \
    -a small.jpg -a 'Übersicht für März.pdf' -a empty.dat bob@example.net <text.txt
mpack -s 'mpack' -o "$out/mpack.eml" small.jpg
{
    printf 'From: ann@example.org\nSubject: uuencode\n\nTwo files:\n\n'
    uuencode small.jpg small.jpg
    uuencode -m 'Übersicht für März.pdf' 'Übersicht für März.pdf'
    printf '\nBye\n'
} >"$out/uuencode.eml"
{
    printf 'From: ann@example.org\nSubject: BinHex\nMIME-Version: 1.0\nContent-Type: application/mac-binhex40\n\n'
    binhex -d small.jpg
} >"$out/binhex.eml"
perl -MMIME::Lite -e '
    my $m = MIME::Lite->new(From => "ann\@example.org", Subject => "MIME::Lite", Type => "multipart/mixed");
    open my $f, "<", "text.txt"; local $/; my $text = <$f>;
    $m->attach(Type => "text/plain; charset=utf-8", Data => $text, Encoding => "quoted-printable");
    $m->attach(Type => "image/jpeg", Path => "small.jpg", Filename => "small.jpg", Disposition => "attachment");
    $m->attach(Type => "application/pdf", Path => "invoice.pdf", Encoding => "quoted-printable", Filename => "my invoice.pdf", Disposition => "attachment");
    print $m->as_string' >"$out/mime-lite.eml"
perl -MMIME::Entity -e '
    my $m = MIME::Entity->build(From => "ann\@example.org", Subject => "MIME::Entity", Type => "multipart/mixed");
    $m->attach(Path => "text.txt", Type => "text/plain", Charset => "UTF-8", Encoding => "quoted-printable", Disposition => "inline", Filename => undef);
    $m->attach(Path => "small.jpg", Type => "image/jpeg", Encoding => "base64");
    $m->attach(Path => "invoice.pdf", Type => "application/pdf", Encoding => "x-uuencode");
    $m->print(\*STDOUT)' >"$out/mime-tools.eml"
python3 - >"$out/python.eml" <<'PYTHON'
import email.message
import sys
from pathlib import Path

message = email.message.EmailMessage()
message["From"], message["To"], message["Subject"] = "Ann <ann@example.org>", "Bjørn <b@example.net>", "Größe 照片"
message.set_content(Path("text.txt").read_text(), cte="quoted-printable")
for name in ("small.jpg", "Übersicht für März.pdf", "照片.jpg", "empty.dat"):
    message.add_attachment(Path(name).read_bytes(), "application", "octet-stream", filename=name)
inner = email.message.EmailMessage()
inner["Subject"] = "inner"
inner.set_content("inner\n")
inner.add_attachment(Path("notes.csv").read_bytes(), "text", "csv", filename="notes.csv")
message.add_attachment(inner)
sys.stdout.buffer.write(message.as_bytes())
PYTHON
for charset in GB18030 BIG5 SHIFT_JIS EUC-KR KOI8-R ISO-2022-JP UTF-16 UTF-7; do
    case $charset in
        KOI8-R) text='Привет, мир' ;;
        EUC-KR) text='한국어' ;;
        SHIFT_JIS | ISO-2022-JP) text='日本語テスト' ;;
        *) text='中文報告' ;;
    esac
    printf '%s\n' "$text" >"$charset.txt"
    {
        printf 'From: ann@example.org\nSubject: iconv\nMIME-Version: 1.0\nContent-Type: text/plain; charset=%s\nContent-Transfer-Encoding: base64\n\n' "$charset"
        iconv -f UTF-8 -t "$charset" "$charset.txt" | base64
    } >"$out/iconv-$charset.eml"
    cp "$charset.txt" "$out/iconv-$charset.txt"
done
for surface in Base64:base64 Quoted-Printable:quoted-printable; do
    {
        printf 'From: ann@example.org\nSubject: recode\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: %s\n\n' "${surface#*:}"
        printf 'Gr\374\337e = 100 %%\n%s\n' "$(printf 'x%.0s' {1..100})" | recode "../${surface%:*}"
    } >"$out/recode-${surface#*:}.eml"
done
printf 'Grüße = 100 %%\n%s\n' "$(printf 'x%.0s' {1..100})" >"$out/recode.txt"
cp text.txt "$out/text.txt"

# msmtp hands on what it reads: what a server gets of mutt's message.
python3 - "$out/msmtp.eml" <<'PYTHON' &
import socket
import sys

server = socket.create_server(("127.0.0.1", 2526))
connection, _ = server.accept()
stream = connection.makefile("rwb")


def say(text):
    stream.write(text.encode() + b"\r\n")
    stream.flush()


say("220 sink")
while line := stream.readline():
    verb = line.split()[0].upper()
    say("354 go" if verb == b"DATA" else "250 ok")
    if verb == b"DATA":
        lines = []
        while (line := stream.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        open(sys.argv[1], "wb").write(b"".join(lines))
        say("250 ok")
    if verb == b"QUIT":
        break
PYTHON
sleep 1
msmtp --host=127.0.0.1 --port=2526 --domain=example.org --from=ann@example.org bob@example.net <"$out/mutt.eml"
wait
chmod 644 "$out"/*
for message in "$out"/*.eml; do clean "$message"; done

#!/usr/bin/env python3
"""Every label of the WHATWG's Encoding Standard, as Debian's python3-webencodings lists them, is a charset that we know, and
the text comes out as there. Ends with 77 (skipped) when that package is not installed.

usage: check_charset_labels.py MIME_DUMP

Where we knowingly differ: iso-8859-8-i and the like are iso-8859-8 in both; big5 is Big5-HKSCS in both; x-user-defined says
nothing, and is guessed; three signs of the Macintosh's charsets are others in glibc; unassigned bytes of windows-125x become U+FFFD, and not C1 control characters, which nobody means.
"""
import base64
import re
import sys

from check_mime_against_references import Dumper

SAMPLES = {
    "utf-8": "grün 文字", "utf-16le": "grün", "utf-16be": "grün", "gbk": "你好世界镕", "gb18030": "你好㐀", "big5": "中文報告", "euc-jp": "日本語ｶﾅ",
    "iso-2022-jp": "日本語 ABC", "shift_jis": "日本語①ｶﾅ", "euc-kr": "한국어똠",
}

GLIBC = {"macintosh": str.maketrans("\u0394\ue01e", "\u2206\uf8ff"), "x-mac-cyrillic": str.maketrans("¤", "€")}


def sample_of(encoding):
    """Bytes and the text that they stand for."""
    if encoding.name in SAMPLES:
        python = {"gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949"}.get(encoding.name, encoding.name)
        return SAMPLES[encoding.name].encode(python), SAMPLES[encoding.name]
    pairs = [(bytes([byte]), encoding.codec_info.decode(bytes([byte]), "replace")[0]) for byte in range(0x80, 0x100)]
    pairs = [(byte, text) for byte, text in pairs if text != "\ufffd" and not re.match("[\x80-\x9f]", text)]
    return b" ".join(byte for byte, _ in pairs), " ".join(text for _, text in pairs)


def main():
    try:
        from webencodings import lookup
        from webencodings.labels import LABELS
    except ImportError:
        print("python3-webencodings is not installed")
        return 77
    dump, wrong = Dumper(sys.argv[1], "--batch"), 0
    for label in LABELS:
        encoding = lookup(label)
        if encoding.name == "x-user-defined":
            continue
        raw, text = sample_of(encoding)
        message = b"Content-Type: text/plain; charset=\"%s\"\nContent-Transfer-Encoding: base64\n\n" % label.encode() + base64.encodebytes(raw)
        [part] = dump(message)
        if part["text"].translate(GLIBC.get(encoding.name, {})) != text or "unknown_charset" in part["in_text"]:
            wrong += 1
            print("%s (%s): %r, not %r" % (label, encoding.name, part["text"], text))
    print("%d labels, %d wrong" % (len(LABELS), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

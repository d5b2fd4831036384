"""Bytes that name their own binary format. Their rest may be readable (a PDF often is), so the share of control characters cannot tell."""

from __future__ import annotations

_FORMATS = {
    b"%PDF-": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"RIFF": "a WebP image, sound or film",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office document",
    b"{\\rtf": "an RTF document",
    b"Rar!\x1a": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x1f\x8b": "gzip data",
    b"BZh91AY": "bzip2 data",
    b"\xfd7zXZ\x00": "xz data",
    b"\x28\xb5\x2f\xfd": "Zstandard data",
    b"SQLite format 3\x00": "an SQLite database",
    b"OggS\x00": "sound or film",
    b"\x7fELF": "a program",
    b"MZ\x90\x00": "a program",
}
# Some writers put blanks or a byte order mark in front.
_BEFORE = b" \t\r\n\xef\xbb\xbf"


def binary_format(data: bytes) -> str | None:
    """What `data` is, in words that follow "the bytes are"; None when it begins like none of these formats. Each beginning is no text."""
    start = data[:64].lstrip(_BEFORE)
    return next((what for magic, what in _FORMATS.items() if start.startswith(magic)), None)

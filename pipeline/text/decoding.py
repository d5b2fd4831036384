"""Bytes to text, with the evidence for the encoding that was chosen.

The order is: byte order mark, valid UTF-8, what was declared (by HTTP or by the connector), the XML prolog, the HTML meta element, a
guess from the bytes. Valid UTF-8 stands before the declaration because text in another encoding is almost never valid UTF-8 by
accident, while feeds that declare the wrong charset are common.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Literal

import msgspec
from charset_normalizer import from_bytes

from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.text.binary import binary_format

Kind = Literal["text", "xml", "html"]


class Decoded(msgspec.Struct, frozen=True):
    """The text, the codec that read it, and who decided: `bom`, `utf-8`, `declared`, `xml prolog`, `html meta`, `nul pattern`, `guessed`."""

    text: str
    encoding: str
    origin: str


# A text with more undecodable or control characters per character than this was not a text, or not in that encoding.
_BAD_SHARE = 0.02
# Where the bytes themselves prove the encoding, control characters say nothing against it: broken exports leave NULs between words, four in a
# text of 42 letters (seen 2026-11-20). Then one in eight is borne. Binary data stays out: random bytes are hardly ever valid UTF-8, those that
# always are (below 128) are to 21 % such controls, and tables of numbers are half NULs.
_CONTROL_SHARE = 1 / 8
_SNIFFED_BYTES = 4_096
_GUESSED_BYTES = 16_384

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Supersets that the web means by these names (WHATWG Encoding Standard, labels, read 2026-11-20).
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
# Only these codecs: Python also has codecs that are no character sets or that expand their input (zlib, unicode_escape, utf-7).
_TEXT_CODEC = re.compile(r"utf-(?:8|16|32)|iso8859-|cp\d|koi8-|gb|big5|euc_|shift_jis|iso2022|mac-|hz$|tis-620|ascii|johab|ptcp154|kz1048")
_PROLOG = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._:-]{2,40})["']""")
_META = re.compile(rb"""<meta[^>]{0,300}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z0-9._:-]{2,40})""", re.IGNORECASE)
_GUESSABLE = str.split("cp1252 cp1250 cp1251 koi8_r cp1253 cp1254 cp1255 cp1256 cp1257 cp874 cp932 euc_jp gb18030 big5 cp949")
_WESTERN = frozenset("äöüßÄÖÜéèêëàâáãåçïîíñóôõúûæøœÉÀÁÅÇÑÓÆØ„“”‚‘’«»‹›–—…€§°·½²©®¿¡\xa0´")
_FOREIGN = re.compile("[^\x00-\x7f]+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROL_BYTES = re.compile(_CONTROL.pattern.encode())


def decode(data: bytes, declared: str | None = None, kind: Kind = "text") -> Decoded:
    """The text of `data`, its encoding and the origin of that decision; "" for no bytes.

    Control characters of a readable text are still in it: `hygiene.clean` removes and flags them.
    Raises `Permanent("unreadable", …)` when the bytes are not text in any encoding that was named or found.
    """
    if (what := binary_format(data)) is not None:
        raise Permanent(Rejection.UNREADABLE, f"the {len(data)} bytes are {what}, not text: have the source deliver text, HTML or XML")
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _judged(data[len(bom) :].decode(name, "replace"), name, "bom", is_proved=True)
    named = list(_named(data, declared, kind))
    if (pattern := _nul_pattern(data)) is not None:
        return _judged(data.decode(pattern, "replace"), pattern, "nul pattern")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(data, named)
    if named and "\x1b" in text and named[0][0].startswith("iso2022"):
        return _legacy(data, named)
    return _judged(text, "utf-8", "utf-8", is_proved=True)


def has_controls(data: bytes) -> bool:
    """Whether control characters stand in bytes whose encoding has ASCII in it."""
    return _CONTROL_BYTES.search(data) is not None


def without_controls(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` for a reader whose format forbids control characters, and the flag that says when some were removed, as `hygiene.clean` has it."""
    bare = _CONTROL.sub("", text)
    return bare, ("control_characters_removed",) if len(bare) < len(text) else ()


def codec(label: str) -> str | None:
    """Python's name of the character set that `label` means on the web, or None when there is none."""
    try:
        name = codecs.lookup(label.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    return _MEANT.get(name, name) if _TEXT_CODEC.match(name) else None


def _named(data: bytes, declared: str | None, kind: Kind) -> Iterator[tuple[str, str]]:
    """Each encoding that somebody named, most trusted first."""
    if declared and (name := codec(declared)):
        yield name, "declared"
    patterns = {"text": (), "xml": ((_PROLOG, "xml prolog"),), "html": ((_META, "html meta"), (_PROLOG, "xml prolog"))}[kind]
    for pattern, origin in patterns:
        found = pattern.search(data[:_SNIFFED_BYTES])
        if found and (name := codec(found[1].decode("ascii"))):
            # A prolog that could be read as ASCII cannot stand in UTF-16: the bytes contradict it.
            yield ("utf-8" if name.startswith(("utf-16", "utf-32")) else name), origin


def _nul_pattern(data: bytes) -> str | None:
    """UTF-16 without a byte order mark shows as a NUL in every other byte of its markup and Latin letters."""
    sample = data[:_SNIFFED_BYTES]
    if b"\x00" not in sample or len(sample) < 4:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _legacy(data: bytes, named: list[tuple[str, str]]) -> Decoded:
    """Text that is not valid UTF-8: the first named encoding that fits, UTF-8 with a few damaged places, or the best guess."""
    for name, origin in named:
        text = data.decode(name, "replace")
        if _is_text(text) and not (name == "utf-8" and _mostly_broken(text)):
            return Decoded(text, name, origin)
    damaged = data.decode("utf-8", "replace")
    if _is_text(damaged) and not _mostly_broken(damaged):
        return Decoded(damaged, "utf-8", "utf-8")
    name = _guess(data)
    return _judged(data.decode(name, "replace"), name, "guessed")


def _mostly_broken(text: str) -> bool:
    """Whether most of what is not ASCII failed to decode: then the text is in a one-byte encoding, not in damaged UTF-8."""
    broken = text.count("\ufffd")
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    return broken * 2 > foreign


def _guess(data: bytes) -> str:
    """The codec that the bytes look like.

    Short texts mislead statistics (on eight German words charset-normalizer 3.5 said mac-turkish), so what reads as a Western language in
    Windows-1252 is that; the statistics decide between the charsets of the web for the rest.
    """
    start = next((match.start() for match in re.finditer(rb"[\x80-\xff]", data)), 0)
    sample = data[max(0, start - _GUESSED_BYTES // 4) :][:_GUESSED_BYTES]
    if _reads_western(sample.decode("cp1252", "replace")):
        return "cp1252"
    best = from_bytes(sample, cp_isolation=_GUESSABLE).best()
    return (codec(best.encoding) if best else None) or "cp1252"


def _reads_western(text: str) -> bool:
    """Whether all that is not ASCII is what Western languages write, and no more of it than they do: random bytes are not like that."""
    foreign = _FOREIGN.findall(text)
    return all(_WESTERN.issuperset(run) for run in foreign) and 4 * sum(map(len, foreign)) <= len(text) + 16


def _is_text(text: str, is_proved: bool = False) -> bool:
    """Whether the characters are those of a text; `is_proved` when the bytes leave no doubt about the encoding."""
    broken, controls = text.count("\ufffd"), len(_CONTROL.findall(text))
    if broken + controls <= _BAD_SHARE * len(text):
        return True
    is_borne = broken <= _BAD_SHARE * len(text) and controls <= _CONTROL_SHARE * len(text)
    return is_borne and (is_proved or _reads_western(text))


def _judged(text: str, encoding: str, origin: str, *, is_proved: bool = False) -> Decoded:
    if not _is_text(text, is_proved):
        count = text.count("\ufffd") + len(_CONTROL.findall(text))
        raise Permanent(
            Rejection.UNREADABLE,
            f"not text: as {encoding} ({origin}), {count / len(text):.0%} of {len(text)} characters are control or undecodable; "
            "check that the source delivers text and declares its charset",
        )
    return Decoded(text, encoding, origin)

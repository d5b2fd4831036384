"""Bytes to text: who decided on the encoding, and what is refused."""

from __future__ import annotations

import codecs
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Permanent
from pipeline.text.decoding import codec, decode, without_controls
from pipeline.text.hygiene import shown

GERMAN = "Übermäßig große Raketen über Köln: „Müde“, sagt er – gestern."


@pytest.mark.parametrize(
    ("data", "declared", "kind", "encoding", "origin"),
    [
        (codecs.BOM_UTF8 + GERMAN.encode(), "iso-8859-1", "text", "utf-8", "bom"),
        (codecs.BOM_UTF16_LE + GERMAN.encode("utf-16-le"), None, "text", "utf-16-le", "bom"),
        (GERMAN.encode(), "iso-8859-1", "text", "utf-8", "utf-8"),
        (GERMAN.encode("cp1252"), "iso-8859-1", "text", "cp1252", "declared"),
        (b'<?xml version="1.0" encoding="windows-1252"?><a>' + GERMAN.encode("cp1252"), None, "xml", "cp1252", "xml prolog"),
        (b"<html><meta charset=windows-1252>" + GERMAN.encode("cp1252"), None, "html", "cp1252", "html meta"),
        (GERMAN.encode("utf-16-le"), None, "text", "utf-16-le", "nul pattern"),
        (GERMAN.encode("cp1252"), None, "text", "cp1252", "guessed"),
        (GERMAN.encode("cp1252"), "utf-8", "text", "cp1252", "guessed"),
        ("Северная Корея испытала ракету над морем".encode("cp1251"), None, "text", "cp1251", "guessed"),
        ("北朝鮮がミサイルを発射した".encode("iso2022_jp"), "iso-2022-jp", "text", "iso2022_jp", "declared"),
    ],
)
def test_text_is_read_and_the_origin_of_the_encoding_is_told(data: bytes, declared: str, kind: object, encoding: str, origin: str) -> None:
    decoded = decode(data, declared, kind)  # type: ignore[arg-type]
    assert (decoded.encoding, decoded.origin) == (encoding, origin)
    assert decoded.text.encode(encoding) in data


def test_utf8_with_one_broken_byte_stays_utf8_and_shows_the_place() -> None:
    decoded = decode((GERMAN * 5).encode() + b"\xff Ende")
    assert decoded.encoding == "utf-8"
    assert decoded.text == GERMAN * 5 + "\ufffd Ende"


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7 \x00\x01", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", bytes(range(32)) * 40, b"a\x00b\x00\x00\x01" * 99]
)
def test_what_is_not_text_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(Permanent, match="text") as refused:
        decode(data)
    assert refused.value.reason == "unreadable"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_control_characters_between_readable_words_do_not_make_a_text_unreadable(encoding: str) -> None:
    raw = "Über Korea\x00 flog heute\x00 eine\x00 große Rakete.\x00"
    assert shown(decode(raw.encode(encoding)).text) == "Über Korea flog heute eine große Rakete."


CONTROLS = "".join(map(chr, (*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F)))


@given(
    st.text("abc äöüß„“ XYZ.,0123456789\n", min_size=8, max_size=400),
    # Not in front: the byte order mark of UTF-16 followed by a NUL is that of UTF-32.
    st.lists(st.tuples(st.integers(1, 400), st.sampled_from(CONTROLS)), min_size=1, max_size=50),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(deadline=None, max_examples=200)
def test_a_text_is_read_without_its_control_characters_up_to_one_in_eight(
    text: str, controls: list[tuple[int, str]], encoding: str
) -> None:
    letters = list(text)
    for place, control in controls[: len(text) // 7]:
        letters.insert(place, control)
    decoded = decode("".join(letters).encode(encoding))
    assert decoded.text == "".join(letters)
    assert shown(decoded.text) == shown(text) and shown(text) == shown(without_controls(decoded.text)[0])


@given(
    st.integers(0, 2**32), st.integers(512, 4_096), st.sampled_from(["bytes", "seven bits", "numbers"]), st.sampled_from([None, "latin1"])
)
@settings(deadline=None, max_examples=200)
def test_binary_data_of_some_length_stay_refused(seed: int, size: int, kind: str, declared: str | None) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(size)
    if kind == "seven bits":
        data = bytes(each & 0x7F for each in data)
    if kind == "numbers":
        data = struct.pack(f"<{size // 4}i", *(chance.randrange(100_000) for _ in range(size // 4)))
    with pytest.raises(Permanent, match="text"):
        decode(data, declared)


FORMATS = (
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF89a",
    b"RIFF",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh91AY",
    b"{\\rtf",
    b"\x7fELF",
    b"MZ\x90\x00",
    b"OggS\x00",
    b"Rar!\x1a",
    b"7z\xbc\xaf\x27\x1c",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
)


@given(st.sampled_from(FORMATS), st.text("abc DEF 123\n", max_size=200), st.sampled_from([b"", b"\n", b"\xef\xbb\xbf"]))
@settings(deadline=None, max_examples=100)
def test_a_binary_format_is_refused_by_name_however_readable_the_rest(magic: bytes, rest: str, before: bytes) -> None:
    with pytest.raises(Permanent, match="not text: have the source deliver text") as refused:
        decode(before + magic + rest.encode())
    assert refused.value.reason == "unreadable"


def test_a_text_that_only_begins_like_a_format_is_read() -> None:
    for text in ("MZ steht für Ministerium.", "GIF8 ist kein Bild.", "PK am Montag", "RIF und Raff", "BZh ist ein Kürzel"):
        assert decode(text.encode()).text == text


@pytest.mark.parametrize("label", ["zlib", "hex", "unicode_escape", "utf-7", "rot13", "idna", "klingon", "", "\x00", "a" * 9_999])
def test_a_declared_name_that_is_no_character_set_is_ignored(label: str) -> None:
    assert codec(label) is None
    assert decode(GERMAN.encode("cp1252"), label).text == GERMAN


def test_no_bytes_are_an_empty_text() -> None:
    assert decode(b"").text == ""


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), min_size=1))
@settings(deadline=None, max_examples=150)
def test_utf8_is_read_as_it_was_written_whatever_is_declared(text: str) -> None:
    if not text.startswith("\ufeff") and "\ufffd" not in text:
        assert decode(text.encode(), "iso-8859-1").text == text


@given(
    st.binary(max_size=300),
    st.sampled_from([None, "utf-8", "latin1", "shift_jis", "utf-16", "hz"]),
    st.sampled_from(["text", "xml", "html"]),
)
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_either_text_or_refused_as_unreadable(data: bytes, declared: str | None, kind: object) -> None:
    try:
        assert isinstance(decode(data, declared, kind).text, str)  # type: ignore[arg-type]
    except Permanent as error:
        assert error.reason == "unreadable"

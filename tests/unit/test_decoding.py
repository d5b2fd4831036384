"""Bytes to text: who decided on the encoding, and what is refused."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Permanent
from pipeline.text.decoding import codec, decode

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


def test_a_few_nul_bytes_do_not_make_a_text_unreadable() -> None:
    assert decode(b"Nordkorea\x00 testet" + b" eine Rakete" * 20).encoding == "utf-8"


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

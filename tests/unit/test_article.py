from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.article import decode, encode, identity
from tests.builders import article


def test_an_article_survives_a_round_trip() -> None:
    original = article(original=b"\x00\xff", authors=("A", "B"))
    assert decode(encode(original)) == original


def test_fields_of_a_newer_version_survive_an_older_worker() -> None:
    loose = msgspec.json.decode(encode(article()))
    newer = msgspec.json.encode({**loose, "mood": {"score": 0.5}})
    kept = msgspec.structs.replace(decode(newer), title="changed here")
    assert msgspec.json.decode(encode(kept))["mood"] == {"score": 0.5}
    assert decode(encode(kept)).title == "changed here"


@pytest.mark.parametrize("value", [b"", b"[]", b"null", b"{}", b'{"id": 5}', b"\xff"])
def test_anything_else_is_refused(value: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError)):
        decode(value)


def test_the_guid_decides_within_its_publisher_and_the_url_stands_in() -> None:
    assert identity("a.example", "1", "https://x/1") == identity("a.example", "1", "https://x/other")
    assert identity("a.example", "1", "") != identity("b.example", "1", "")
    assert identity("a.example", "", "https://x/1") == identity("b.example", "", "https://x/1")
    with pytest.raises(ValueError, match="GUID or a URL"):
        identity("a.example", "", "")


@given(st.text(), st.text(min_size=1), st.text())
def test_an_identity_is_short_and_printable(host: str, guid: str, url: str) -> None:
    assert len(identity(host, guid, url)) == 32


def test_a_newer_revision_and_a_newer_generation_win() -> None:
    assert article(revision=2).version > article(revision=1, generation=5).version > article(revision=1).version

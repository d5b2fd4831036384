"""Archives of pages: bombs, damage, files that grow, and the mark that keeps their articles from alerting."""

from __future__ import annotations

import gzip
import io
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import warc
from connectors._warc.page import page_of
from connectors._warc.records import records
from pipeline.errors import Permanent, Transient
from pipeline.plugins import Batch, Context

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = "<p>Die Brücke über den Fluss ist seit Montag gesperrt, und der Verkehr wird umgeleitet.</p>" * 3


def record(url: str, answer: bytes, kind: str = "response", length: int | None = None) -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-05-01T10:00:00Z\r\nContent-Length: {len(answer) if length is None else length}\r\n\r\n"
    return head.encode() + answer + b"\r\n\r\n"


def page(title: str, headers: str = "", body: bytes | None = None) -> bytes:
    html = f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{TEXT}</article></body></html>".encode()
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{headers}\r\n".encode() + (html if body is None else body)


def fetch(folder: Path, cursor: Any = None, **options: Any) -> Batch:
    return warc.create(warc.Options(path=".", **options), Context("archiv", folder, now=lambda: NOW)).fetch(cursor or {})


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
def test_pages_are_read_with_the_time_of_the_archive_and_alert_nobody(tmp_path: Path, packed: bool) -> None:
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in (b"<html><title>Drei</title><p>", TEXT.encode() * 2)) + b"0\r\n\r\n"
    parts = [
        record("https://a.example/1", page("Eins")),
        record("https://b.example/2", page("Zwei", "Content-Encoding: gzip\r\n", gzip.compress(f"<title>Zwei</title>{TEXT}".encode()))),
        record("https://www.a.example/3", page("Drei", "Transfer-Encoding: chunked\r\n", chunked)),
        record("https://a.example/4", b"HTTP/1.1 404 Not Found\r\n\r\nweg"),
    ]
    name = "a.warc.gz" if packed else "a.warc"
    (tmp_path / name).write_bytes(b"".join(gzip.compress(each) if packed else each for each in parts))
    batch = fetch(tmp_path)
    assert [each.title for each in batch.articles] == ["Eins", "Zwei", "Drei"] and batch.unreadable == ()
    assert all(each.backfill and each.clock.fetched_at == datetime(2024, 5, 1, 10, tzinfo=UTC) for each in batch.articles)
    assert [each.url for each in fetch(tmp_path, hosts=["a.example"]).articles] == ["https://a.example/1", "https://www.a.example/3"]
    assert fetch(tmp_path, batch.cursor).articles == ()


def test_a_file_is_read_in_parts_and_one_that_is_still_written_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warc, "BATCH_ARTICLES", 2)
    whole = [gzip.compress(record(f"https://a.example/{number}", page(f"Titel {number}"))) for number in range(5)]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(whole[:4]) + whole[4][:100])
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    batches = [fetch(tmp_path)]
    while batches[-1].more:
        batches.append(fetch(tmp_path, batches[-1].cursor))
    assert [each.title for batch in batches for each in batch.articles] == [f"Titel {number}" for number in range(4)]
    assert all(batch.unreadable == () for batch in batches) and "is waited for" in batches[-1].note
    path.write_bytes(b"".join(whole))
    assert [each.title for each in fetch(tmp_path, batches[-1].cursor).articles] == ["Titel 4"]


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
def test_an_archive_that_stays_cut_is_told_once_and_read_on_when_it_is_whole(tmp_path: Path, packed: bool) -> None:
    whole = [record(f"https://a.example/{number}", page(f"Titel {number}")) for number in range(2)]
    parts = [gzip.compress(each) for each in whole] if packed else whole
    path = tmp_path / ("a.warc.gz" if packed else "a.warc")
    path.write_bytes(b"".join(parts)[:-30])
    os.utime(path, (NOW.timestamp() - 10, NOW.timestamp() - 10))
    young = fetch(tmp_path)
    assert [each.title for each in young.articles] == ["Titel 0"] and not young.unreadable and "is waited for" in young.note
    old = warc.create(warc.Options(path="."), Context("archiv", tmp_path, now=lambda: NOW + timedelta(minutes=5))).fetch(young.cursor)
    assert f"{path.name}: it ends within the record at byte" in old.unreadable[0].detail
    assert old.articles == fetch(tmp_path, old.cursor).unreadable == ()
    path.write_bytes(b"".join(parts))
    assert [each.title for each in fetch(tmp_path, old.cursor).articles] == ["Titel 1"]


def test_damage_is_reported_with_its_place_and_what_stood_before_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(record("https://a.example/1", page("Eins")) + b"Unsinn\r\n\r\n")
    (tmp_path / "b.warc.gz").write_bytes(gzip.compress(record("https://a.example/2", page("Zwei")) * 2))
    (tmp_path / "c.warc.gz").write_bytes(gzip.compress(record("https://a.example/3", page("x" * 9_000))))
    batch = fetch(tmp_path, max_bytes=1_000)
    assert [each.title for each in batch.articles] == ["Eins"] and len(batch.unreadable) == 3
    details = " ".join(each.detail for each in batch.unreadable)
    assert "no WARC record begins there" in details and "more than one record" in details and "larger than 1,000 bytes" in details
    assert all(each.original for each in batch.unreadable)
    assert fetch(tmp_path, batch.cursor, max_bytes=1_000).unreadable == ()


@pytest.mark.parametrize(
    ("bomb", "why"),
    [
        (gzip.compress(record("https://a.example/1", b"x" * 10) + b"\n" * 50_000_000), "more than one record"),
        (gzip.compress(b"WARC/1.0\r\n" + b"a: b\r\n" * 2_000_000), "does not end"),
        (gzip.compress(record("https://a.example/1", b"", length=10**14)), "the length of a record"),
        (gzip.compress(record("https://a.example/1", b"x", length=500)), "shorter than it says"),
        (b"\x1f\x8b" + b"\xff" * 100, "damaged at byte 0"),
    ],
    ids=["tail", "head", "length", "short", "garbage"],
)
def test_bombs_end_soon_and_with_a_reason(bomb: bytes, why: str) -> None:
    began = time.monotonic()
    with pytest.raises(Permanent, match=why):
        list(records(io.BytesIO(bomb), 0, 1_000))
    assert time.monotonic() - began < 5


def test_a_page_that_unpacks_without_end_is_refused() -> None:
    packed = gzip.compress(b"0" * 30_000_000)
    (found,) = records(io.BytesIO(record("https://a.example/1", page("x", "Content-Encoding: gzip\r\n", packed))), 0, 10_000_000)
    with pytest.raises(Permanent, match="when decompressed|times its size"):
        page_of(found, 1_000_000)


ARCHIVE = gzip.compress(record("https://a.example/1", page("Eins"))) + gzip.compress(record("https://a.example/2", page("Zwei")))
PLAIN = record("https://a.example/1", page("Eins")) + record(
    "https://a.example/2", page("Zwei", "Transfer-Encoding: chunked\r\n", b"5\r\nabcde\r\n0\r\n\r\n")
)


# 1,200 inputs at every run; 50,000 were tried by hand on 2026-11-21.
@pytest.mark.parametrize("archive", [ARCHIVE, PLAIN], ids=["gzip", "plain"])
def test_damaged_archives_end_in_records_or_a_reason(archive: bytes) -> None:
    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 20), st.binary(max_size=10)), min_size=1, max_size=5))
    def run(cuts: list[tuple[int, int, bytes]]) -> None:
        data = archive
        for at, length, put in cuts:
            data = data[:at] + put + data[at + length :]
        try:
            for number, found in enumerate(records(io.BytesIO(data), 0, 100_000)):
                assert number < 1_000 and found.end > found.offset
                page_of(found, 100_000)
        except (Permanent, Transient) as error:
            assert str(error)

    run()

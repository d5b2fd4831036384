"""The connector directory: layouts, identity, files that are being written, hostile files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import _json_article, directory
from connectors._files import folder, text_layout
from connectors._page import html
from pipeline.article import encode, identity
from pipeline.errors import Permanent, Transient
from pipeline.plugins import Batch, Context
from pipeline.text.hygiene import clean
from tests.shared_data import shared

# Files in these tests are written now; the connector looks at them an hour later.
LATER = datetime.now(UTC) + timedelta(hours=1)


def fetch(folder: Path, cursor: Mapping[str, Any] | None = None, now: datetime = LATER, **options: Any) -> Batch:
    source = directory.create(directory.Options(path=".", **options), Context("wire", folder, now=lambda: now))
    batch = source.fetch(cursor or {})
    json.dumps(batch.cursor)
    for each in batch.articles:
        encode(each)
    return batch


def fetch_all(folder: Path, cursor: Mapping[str, Any] | None = None, **options: Any) -> list[Batch]:
    batches = [fetch(folder, cursor, **options)]
    while batches[-1].more:
        batches.append(fetch(folder, batches[-1].cursor, **options))
    return batches


def test_the_seeds_have_title_date_author_and_body() -> None:
    plain, dated = sorted(fetch(shared("seeds")).articles, key=lambda each: each.title, reverse=True)
    assert (
        dated.title == "Russland und Nordkorea stärken militärische Zusammenarbeit mit Rüstungsschau zum 70. Jahrestag des Koreakriegsendes"
    )
    assert dated.body.startswith("Pjöngjang, Nordkorea – In einer") and dated.dates.published_raw == "" and dated.authors == ()
    assert plain.title == "Russland und Nordkorea: Eine gefährliche Allianz im Weltraum"
    assert (plain.dates.published_raw, plain.authors) == ("2025-01-06", ("Noah",))
    assert plain.body.startswith("Der Kreml plant") and "Raketentest" in plain.body
    assert plain.markup == "text" and plain.encoding == "utf-8" and plain.original == next(shared("seeds").glob("004_*")).read_bytes()


def test_it_is_looked_at_every_five_seconds_unless_the_configuration_says_otherwise(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Titel\nText")
    first = fetch(tmp_path)
    assert (first.wait_seconds, fetch(tmp_path, first.cursor).wait_seconds) == (5.0, 5.0)
    named = directory.create(directory.Options(path="."), Context("wire", tmp_path, now=lambda: LATER, every_seconds=300))
    assert named.fetch({}).wait_seconds is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directory, "LOOK_FILES", 0.1)
        assert fetch(tmp_path).wait_seconds == 50.0, "a large folder is looked at less often"


@pytest.mark.parametrize(
    ("head", "published", "authors"),
    [
        ("2025-01-06\nAutor: Noah", "2025-01-06", ("Noah",)),
        ("Autor: Noah\n2025-01-06", "2025-01-06", ("Noah",)),
        ("\nAuthor: Jane Doe, Max Moe\n\n6. Januar 2025, 14:30 Uhr\n", "6. Januar 2025, 14:30 Uhr", ("Jane Doe", "Max Moe")),
        ("By Jane Doe and Kim Il Moe", "", ("Jane Doe", "Kim Il Moe")),
        ("January 6, 2025", "January 6, 2025", ()),
        ("Stand: 06.01.2025 14:30", "06.01.2025 14:30", ()),
        ("Datum: irgendwann im Winter", "irgendwann im Winter", ()),
        ("", "", ()),
    ],
)
def test_the_head_of_a_text_is_read_in_either_order(head: str, published: str, authors: tuple[str, ...]) -> None:
    item = text_layout.read(f"Titel\n{head}\nDer Text beginnt hier.\nZweite Zeile.")
    assert (item.title, item.published, item.authors) == ("Titel", published, authors)
    assert item.body == "Der Text beginnt hier.\nZweite Zeile."


@pytest.mark.parametrize(
    "line",
    [
        "Pjöngjang, Nordkorea – Es begann am 6. Januar 2025.",
        "Von Anfang an war alles klar",
        "By the river they sat",
        "2025-01-06 war ein Montag",
        "Von der Leyen reist nach Kiew",
    ],
)
def test_a_first_sentence_is_not_taken_for_a_head(line: str) -> None:
    item = text_layout.read(f"Titel\n{line}\nmehr")
    assert item.body == f"{line}\nmehr" and item.authors == () and item.published == ""


def test_a_first_line_too_long_for_a_title_is_body() -> None:
    item = text_layout.read("wort " * 200)
    assert item.title == "" and len(item.body) == 999


def test_nothing_is_new_when_the_cursor_comes_back(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Titel\nText")
    first = fetch(tmp_path)
    assert [each.id for each in first.articles] == [identity("wire", "file:a.txt", "")]
    assert fetch(tmp_path, first.cursor) == Batch(cursor=first.cursor, wait_seconds=5.0)


def test_a_changed_file_is_the_same_article_again_and_a_touched_one_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Titel\nText")
    first = fetch(tmp_path)
    os.utime(path, (1_000, 1_000))
    touched = fetch(tmp_path, first.cursor)
    assert touched.articles == ()
    path.write_text("Titel\nText, berichtigt")
    second = fetch(tmp_path, touched.cursor)
    assert [each.id for each in second.articles] == [each.id for each in first.articles]
    assert second.articles[0].body == "Text, berichtigt"


def test_a_file_that_is_being_written_waits_for_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Titel\nhal")
    now = datetime.fromtimestamp(path.stat().st_mtime + 0.5, UTC)
    early = fetch(tmp_path, now=now, settle_seconds=2)
    assert early.articles == () and early.wait_seconds == 2
    assert len(fetch(tmp_path, early.cursor, now=now + timedelta(seconds=2), settle_seconds=2).articles) == 1


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Titel\nhal")
    (listed,) = folder.listing(tmp_path, ["*.txt"], True)
    path.write_text("Titel\nhalb und mehr")
    assert folder.read(listed, 1_000) is None


def test_hidden_files_and_other_suffixes_are_left_alone(tmp_path: Path) -> None:
    for name in (".a.txt", "b.pdf", ".git/c.txt", "d.txt.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Titel\nText")
    assert fetch(tmp_path) == Batch(cursor={"files": ""}, wait_seconds=5.0)


def test_folders_inside_are_read_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "in" / "side").mkdir(parents=True)
    (tmp_path / "in" / "side" / "a.txt").write_text("Titel\nText")
    assert [each.id for each in fetch(tmp_path).articles] == [identity("wire", "file:in/side/a.txt", "")]
    assert fetch(tmp_path, recursive=False).articles == ()


def test_batches_are_bounded_and_together_complete(tmp_path: Path) -> None:
    for number in range(450):
        (tmp_path / f"{number:03}.txt").write_text(f"Titel {number}\nText")
    batches = fetch_all(tmp_path)
    assert [len(each.articles) for each in batches] == [200, 200, 50]
    assert len({article.id for batch in batches for article in batch.articles}) == 450
    assert [each.more for each in batches] == [True, True, False]


def test_the_memory_of_vanished_files_goes(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}.txt").write_text("Titel\nText")
    first = fetch(tmp_path)
    assert len(first.cursor["files"]) == 50 * 20
    for number in range(49):
        (tmp_path / f"{number}.txt").unlink()
    assert len(fetch(tmp_path, first.cursor).cursor["files"]) == 20


def test_json_with_other_houses_names_becomes_an_article(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps(
            {
                "ID": 7,
                "headline": "Titel & Co",
                "Body_HTML": "<p>Text</p>",
                "link": "https://example.org/7?utm_source=x",
                "date_published": "2026-11-20T10:00:00Z",
                "author": {"name": "Noah"},
                "tags": ["x", "y"],
                "lang": "de",
                "pubstatus": "canceled",
                "embargoed": "2026-11-20T18:00:00+01:00",
            }
        )
    )
    (each,) = fetch(tmp_path).articles
    assert each.id == identity("example.org", "7", "")
    assert (each.title, each.body, each.markup) == ("Titel &amp; Co", "<p>Text</p>", "html")
    assert (each.canonical_url, each.dates.published_raw, each.authors, each.keywords) == (
        "https://example.org/7",
        "2026-11-20T10:00:00Z",
        ("Noah",),
        ("x", "y"),
    )
    assert (each.language.declared, each.pubstatus) == ("de", "canceled")
    assert each.embargoed_at == datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


def test_a_list_of_articles_has_ids_by_guid_url_or_words_and_the_bytes_of_each(tmp_path: Path) -> None:
    parts = ['{"id":"a","title":"eins"}', '{"url":"https://example.org/b","title":"zwei"}', '{"title":"drei"}', '{"text":"vier"}']
    (tmp_path / "a.json").write_text(f"[{', '.join(parts)}]")
    found = fetch(tmp_path).articles
    assert [each.original.decode() for each in found] == parts
    assert [each.id for each in found][:2] == [identity("wire", "a", ""), identity("", "", "https://example.org/b")]
    (tmp_path / "a.json").write_text(f"[{', '.join(reversed(parts))}]")
    assert {each.id for each in fetch(tmp_path).articles} == {each.id for each in found}


def test_a_broken_line_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(
        b'{"id":1,"title":"eins"}\n{"id":2,"ti\n\n[1]\n{"id":4}\n{"id":5,"title":"Gr\xfc\xdfe an alle"}\r\n{"id":6,"title":"\\ud800"}\n{"id":7,"title":"sieben"}'
    )
    batch = fetch(tmp_path)
    assert [each.title for each in batch.articles] == ["eins", "Grüße an alle", "sieben"]
    assert [(each.subject, each.reason) for each in batch.unreadable] == [
        ("a.ndjson:2", "unreadable"),
        ("a.ndjson:4", "invalid"),
        ("4", "empty"),
        ("a.ndjson:7", "unreadable"),
    ]
    assert batch.unreadable[0].original == b'{"id":2,"ti'


def test_a_line_without_texts_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"id": "1", "title": "x"}\n{"id": "leer"}\n')
    found = directory.read_file(tmp_path / "a.ndjson").unreadable[0]
    assert (found.subject, found.detail) == ("leer", "a.ndjson:2: the article has neither a title nor a text")


def test_a_long_ndjson_is_read_in_parts_without_a_gap(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"id": n, "title": f"t{n}"}) for n in range(500)))
    (tmp_path / "b.txt").write_text("Titel\nText")
    batches = fetch_all(tmp_path)
    assert [each.guid for batch in batches for each in batch.articles] == [*map(str, range(500)), "file:b.txt"]
    assert max(len(each.articles) for each in batches) <= 200
    assert fetch(tmp_path, batches[-1].cursor).articles == ()


def test_an_embargo_that_cannot_be_read_releases_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"title": "t", "embargoed": "morgen"}')
    (tmp_path / "b.json").write_text('{"title": "t", "embargoed": "2026-11-20T18:00:00"}')
    batch = fetch(tmp_path)
    assert batch.articles == () and [each.reason for each in batch.unreadable] == ["invalid", "invalid"]


PAGE = """<!doctype html><html lang="de"><head><title>Titel der Seite - Beispiel</title><meta charset="{charset}">
<meta property="og:title" content="Titel der Seite"><meta property="article:published_time" content="2026-11-20T10:00:00+01:00">
<link rel="canonical" href="https://www.example.org/seite"><meta name="author" content="Noah Muster"></head><body><nav>Start Politik Sport</nav>
<article><h1>Titel der Seite</h1>{text}</article><footer>Impressum</footer></body></html>"""
TEXT = "".join(
    f"<p>Absatz {n}: Nordkorea hat nach Angaben aus Südkorea einen Raketentest über dem Ostmeer durchgeführt und weitere Schritte angekündigt.</p>"
    for n in range(6)
)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_a_saved_page_gives_its_text_without_the_rest(tmp_path: Path, charset: str) -> None:
    (tmp_path / "a.html").write_bytes(PAGE.format(charset=charset, text=TEXT).encode(charset))
    (each,) = fetch(tmp_path).articles
    assert each.title == "Titel der Seite" and "Südkorea" in each.body and "Impressum" not in each.body
    assert (each.dates.published_raw, each.authors, each.language.declared) == ("2026-11-20T10:00:00+01:00", ("Noah Muster",), "de")
    assert each.canonical_url == "https://www.example.org/seite" and each.id == identity("wire", "file:a.html", "")


def test_a_page_that_takes_too_long_is_given_up_and_the_next_one_is_read() -> None:
    with pytest.raises(Permanent, match="within 0 s"):
        html.read(PAGE.format(charset="utf-8", text=TEXT * 500).encode(), seconds=0)
    item, _ = html.read(PAGE.format(charset="utf-8", text=TEXT).encode())
    assert item.title == "Titel der Seite"


@pytest.mark.parametrize(
    "page", [b"<div>" * 100_000, b"<a " * 300_000, b"<!--" * 100_000, b"<table><tr><td>" * 20_000, b"<html>", b"<p>x</p>" * 50_000]
)
def test_hostile_pages_end_in_an_item_or_a_reason(page: bytes) -> None:
    try:
        item, _ = html.read(page)
    except Permanent as error:
        assert str(error)
    else:
        assert item.original == page


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\n ", "empty"),
        ("a.txt", b"\x00\x01\x02\x03" * 100, "unreadable"),
        ("a.txt", b"%PDF-1.7 ...", "unreadable"),
        ("a.json", b"", "unreadable"),
        ("a.json", b"[]", "empty"),
        ("a.json", b"{", "unreadable"),
        ("a.json", b"[" * 100_000, "unreadable"),
        ("a.json", b'{"a":' * 100_000, "unreadable"),
        ("a.json", b'"text"', "unreadable"),
        ("a.json", b"{}", "empty"),
        ("a.json", b'{"title": {"a": 1}, "body": [1]}', "empty"),
        ("a.ndjson", b"\n\n", "empty"),
        ("a.html", b"", "empty"),
    ],
)
def test_a_bad_file_is_reported_once_with_its_bytes_and_the_rest_goes_on(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    (tmp_path / "good.txt").write_text("Titel\nText")
    batch = fetch(tmp_path)
    assert [each.title for each in batch.articles] == ["Titel"]
    assert [(each.reason, each.original) for each in batch.unreadable] == [(reason, data)]
    assert batch.unreadable[0].detail
    assert fetch(tmp_path, batch.cursor).unreadable == ()


def test_nul_bytes_in_a_text_are_left_to_identify(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(
        b"Titel\nEin langer Text mit einem NUL\x00 darin, der sonst ganz in Ordnung ist und weitergeht, weiter und weiter."
    )
    assert len(fetch(tmp_path).articles) == 1


def test_a_file_of_twenty_megabytes_is_reported_with_its_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"Titel\n" + b"wort " * 4_000_000)
    (found,) = fetch(tmp_path).unreadable
    assert found.reason == "too_large" and "20,000,006 bytes" in found.detail and 0 < len(found.original) <= 1_000_000


def test_links_out_of_the_folder_pipes_and_locked_files_do_not_stop_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("geheim")
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    (folder / "folder").symlink_to(outside)
    (folder / "dangling.txt").symlink_to(folder / "nothing")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    os.mkfifo(folder / "pipe.txt")
    (folder / "good.txt").write_text("Titel\nText")
    (folder / "inside.txt").symlink_to(folder / "good.txt")
    (folder / "locked.txt").write_text("Titel\nText")
    opened = os.open

    def locked(path: str, *rest: Any) -> int:
        # Tests may run as root, whom no file refuses.
        if str(path).endswith("locked.txt"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", locked)
    batch = fetch(folder)
    assert sorted(each.id for each in batch.articles) == sorted(identity("wire", f"file:{name}.txt", "") for name in ("good", "inside"))
    assert sorted(each.subject for each in batch.unreadable) == ["folder", "link.txt", "locked.txt"]
    assert not any(b"geheim" in each.original for each in batch.unreadable)
    assert fetch(folder, batch.cursor).unreadable == ()


def test_a_name_that_is_no_utf_8_is_read(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"gr\xfc\xdfe.txt"), "w") as file:
        file.write("Titel\nText")
    assert len(fetch(tmp_path).articles) == 1


def test_a_missing_folder_is_said_and_tried_again(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="create it"):
        fetch(tmp_path / "nirgends")


def test_read_file_gives_what_the_folder_would_give(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Titel\nText")
    (tmp_path / "in" / "b.ndjson").write_text('{"id":1,"title":"x"}\nkaputt')
    by_id = {each.id for each in fetch(tmp_path).articles}
    one = directory.read_file(tmp_path / "in" / "a.txt", tmp_path, source_id="wire", now=lambda: LATER)
    two = directory.read_file(tmp_path / "in" / "b.ndjson", tmp_path, source_id="wire", now=lambda: LATER)
    assert {each.id for each in (*one.articles, *two.articles)} == by_id
    assert [each.reason for each in two.unreadable] == ["unreadable"]


def test_too_many_files_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_FILES", 3)
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text("x")
    with pytest.raises(Permanent, match="more than 3 files"):
        fetch(tmp_path)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8), max_size=20))
def test_the_packed_memory_comes_back_as_it_was(files: dict[bytes, bytes]) -> None:
    assert folder.Known.unpacked(folder.Known(files).packed()).files == files


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300))
def test_any_text_loses_no_word_of_its_title_and_body(text: str) -> None:
    item = text_layout.read(text)
    if not (item.published or item.authors):
        shown = "".join(text.lstrip("\ufeff").split())
        assert "".join((item.title + item.body).split()) == shown


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from(["title", "body", "id", "url", "authors", "tags", "embargoed", "pubstatus", "date"]), _JSON))
def test_any_json_object_is_an_item_or_has_a_reason(found: dict[str, Any]) -> None:
    try:
        item = _json_article.read(json.dumps(found).encode())
    except Permanent as error:
        assert str(error)
    else:
        assert isinstance(item.title, str)


def test_one_look_at_the_folder_serves_all_parts_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    real = directory.listing
    monkeypatch.setattr(directory, "listing", lambda *rest: looks.append(1) or real(*rest))
    for number in range(450):
        (tmp_path / f"{number:03}.txt").write_text(f"Titel {number}\nText")
    source = directory.create(directory.Options(path="."), Context("wire", tmp_path, now=lambda: LATER))
    first = source.fetch({})
    second = source.fetch(json.loads(json.dumps(first.cursor)))
    # The broker did not confirm: the same part is asked for again.
    assert source.fetch(first.cursor).articles == second.articles
    third = source.fetch(second.cursor)
    assert [len(each.articles) for each in (first, second, third)] == [200, 200, 50] and not third.more
    assert len(looks) == 2


def test_a_file_taken_away_between_look_and_read_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("Titel\nText")
    (tmp_path / "b.txt").write_text("Titel\nText")
    real = directory.listing

    def listing_then_gone(*rest: Any) -> list[folder.Found]:
        found = real(*rest)
        (tmp_path / "a.txt").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(directory, "listing", listing_then_gone)
    batch = fetch(tmp_path)
    assert len(batch.articles) == 1 and batch.unreadable == ()


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.txt", "Titel eins\nNordkorea\x00 testet\x07 eine Rakete."),
        ("a.html", "<html><title>Titel eins</title><body><article><p>Nordkorea\x00 testet\x07 eine Rakete.</p></article></body></html>"),
        ("a.json", '{"title": "Titel eins", "body": "Nordkorea\x00 testet\x07 eine Rakete."}'),
        ("a.ndjson", '{"title": "Titel eins", "body": "Nordkorea\x00 testet\x07 eine Rakete."}\n'),
    ],
)
def test_control_characters_in_a_readable_file_are_removed_and_flagged(tmp_path: Path, name: str, written: str) -> None:
    (tmp_path / name).write_text(written, encoding="utf-8")
    batch = directory.read_file(tmp_path / name)
    assert batch.unreadable == ()
    found, cleaned = batch.articles[0], clean(batch.articles[0].body)
    assert (found.title, cleaned.text) == ("Titel eins", "Nordkorea testet eine Rakete.")
    assert "control_characters_removed" in (*found.flags, *cleaned.flags)


@pytest.mark.parametrize(
    ("name", "content", "reason", "why"),
    [
        ("broken.xml", b'<?xml version="1.0"?><rss><channel><item><title>Eins', "unreadable", "the XML is broken: line 1"),
        ("feed.rss", b"<rss><channel/></rss>", "empty", "holds no article"),
        (
            "disguised.txt",
            b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<gpx/>',
            "unreadable",
            "root element 'gpx', which is none of NITF, NewsML-G2",
        ),
    ],
)
def test_xml_is_never_read_as_text_and_the_reason_says_what_is_read(
    tmp_path: Path, name: str, content: bytes, reason: str, why: str
) -> None:
    (tmp_path / name).write_bytes(content)
    batch = fetch(tmp_path, patterns=["*"])
    (refused,) = batch.unreadable
    assert batch.articles == () and refused.reason == reason and refused.original == content and why in refused.detail


def test_a_text_about_markup_is_still_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("RSS wird zwanzig\n\nJede Datei begann mit <?xml version='1.0'?>.", encoding="utf-8")
    assert [each.title for each in fetch(tmp_path).articles] == ["RSS wird zwanzig"]

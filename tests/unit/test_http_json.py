"""JSON APIs: mappings, pages, cursors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import _json_mapping, http_json
from connectors._item import Item
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Context
from tests.local_servers import serving

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Api:
    """Articles, newest first, two on a page; a page names the next one and a cursor."""

    def __init__(self) -> None:
        self.numbers = [3, 2, 1]
        self.url = ""
        self.next = ""
        self.seen: list[tuple[str, dict[str, str]]] = []

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if "since" in asked or "stream" in path:
            newer = [each for each in reversed(self.numbers) if each > int(asked.get("since", 0))][:2]
            listed, last = newer, str(newer[-1] if newer else asked.get("since", ""))
        else:
            page = int(asked.get("page", 1))
            listed, last = self.numbers[2 * page - 2 : 2 * page], ""
        following = self.next or (f"?page={int(asked.get('page', 1)) + 1}" if listed else "")
        items = [{"meta": {"nr": each}, "text": {"zeilen": [f"Titel {each}", "x"]}} for each in listed]
        etag = f'"{self.numbers[0]}"'
        if headers.get("If-None-Match") == etag:
            return 304, {}, b""
        return 200, {"ETag": etag}, json.dumps({"data": {"list": items}, "last": last, "links": {"next": following}}).encode()

    def poll(self, saved: Any = None, path: str = "/v1", **options: Any) -> list[Batch]:
        """All batches of one poll."""
        fields = {"id": "meta.nr", "title": "text.zeilen.0"}
        found = http_json.Options(url=self.url + path, items="data.list", fields=fields, allow_private=["127.0.0.1"], **options)
        source = http_json.create(found, Context("api", Path(), now=lambda: NOW))
        batches = [source.fetch(saved or {})]
        while batches[-1].more:
            batches.append(source.fetch(json.loads(json.dumps(batches[-1].cursor))))
        return batches


def titles(batches: list[Batch]) -> list[str]:
    return [each.title for batch in batches for each in batch.articles]


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    with serving(api.answer) as (api.url, api.seen):
        yield api


@pytest.mark.parametrize("paging", [{"page_parameter": "page"}, {"next_url": "links.next"}], ids=["page", "next"])
def test_pages_are_turned_until_one_is_known(api: Api, paging: dict[str, str]) -> None:
    first = api.poll(**paging)
    assert sorted(titles(first)) == ["Titel 1", "Titel 2", "Titel 3"]
    del api.seen[:]
    assert titles(api.poll(first[-1].cursor, **paging)) == [] and len(api.seen) == 1
    api.numbers = [5, 4, 3, 2, 1]
    second = api.poll(first[-1].cursor, **paging)
    assert sorted(titles(second)) == ["Titel 4", "Titel 5"] and len(second) == 2


def test_a_cursor_is_kept_over_polls(api: Api) -> None:
    options = {"cursor": "last", "cursor_parameter": "since"}
    first = api.poll(path="/stream", **options)
    assert sorted(titles(first)) == ["Titel 1", "Titel 2", "Titel 3"]
    api.numbers = [4, 3, 2, 1]
    del api.seen[:]
    assert titles(api.poll(first[-1].cursor, path="/stream", **options)) == ["Titel 4"] and "since=3" in api.seen[0][0]


def test_more_new_pages_than_are_read_are_reported(api: Api) -> None:
    api.numbers = list(range(20, 0, -1))
    batches = api.poll(page_parameter="page", max_pages=3)
    assert len(titles(batches)) == 6 and "more than 3 new pages" in batches[-1].unreadable[0].detail


def test_a_next_page_on_another_host_gets_no_secret(api: Api) -> None:
    api.next = "http://other.example/next"
    with pytest.raises(Permanent, match="on another host"):
        api.poll(next_url="links.next", headers={"Authorization": "geheim"})


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><title>Anmelden</title>", b"\xef\xbb\xbf\n <html lang='de'><form>", b"<!-- x --><html>"])
def test_a_page_where_people_sign_in_is_called_so(page: bytes) -> None:
    with serving(lambda _path, _headers: (200, {"Content-Type": "text/html"}, page)) as (url, _):
        options = http_json.Options(url=f"{url}/v1?key=geheim", allow_private=["127.0.0.1"])
        with pytest.raises(Permanent, match="web page, not JSON: it may ask to sign in") as told:
            http_json.create(options, Context("api", Path(), now=lambda: NOW)).fetch({})
    assert "geheim" not in str(told.value)


def test_an_answer_without_the_list_says_where_it_looked(api: Api) -> None:
    with pytest.raises(Permanent, match=r"no list at data\.items \(data, last, links\)"):
        http_json.create(
            http_json.Options(url=f"{api.url}/v1", items="data.items", allow_private=["127.0.0.1"]), Context("api", Path(), now=lambda: NOW)
        ).fetch({})


def test_an_item_that_is_no_article_is_named_by_its_number() -> None:
    answered = json.dumps([{"id": 1, "title": "gut"}, 7]).encode()
    with serving(lambda _path, _headers: (200, {}, answered)) as (url, _):
        source = http_json.create(http_json.Options(url=url, allow_private=["127.0.0.1"]), Context("api", Path(), now=lambda: NOW))
        batch = source.fetch({})
    assert len(batch.articles) == 1 and batch.unreadable[0].detail.startswith("item 2 of 2: ")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"cursor": "last"}, "belong together"),
        ({"page_parameter": "page", "next_url": "next"}, "one way to the next page"),
        ({"fields": {"id": "nr"}}, "at least title or body"),
        ({"fields": {"headline": "nr"}}, "Input should be"),
        ({"url": "ftp://example.org"}, "ftp"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=why):
        http_json.Options.model_validate({"url": "https://example.org/"} | options)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["title", "id", "data", "headlines", "uri", "@type", "@graph", "0"]), inner, max_size=5)
    ),
    max_leaves=20,
)


# 600 inputs at every run; 50,000 were tried by hand on 2026-11-21.
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    VALUES | st.binary(max_size=40),
    st.dictionaries(st.sampled_from(["title", "id", "body"]), st.sampled_from(["title", "data.0.title", "data.title", "0.0", ""])),
)
def test_any_answer_is_read_or_has_a_reason(value: Any, fields: dict[Any, str]) -> None:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    try:
        assert all(isinstance(each, Item) for each in _json_mapping.items(data, fields))
    except Permanent as error:
        assert error.reason in set(Rejection)

"""A server that speaks otherwise than the configuration says, or is another one: what, which, why, and what to do; never its markup."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
import trustme

from pipeline import search
from pipeline.errors import LagebildError, Transient
from pipeline.kibana.apply import apply
from pipeline.kibana.report import Report
from pipeline.sections import Elasticsearch, Kibana
from pipeline.settings import Settings
from tests.local_servers import serving

PAGE = b"<!-- ours -->\n<!DOCTYPE html><html><head><title>502 Bad &amp; Gateway</title></head><body><h1>nginx</h1></body></html>"


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(made)
    return made


@pytest.fixture(params=["bare", "secured"])
def turned(request: pytest.FixtureRequest, context: ssl.SSLContext) -> Iterator[tuple[str, str]]:
    """The address of a server with the wrong beginning, and the right one."""
    with serving(lambda *_: (200, {}, b"{}"), context if request.param == "secured" else None) as (url, _):
        right, _, rest = url.partition("://")
        yield f"{'http' if right == 'https' else 'https'}://{rest}", right


def test_an_elasticsearch_is_told_apart_by_tls(turned: tuple[str, str]) -> None:
    url, right = turned
    with search.Server(Settings(elasticsearch=Elasticsearch(url=url))) as server:
        with pytest.raises(search.Denied) as failed:
            search.ready(server)
        assert url in str(failed.value) and f"begin elasticsearch.url with {right}://" in str(failed.value)
        answer = server.bulk(b"{}\n")
        assert answer.status == 0 and "begin elasticsearch.url" in answer.reason


def test_a_kibana_is_told_apart_by_tls(turned: tuple[str, str]) -> None:
    url, right = turned
    with pytest.raises(LagebildError) as failed:
        apply(Settings(kibana=Kibana(url=url)), Report())
    assert url in str(failed.value) and f"begin kibana.url with {right}://" in str(failed.value)
    assert "SSL" not in str(failed.value)


@pytest.mark.parametrize(("status", "error"), [(200, search.Denied), (404, search.Denied), (401, search.Denied), (502, Transient)])
def test_a_web_page_is_called_one_and_its_markup_is_not_shown(status: int, error: type[LagebildError]) -> None:
    with serving(lambda *_: (status, {"content-type": "text/html"}, PAGE)) as (url, _):
        with search.Server(Settings(elasticsearch=Elasticsearch(url=url))) as server, pytest.raises(error) as failed:
            server.found("/_cluster/health")
        assert "a web page: 502 Bad & Gateway" in str(failed.value) and "<" not in str(failed.value) and url in str(failed.value)
        if status == 200:
            with pytest.raises(LagebildError, match="is no Kibana .*a web page: 502 Bad & Gateway"):
                apply(Settings(kibana=Kibana(url=url)), Report())

"""For each connector a small world, written by hand, in which it finds the articles "Eins" and "Zwei" and one thing that nobody can read."""

from __future__ import annotations

import gzip
import http.client
import threading
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline import broker, topology
from pipeline.sections import Kafka
from pipeline.settings import Settings
from tests.imap_server import PASSWORD, imap_server, mail
from tests.local_servers import free_port, serving

TITLES = {"Eins", "Zwei"}
FEED = b"""<rss version="2.0"><channel><title>Beispiel</title><link>https://www.example.org/</link>
<item><title>Eins</title><link>https://www.example.org/1</link><guid>1</guid><description>Der erste Text.</description></item>
<item><title>Zwei</title><link>https://www.example.org/2</link><guid>2</guid><description>Der zweite Text.</description></item><item/></channel></rss>"""
TOKEN = "ein-langer-schluessel-fuer-proben"


class World:
    """Where an example may put files, what it must end, what time it is there, and a Kafka for those that need one."""

    def __init__(self, folder: Path, stack: ExitStack, now: datetime, kafka_servers: Callable[[], str]) -> None:
        self.folder = folder
        self.stack = stack
        self.now = now
        self.kafka_servers = kafka_servers

    def secret(self, value: str) -> str:
        path = self.folder / "geheim"
        path.write_text(value)
        return f"${{file:{path}}}"


def directory(world: World) -> dict[str, Any]:
    (world.folder / "in").mkdir()
    (world.folder / "in" / "a.txt").write_text("Eins\nDer erste Text.")
    (world.folder / "in" / "b.ndjson").write_text('{"id": 2, "title": "Zwei"}\nkaputt')
    return {"path": "in", "settle_seconds": 0}


def rss(world: World) -> dict[str, Any]:
    url, _ = world.stack.enter_context(serving(lambda _path, _headers: (200, {"Content-Type": "application/rss+xml"}, FEED)))
    return {"url": f"{url}/feed", "allow_private": ["127.0.0.1"]}


_PAGE = "<url><loc>https://www.example.org/{0}</loc><news:news><news:publication_date>2099-11-20</news:publication_date><news:title>{0}</news:title></news:news></url>"
SITEMAP = f"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
{_PAGE.format("Eins")}{_PAGE.format("Zwei")}<url><loc>https://www.example.org/dr""".encode()


def sitemap(world: World) -> dict[str, Any]:
    url, _ = world.stack.enter_context(serving(lambda _path, _headers: (200, {"Content-Type": "application/xml"}, SITEMAP)))
    return {"url": f"{url}/sitemap.xml", "hosts": ["example.org"], "allow_private": ["127.0.0.1"]}


def web(world: World) -> dict[str, Any]:
    pages = {
        "/robots.txt": (404, {}, b""),
        "/": (200, {"Content-Type": "text/html"}, b"<main><a href='/a'>Eins</a> <a href='/b'>Zwei</a> <a href='/c'>Drei</a></main>"),
        "/a": (200, {"Content-Type": "text/html"}, b"<html><title>Eins</title><p>Der erste Text.</p></html>"),
        "/b": (200, {"Content-Type": "text/html"}, b"<html><title>Zwei</title><p>Der zweite Text.</p></html>"),
        "/c": (200, {"Content-Type": "application/pdf"}, b"%PDF-1.7"),
    }
    url, _ = world.stack.enter_context(serving(lambda path, _headers: pages[path]))
    return {"url": f"{url}/", "select": "main a", "delay_seconds": 0, "allow_private": ["127.0.0.1"]}


def http_json(world: World) -> dict[str, Any]:
    pages = {
        "/v1": b'{"data": {"list": [%s]}}'
        % b", ".join((b'{"nr": 1, "kopf": {"zeile": "Eins"}}', b'{"nr": 2, "kopf": {"zeile": "Zwei"}}', b'"kaputt"'))
    }
    url, _ = world.stack.enter_context(serving(lambda path, _headers: (200, {"Content-Type": "application/json"}, pages[path])))
    return {"url": f"{url}/v1", "items": "data.list", "fields": {"id": "nr", "title": "kopf.zeile"}, "allow_private": ["127.0.0.1"]}


def alert(identifier: str, headline: str, kind: str = "Alert", references: str = "") -> bytes:
    refers = f"<references>{references}</references>" if references else ""
    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier><sender>amt@example.org</sender>
<sent>2026-11-20T12:00:00+01:00</sent><status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>{refers}
<info><language>de-DE</language><category>Met</category><event>Sturm</event><headline>{headline}</headline></info></alert>""".encode()


def cap(world: World) -> dict[str, Any]:
    entries = "".join(f"<item><title>{name}</title><link>BASE/{name}</link></item>" for name in ("kaputt", "zwei", "eins"))
    pages = {"/eins": alert("1", "Eins"), "/zwei": alert("2", "Zwei"), "/kaputt": b'<!DOCTYPE alert [<!ENTITY a "b">]><alert>&a;</alert>'}

    def answer(path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        index = f'<rss version="2.0"><channel><title>Amt</title>{entries}</channel></rss>'.replace("BASE", f"http://{headers['Host']}")
        return 200, {"Content-Type": "application/xml"}, pages.get(path, index.encode())

    url, _ = world.stack.enter_context(serving(answer))
    return {"url": f"{url}/feed", "allow_private": ["127.0.0.1"]}


def imap(world: World) -> dict[str, Any]:
    box = world.stack.enter_context(imap_server())
    box.deliver(mail("Eins", "Der erste Text."))
    box.deliver(b"kein Brief")
    box.deliver(mail("=?utf-8?q?Zwei?=", "Der zweite Text.", Content_Type="text/plain; charset=utf-8"))
    return {"host": "127.0.0.1", "port": box.port, "tls": "none", "user": "desk", "password": world.secret(PASSWORD), "idle": False}


def kafka(world: World) -> dict[str, Any]:
    topic = f"fremd-{uuid.uuid4().hex[:10]}"
    settings = Kafka(servers=[world.kafka_servers()])
    broker.apply_topics(Settings(kafka=settings), topics=[topology.Topic(topic, "k", 1, None, "a topic of others")])
    publisher = broker.Publisher(settings)
    for value in (b'{"nr": 1, "kopf": {"zeile": "Eins"}}', b'{"nr": 2, "kopf": {"zeile": "Zwei"}}', b"kaputt"):
        publisher.send(topic, "k", value)
    publisher.confirm()
    publisher.close()
    return {"servers": settings.servers, "topic": topic, "fields": {"id": "nr", "title": "kopf.zeile"}}


def push(world: World) -> dict[str, Any]:
    port, stop = free_port(), threading.Event()
    body = b'[{"id": "1", "title": "Eins"}, {"id": "2", "title": "Zwei"}, 3]'
    path, headers = "/v1/sources/quelle/articles", {"Authorization": f"Bearer {TOKEN}"}

    def send() -> None:
        """A sender that comes again until it is told that everything arrived, and once more."""
        while not stop.wait(0.02):
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("POST", path, body, headers)
                connection.getresponse().read()
                connection.close()

    sender = threading.Thread(target=send)
    sender.start()
    world.stack.callback(sender.join)
    world.stack.callback(stop.set)
    return {"port": port, "tokens": [world.secret(TOKEN)], "confirm_seconds": 0.3}


def _warc_record(kind: str, url: str, content: bytes, at: str) -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: {at}\r\nContent-Length: {len(content)}\r\n\r\n"
    return gzip.compress(head.encode() + content + b"\r\n\r\n", mtime=0)


def _page(title: str) -> bytes:
    text = f"<p>Der Text von {title} ist lang genug, um als Artikel erkannt zu werden, und er handelt von einer Brücke.</p>" * 3
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{text}</article></body></html>".encode()


def warc(world: World) -> dict[str, Any]:
    (world.folder / "archiv").mkdir()
    at = world.now.isoformat()
    records = (
        _warc_record("warcinfo", "", b"software: Probe", at),
        _warc_record("request", "https://www.example.org/1", b"GET /1 HTTP/1.1\r\n\r\n", at),
        _warc_record("response", "https://www.example.org/1", _page("Eins"), at),
        _warc_record("response", "https://www.example.org/bild", b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG", at),
        _warc_record("response", "https://www.example.org/kaputt", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nkein gzip", at),
        _warc_record("response", "https://www.example.org/2", _page("Zwei"), at),
    )
    (world.folder / "archiv" / "a.warc.gz").write_bytes(b"".join(records))
    return {"path": "archiv"}


# Options under which a source called "quelle" delivers the two articles and one thing that is unreadable.
EXAMPLES: dict[str, Callable[[World], dict[str, Any]]] = {
    each.__name__: each for each in (cap, directory, http_json, imap, kafka, push, rss, sitemap, warc, web)
}


def missing(name: str, world: World) -> dict[str, Any]:
    """Options of a source that is not there."""
    nowhere = {"url": "http://127.0.0.1:9/feed", "allow_private": ["127.0.0.1"], "timeout_seconds": 2}
    return {
        "cap": nowhere,
        "directory": {"path": "nirgends"},
        "http_json": nowhere,
        "imap": {"host": "127.0.0.1", "port": 9, "tls": "none", "user": "desk", "password": world.secret(PASSWORD)},
        "kafka": {"servers": ["127.0.0.1:9"], "topic": "nirgends"},
        "push": {"host": "203.0.113.1", "tokens": [world.secret(TOKEN)]},
        "rss": nowhere,
        "sitemap": nowhere,
        "web": nowhere,
        "warc": {"path": "nirgends"},
    }[name]

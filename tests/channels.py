"""Every notifier with a real receiver on this machine, and what people would see there: read back by the parser of the channel's own dialect."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
from lxml import etree
from markdown_it import MarkdownIt

from pipeline import plugins
from pipeline.article import Dates
from pipeline.matched import Mark, Snippet
from pipeline.message import Message, NewFact, Origin, as_json, on_sending
from pipeline.notifiers import kafka
from pipeline.plugins import Context
from tests.local_servers import Receiver, receiving
from tests.mail_servers import Mailbox, mail_server

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "geheim-Zahl-4711"
LINK = "https://a.example/1?x=1&y=2"
# What the configuration of a test names: the environment holds it.
VARIABLE = "${env:CHANNEL_SECRET}"
ATOM = "{http://www.w3.org/2005/Atom}"
DESK, NIGHT = "desk@example.org", "night@example.org"


def alert(headline: str = "Nordkorea meldet Raketentest", word: str = "Raketentest", **changes: Any) -> dict[str, Any]:
    """A message as notifiers get it; `word` is marked in headline and snippet where it stands there."""
    start = headline.find(word)
    marks = (Mark(start=start, end=start + len(word), surface=word, term="Raketentest", mode="exact"),) if word and start >= 0 else ()
    message = Message(
        notification_id="n1",
        episode_id="e1",
        kind="update",
        why="new_facts",
        alerted_at=NOON,
        severity="high",
        rule_id="raketentest",
        rule_title="Raketentests",
        headline=headline,
        headline_marks=marks,
        url=LINK,
        article_id="a1",
        source=Origin(id="blatt", name="Blatt", country="DE"),
        dates=Dates(published_at=NOON, precision="second"),
        lead="Ein Vorspann.",
        snippet=Snippet(field="body", text=headline, marks=marks),
        new_facts=(NewFact(fact="number:2", words="zwei"),),
        members=3,
        sources=2,
    )
    return as_json(on_sending(msgspec.structs.replace(message, **changes), NOON + timedelta(seconds=3), 1, False))


@dataclass(frozen=True)
class Seen:
    """One delivery as people see it: every text of it, the addresses that can be opened, and `size` in the channel's own measure."""

    text: str
    links: tuple[str, ...]
    size: int = 0
    raw: bytes = b""


class Markup(HTMLParser):
    """Text, tags and addresses of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag in ("p", "br", "h2", "blockquote"):
            self.texts.append("\n")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def markdown(text: str) -> tuple[str, tuple[str, ...], list[str]]:
    """What CommonMark makes of `text`: the text, the addresses, and the kinds of its tokens."""
    texts, links, kinds = [], [], []
    tokens = [inner for each in MarkdownIt("commonmark").parse(text) for inner in (each, *(each.children or ()))]
    for token in tokens:
        kinds.append(token.type)
        if token.type in ("text", "code_inline", "html_inline", "html_block", "fence", "code_block"):
            texts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            texts.append("\n")
        links += [str(token.attrs[name]) for name in ("href", "src") if name in token.attrs]
    return "".join(texts), tuple(links), kinds


@dataclass
class Channel:
    """A notifier and its receiver. `seen` reads what arrived so far; `receiver` or `mailbox` is where it goes, for those that leave this machine."""

    name: str
    make: Callable[..., plugins.Notifier]
    seen: Callable[[], list[Seen]]
    limit: int = 10**9
    receiver: Receiver | None = None
    mailbox: Mailbox | None = None
    options: dict[str, Any] = field(default_factory=dict)


Reading = Callable[[Receiver], Callable[[], list[Seen]]]


def _bodies(read: Callable[[Any, bytes], Seen]) -> Reading:
    return lambda receiver: lambda: [read(json.loads(body), body) for _, body in receiver.got]


def _slack(found: Any, body: bytes) -> Seen:
    runs = [run for block in found.get("blocks", ()) for part in block["elements"] for run in part["elements"]]
    texts = [run["text"] for run in runs]
    links = [run["url"] for run in runs if run["type"] == "link"]
    return Seen("".join(texts) + "\n" + found["text"], tuple(links), sum(map(len, [*texts, *links])), body)


def _teams(found: Any, body: bytes) -> Seen:
    card = found["attachments"][0]["content"]
    runs = [run for block in card["body"] for run in block["inlines"]]
    links = [run["selectAction"]["url"] for run in runs if "selectAction" in run] + [each["url"] for each in card["actions"]]
    text = "\n".join("".join(run["text"] for run in block["inlines"]) for block in card["body"])
    return Seen(text, tuple(links), max(len(text) - len("\n") * len(card["body"]), 0) if len(body) <= 28_000 else 10**9, body)


def _mattermost(found: Any, body: bytes) -> Seen:
    text, links, _ = markdown(found["text"])
    return Seen(text, links, len(found["text"]), body)


def _telegram(found: Any, body: bytes) -> Seen:
    parsed = Markup(found["text"])
    assert set(parsed.tags) <= {"b", "u", "a", "blockquote"}
    return Seen(parsed.text, tuple(parsed.links), len(found["text"].encode("utf-16-le")) // 2, body)


def _matrix(found: Any, body: bytes) -> Seen:
    parsed = Markup(found["formatted_body"])
    assert set(parsed.tags) <= {"strong", "u", "a", "em", "br"}
    return Seen(parsed.text + "\n" + found["body"], tuple(parsed.links), len(body), body)


def _ntfy(found: Any, body: bytes) -> Seen:
    return Seen(f"{found['title']}\n{found['message']}", (found.get("click", ""),), len(found["message"].encode()), body)


def _pagerduty(found: Any, body: bytes) -> Seen:
    about = found["payload"]
    text = f"{about['summary']}\n{about['custom_details']['message']}"
    return Seen(text, tuple(each["href"] for each in found["links"]), len(about["summary"]), body)


def _alertmanager(found: Any, body: bytes) -> Seen:
    annotations = found[0]["annotations"]
    return Seen(f"{annotations['summary']}\n{annotations['description']}", (annotations.get("url", ""),), len(body), body)


def _apprise(found: Any, body: bytes) -> Seen:
    return Seen(f"{found['title']}\n{found['message']}", tuple(_addresses(found["message"])), len(found["message"]), body)


def _addresses(text: str) -> list[str]:
    return [line.partition(": ")[2] for line in text.splitlines() if line.startswith(("Artikel: ", "Article: "))]


def _data(found: Any, body: bytes) -> Seen:
    data = found.get("data", found)
    return Seen(data["headline"] + "\n" + data.get("snippet", {}).get("text", ""), (data["url"],), len(body), body)


PRIVATE = {"allow_private": ["127.0.0.0/8"]}
HTTP: dict[str, tuple[Callable[[Receiver], dict[str, Any]], Reading, bytes, int, int]] = {
    # options, reading, the usual answer with its status, the limit
    "webhook": (lambda at: {"url": at.url, "secret": VARIABLE}, _bodies(_data), b"", 204, 256_000),
    "slack": (lambda at: {"url": VARIABLE}, _bodies(_slack), b"ok", 200, 12_000),
    "teams": (lambda at: {"url": VARIABLE}, _bodies(_teams), b"", 202, 1_000),
    "mattermost": (lambda at: {"url": VARIABLE}, _bodies(_mattermost), b"ok", 200, 4_000),
    "telegram": (
        lambda at: {"token": VARIABLE, "chat": "-100", "api": at.origin},
        _bodies(_telegram),
        b'{"ok":true,"result":{"message_id":7}}',
        200,
        4_096,
    ),
    "matrix": (
        lambda at: {"homeserver": at.origin, "room": "!r/o:example.org", "token": VARIABLE},
        _bodies(_matrix),
        b'{"event_id":"$1"}',
        200,
        65_536,
    ),
    "ntfy": (lambda at: {"url": at.origin, "topic": "news", "token": VARIABLE}, _bodies(_ntfy), b'{"id":"1"}', 200, 7_800),
    "pagerduty": (lambda at: {"url": at.url, "routing_key": VARIABLE}, _bodies(_pagerduty), b'{"status":"success"}', 202, 1_024),
    "alertmanager": (lambda at: {"url": at.origin, "token": VARIABLE}, _bodies(_alertmanager), b"", 200, 256_000),
    "apprise": (lambda at: {"url": VARIABLE, "max_characters": 1_000}, _bodies(_apprise), b"", 200, 1_000),
}
# Channels whose address is itself the secret: in the environment it is the receiver's, with the secret in it.
ADDRESSED = {
    "slack": lambda at: f"{at.url}/{SECRET}",
    "teams": lambda at: f"{at.url}?sig={SECRET}",
    "mattermost": lambda at: f"{at.url}/{SECRET}",
    "apprise": lambda at: f"{at.origin.replace('http', 'json')}/{SECRET}",
}
LEAVING = (*HTTP, "email")


def context(folder: Path) -> Context:
    return Context("desk", folder, lambda: NOON)


def _maker(name: str, options: dict[str, Any], folder: Path) -> Callable[..., plugins.Notifier]:
    def make(**changes: Any) -> plugins.Notifier:
        module = plugins.load("notifiers", name)
        notifier: plugins.Notifier = module.create(module.Options.model_validate(options | changes), context(folder))
        return notifier

    return make


def _http(name: str, receiver: Receiver, folder: Path, environment: Callable[[str, str], None]) -> Channel:
    options, reading, answer, status, limit = HTTP[name]
    receiver.usual = (status, {}, answer)
    environment("CHANNEL_SECRET", ADDRESSED[name](receiver) if name in ADDRESSED else SECRET)
    chosen = options(receiver) | PRIVATE
    return Channel(name, _maker(name, chosen, folder), reading(receiver), limit, receiver, options=chosen)


def letters(mailbox: Mailbox) -> list[Any]:
    return [message_from_bytes(content, policy=policy.default) for _, _, content in mailbox.got]


def _mail(mailbox: Mailbox, folder: Path) -> Channel:
    def seen() -> list[Seen]:
        found = []
        for letter, (_, _, content) in zip(letters(mailbox), mailbox.got, strict=True):
            html, text = (letter.get_body((kind,)).get_content() for kind in ("html", "plain"))
            size = len(html.encode()) + len(text.encode())
            html, text = html.replace("\r\n", "\n"), text.replace("\r\n", "\n")
            parsed = Markup(html)
            allowed = {"html", "head", "meta", "body", "p", "h2", "blockquote", "strong", "mark", "a", "br"}
            assert set(parsed.tags) <= allowed
            found.append(Seen(f"{letter['subject']}\n{parsed.text}\n{text}", tuple(parsed.links), size, content))
        return found

    options = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "sender": "lage@example.org", "to": [DESK], **PRIVATE}
    return Channel("email", _maker("email", options, folder), seen, 32_768, mailbox=mailbox, options=options)


class Published:
    """What a Kafka publisher was given. `fails` is raised by the next confirmation."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, bytes, dict[str, bytes]]] = []
        self.fails: list[Exception] = []
        self.closed = 0

    def send(self, topic: str, key: str, value: bytes | None, *, headers: Any = ()) -> None:
        self.records.append((topic, key, value or b"", dict(headers)))

    def confirm(self, timeout_seconds: float = 1) -> None:
        if self.fails:
            raise self.fails.pop(0)

    def close(self) -> None:
        self.closed += 1


def _kafka(folder: Path) -> Channel:
    published = Published()

    def make(**changes: Any) -> plugins.Notifier:
        return kafka.KafkaNotifier(kafka.Options.model_validate({"topic": "alerts", **changes}), context(folder), lambda: published)

    return Channel("kafka", make, lambda: [_data(json.loads(value), value) for _, _, value, _ in published.records], 1_000_000)


def _atom(folder: Path) -> Channel:
    def seen() -> list[Seen]:
        found = []
        for path in folder.glob("feeds/*.atom"):
            for entry in etree.parse(path).getroot().findall(f"{ATOM}entry"):
                parsed = Markup(entry.findtext(f"{ATOM}content"))
                assert set(parsed.tags) <= {"strong", "mark", "a", "br"}
                text = f"{entry.findtext(f'{ATOM}title')}\n{parsed.text}"
                found.append(Seen(text, tuple(parsed.links), path.stat().st_size, path.read_bytes()))
        return found

    return Channel("atom", _maker("atom", {"folder": "feeds"}, folder), seen, 100_000)


def _file(folder: Path) -> Channel:
    path = folder / "alerts.jsonl"

    def seen() -> list[Seen]:
        return [_data(json.loads(line), line) for line in path.read_bytes().splitlines()] if path.exists() else []

    return Channel("file", _maker("file", {"path": path.name}, folder), seen)


def _console(stack: ExitStack, folder: Path) -> Channel:
    written = stack.enter_context(contextlib.redirect_stderr(io.StringIO()))

    def seen() -> list[Seen]:
        return [Seen(line, tuple(line.split()), raw=line.encode()) for line in written.getvalue().splitlines()]

    return Channel("console", _maker("console", {}, folder), seen)


@contextmanager
def channel(name: str, folder: Path, environment: Callable[[str, str], None]) -> Iterator[Channel]:
    """The notifier `name` with its receiver. `environment` sets a variable of the environment."""
    with ExitStack() as stack:
        if name in HTTP:
            yield _http(name, stack.enter_context(receiving()), folder, environment)
        elif name == "email":
            yield _mail(stack.enter_context(mail_server()), folder)
        else:
            yield {"kafka": _kafka, "atom": _atom, "file": _file}[name](folder) if name != "console" else _console(stack, folder)

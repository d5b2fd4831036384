"""The samples as they are declared: one file per article, one for all feeds, the rules.

An article file (`samples/articles/<slug>.toml`) says where, when and in which states the article appears, and what has to become of it:

=============================  =====================================================================================================
field                          meaning
=============================  =====================================================================================================
feed, form                     the feed that delivers it; `full` (default) or `teaser` (the summary only)
again                          further deliveries of the same GUID: feed, form, appears_after_seconds
guid, link                     the stable id ("" for none); the link, where it must not depend on the port of the demonstration
file, encoding                 instead of title and body: a file in `samples/folder` and its real encoding
language, authors              as the publisher declares them
title, summary, body           paragraphs are parted by an empty line
revisions                      later states: appears_after_seconds, then title, body or prepend (a paragraph put first), alerts
appears_after_seconds          seconds after the start of the demonstration, at speed 1
after                          slugs that must have been delivered before it: decides the step in stepwise mode
published_hours_before_start   the published date; without it, a little before the article appears
published_raw, no_date         an unreadable date as it stands in the feed; no date at all
story, new_facts               near-duplicates that share a story; whether a later member brings new facts and so rings again
copy_of, reprint_of, shares_text_with    how it came to share text, for the tests that measure it
alerts                         rules that match its text
near_misses, hostile           words that come close and must not match; a headline that attacks its reader
rejected                       the reason (`pipeline.outcome.Rejection`) why nothing becomes of it
=============================  =====================================================================================================
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.article import identity
from pipeline.errors import LagebildError

SAMPLES = Path(__file__).parent / "samples"

_DATE_LINE = re.compile(r"\d{4}-\d{2}-\d{2}$")
_AUTHOR_LINE = "Autor:"


class BadSample(LagebildError):
    """A declaration of the demonstration contradicts itself."""


@dataclass(frozen=True)
class Feed:
    """One feed, or the watched folder. `site` is the publisher's host, whose GUIDs are its own."""

    name: str
    format: str
    title: str
    site: str
    country: str
    language: str
    declared_encoding: str = "UTF-8"
    encoding: str = "utf-8"
    malformed: bool = False


@dataclass(frozen=True)
class Delivery:
    feed: str
    form: str
    appears_after_seconds: float
    step: int


@dataclass(frozen=True)
class State:
    """One state of an article's text. `revision` counts from 0."""

    revision: int
    title: str
    summary: str
    body: str
    appears_after_seconds: float
    step: int
    alerts: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n\n".join(part for part in (self.title, self.summary, self.body) if part)


@dataclass(frozen=True)
class Sample:
    """One article: where it is delivered, its states in order, and what has to become of it."""

    slug: str
    guid: str
    link: str
    file: str
    encoding: str
    language: str
    authors: tuple[str, ...]
    deliveries: tuple[Delivery, ...]
    states: tuple[State, ...]
    published_hours_before_start: float | None
    published_raw: str
    no_date: bool
    story: str
    new_facts: bool
    copy_of: str
    reprint_of: str
    shares_text_with: str
    near_misses: tuple[str, ...]
    hostile: bool
    rejected: str


@dataclass(frozen=True)
class Samples:
    """All declarations; `articles` in the order of their slugs."""

    folder: Path
    feeds: Mapping[str, Feed]
    articles: tuple[Sample, ...]

    @property
    def events(self) -> tuple[Delivery | State, ...]:
        """Everything that appears at a moment: deliveries and states of all articles."""
        return tuple(event for article in self.articles for events in (article.deliveries, article.states) for event in events)

    @property
    def rules(self) -> frozenset[str]:
        """The ids of the samples' rules: the names of their files."""
        return frozenset(path.stem for path in (self.folder / "rules").glob("*.yaml"))

    def includes(self, source_id: str, article_id: str) -> bool:
        """Whether an article is one of the samples. A sample feed brings nothing else; in the watched folder people may put files of their own."""
        feed = self.feeds.get(source_id)
        return feed is not None and (feed.format != "folder" or article_id in self._files)

    @cached_property
    def _files(self) -> frozenset[str]:
        """The ids that the sample files get: the watched folder's articles are named by it and by their file."""
        return frozenset(
            identity(delivery.feed, f"file:{article.file}", "")
            for article in self.articles
            if article.file
            for delivery in article.deliveries
        )

    @property
    def steps(self) -> int:
        """How many steps the stepwise mode has: in each one, at most one new state or delivery of an article."""
        return 1 + max((event.step for event in self.events), default=-1)

    @property
    def lasts_seconds(self) -> float:
        """When the last delivery or state has appeared, in seconds after the start at speed 1."""
        return max((event.appears_after_seconds for event in self.events), default=0.0)


def load(folder: Path = SAMPLES) -> Samples:
    """The samples declared below `folder`. Raises BadSample naming the file when a declaration is incomplete or contradicts another."""
    feeds = {each["name"]: Feed(**each) for each in _read(folder / "feeds.toml")["feed"]}
    declared = {path.stem: _read(path) for path in sorted((folder / "articles").glob("*.toml"))}
    steps = _first_steps(declared)
    articles = tuple(_sample(folder, slug, fields, steps[slug]) for slug, fields in declared.items())
    for article in articles:
        for delivery in article.deliveries:
            if delivery.feed not in feeds:
                raise BadSample(f"{article.slug}: there is no feed {delivery.feed!r} in feeds.toml")
    return Samples(folder, feeds, articles)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadSample(f"{path} is not TOML: {error}") from error


def _first_steps(declared: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """The step of each article's first delivery: one later than everything it comes after."""
    steps: dict[str, int] = {}

    def step(slug: str, path: tuple[str, ...]) -> int:
        if slug not in declared or slug in path:
            raise BadSample(f"{' after '.join((*path, slug))}: comes after an article that does not exist, or after itself")
        if slug not in steps:
            steps[slug] = 1 + max((step(other, (*path, slug)) for other in declared[slug].get("after", ())), default=-1)
        return steps[slug]

    for slug in declared:
        step(slug, ())
    return steps


def _sample(folder: Path, slug: str, declared: Mapping[str, Any], first_step: int) -> Sample:
    fields = dict(declared)
    if "file" in fields:
        fields.update(_text_file(folder / "folder" / fields["file"], fields.get("encoding", "utf-8")))
    again = fields.pop("again", [])
    revisions = fields.pop("revisions", [])
    fields.pop("after", None)
    try:
        first = {"feed": fields.pop("feed"), "form": fields.pop("form", "full"), "appears_after_seconds": fields["appears_after_seconds"]}
        sample = Sample(
            slug=slug,
            guid=fields.pop("guid", ""),
            link=fields.pop("link", ""),
            file=fields.pop("file", ""),
            encoding=fields.pop("encoding", "utf-8"),
            language=fields.pop("language"),
            authors=tuple(fields.pop("authors", ())),
            deliveries=tuple(Delivery(**each, step=first_step + number) for number, each in enumerate([first, *again])),
            states=_states(fields, revisions, first_step),
            published_hours_before_start=fields.pop("published_hours_before_start", None),
            near_misses=tuple(fields.pop("near_misses", ())),
            **{name: fields.pop(name, "") for name in ("published_raw", "story", "copy_of", "reprint_of", "shares_text_with", "rejected")},
            **{name: fields.pop(name, False) for name in ("no_date", "new_facts", "hostile")},
        )
    except (KeyError, TypeError) as error:
        raise BadSample(f"{slug}: the declaration is incomplete or names an unknown field: {error}") from error
    if fields:
        raise BadSample(f"{slug}: unknown fields: {', '.join(sorted(fields))}")
    return sample


def _states(fields: dict[str, Any], revisions: list[dict[str, Any]], first_step: int) -> tuple[State, ...]:
    """The states of one article; takes what it uses out of `fields`. The alerts of a revision are those of its new text."""
    title, body = fields.pop("title"), fields.pop("body").strip()
    summary = fields.pop("summary", "")
    appears = fields.pop("appears_after_seconds")
    states = [State(0, title, summary, body, appears, first_step, tuple(fields.pop("alerts", ())))]
    for number, revision in enumerate(revisions, start=1):
        title = revision.get("title", title)
        body = revision.get("body", body).strip()
        if "prepend" in revision:
            body = f"{revision['prepend'].strip()}\n\n{body}"
        alerts = tuple(revision.get("alerts", ()))
        states.append(State(number, title, summary, body, revision["appears_after_seconds"], first_step + number, alerts))
    return tuple(states)


def _text_file(path: Path, encoding: str) -> dict[str, Any]:
    """Title, authors and body of a text file: a title line, then an optional date line and `Autor:` line, then the body."""
    lines = path.read_bytes().decode(encoding).replace("\x00", "").split("\n")
    found: dict[str, Any] = {"title": lines[0]}
    rest = lines[1:]
    if rest and _DATE_LINE.match(rest[0]):
        rest = rest[1:]
    if rest and rest[0].startswith(_AUTHOR_LINE):
        found["authors"] = [rest[0].removeprefix(_AUTHOR_LINE).strip()]
        rest = rest[1:]
    return {**found, "body": "\n\n".join(rest)}

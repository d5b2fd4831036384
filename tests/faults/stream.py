"""What flows in the fault tests: a seeded stream of articles in NDJSON files, with known truth, and records that nobody can read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.article import identity
from pipeline.bench.corpus import SITE, GeneratedArticle, Shares, generate

KEYWORD = "Raketentest"
LINES_PER_FILE = 250
# One in a hundred lines is no article; these are its kinds, and nobody but the collector sees the first two.
BROKEN_LINES = (b'{"guid": "torn", "title": "Ein Satz, der nicht en', b"[1, 2, 3]", b'{"guid": "empty", "title": "", "body": "  "}')
SHARES = Shares(repeats=0.05, reprints=0.10, revisions=0.06, keyword=0.04)


@dataclass(frozen=True)
class Stream:
    """The files' content. `bad` are the bytes of the lines that must end in `articles.rejected`."""

    articles: tuple[GeneratedArticle, ...]
    files: tuple[bytes, ...]
    bad: frozenset[bytes]

    @property
    def texts(self) -> set[tuple[str, str]]:
        """Every distinct (article id, body): each of them is one revision."""
        return {(each.article_id, each.body) for each in self.articles}


def stream(seed: int, count: int, bad_every: int = 100) -> Stream:
    """`count` articles and now and then a bad line, published within the last hour so that none is too old to alert."""
    started_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    articles = tuple(generate(seed, count, SHARES, KEYWORD, started_at, seconds_apart=3_000 / count))
    lines: list[bytes] = []
    bad = set()
    for number, each in enumerate(articles):
        lines.append(line(each))
        if bad_every and number % bad_every == bad_every // 2:
            kind = BROKEN_LINES[number // bad_every % len(BROKEN_LINES)]
            lines.append(kind[:-1] + b" " * number + kind[-1:])  # different bytes each: the collector reports one content once
            bad.add(lines[-1])
    files = tuple(b"\n".join(lines[at : at + LINES_PER_FILE]) + b"\n" for at in range(0, len(lines), LINES_PER_FILE))
    return Stream(articles, files, frozenset(bad))


def line(article: GeneratedArticle) -> bytes:
    fields = {
        "guid": article.guid,
        "url": f"https://{SITE}/{article.guid}",
        "title": article.title,
        "body": article.body,
        "published_at": article.published_at.isoformat(),
    }
    return json.dumps(fields, ensure_ascii=False).encode()


def put(folder: Path, files: Iterable[bytes], prefix: str = "part") -> None:
    """Write the files so that the collector reads them in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    base = datetime.now(UTC).timestamp() - 10_000
    for number, content in enumerate(files):
        path = folder / f".{prefix}-{number:04}.ndjson"
        path.write_bytes(content)
        os.utime(path, (base + number, base + number))
        path.rename(folder / path.name[1:])


def matching(articles: Iterable[GeneratedArticle]) -> set[tuple[str, int]]:
    """The (article id, revision) that the keyword's rule must match: a later revision only when what it added has the word."""
    found = set()
    words: dict[str, int] = {}
    for each in articles:
        if each.kind == "repeat":
            continue
        before, words[each.guid] = words.get(each.guid, 0), each.body.count(KEYWORD) + each.title.count(KEYWORD)
        if words[each.guid] > before:
            found.add((each.article_id, each.revision + 1))
    return found


def numbered(count: int, sites: str = "zahl.example") -> list[GeneratedArticle]:
    """Short articles without copies, for tests that look at one thing."""
    plain = list(generate(7, count, Shares(repeats=0, reprints=0, revisions=0, keyword=0), KEYWORD))
    return [replace(each, guid=f"{sites}-{each.number}") for each in plain]


def article_id(guid: str) -> str:
    return identity(SITE, guid, "")

"""Labelled sentences from the public corpora, with their guidelines reconciled to those of GermEval 2014: PER, ORG, LOC and OTH.

Three formats, told apart by the file's name: `.tsv` (GermEval 2014: number, token, outer tag, inner tag), `.iob2` (Universal NER) and `.json[.gz]`
(DFKI SmartData: JSON documents one after another, with character spans).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.entities.tokens import Tokens, tokens_of
from pipeline.errors import BadConfiguration, Problem
from pipeline.text.sentences import sentence_ranges

MAX_BYTES = 200_000_000
TYPES = ("PER", "ORG", "LOC", "OTH")
OUTSIDE = "O"
# SmartData marks stops, streets and routes of traffic reports, which the other corpora do not know as names, under their own types.
_SMARTDATA_TYPES = {
    "person": "PER",
    "organization": "ORG",
    "organization-company": "ORG",
    "location": "LOC",
    "location-city": "LOC",
    "location-street": "LOC",
    "location-stop": "LOC",
    "location-route": "LOC",
}


class Sentence(NamedTuple):
    """Words and their labels in the BIO scheme. `source` names the corpus, `text` is the sentence as it stood, or its words with blanks between."""

    words: tuple[str, ...]
    labels: tuple[str, ...]
    source: str


class Span(NamedTuple):
    """Words `first` to `last` (exclusive) are a name."""

    first: int
    last: int
    type: str


def read(path: Path) -> list[Sentence]:
    """The sentences of one file. Raises BadConfiguration with file, line and reason for a file in none of the formats."""
    content = _content(path)
    suffixes = "".join(path.suffixes)
    if suffixes.endswith(".tsv"):
        return list(_columns(path, content, word=1, tag=2, source="germeval"))
    if suffixes.endswith(".iob2"):
        return list(_columns(path, content, word=1, tag=2, source="uner"))
    if suffixes.endswith((".json", ".json.gz")):
        return list(_smartdata(path, content))
    raise BadConfiguration(
        [Problem(str(path), 1, 1, "unknown format: the name ends in .tsv (GermEval), .iob2 (UNER) or .json[.gz] (SmartData)")]
    )


def _content(path: Path) -> str:
    try:
        packed = path.read_bytes()
        raw = gzip.decompress(packed) if path.suffix == ".gz" else packed
        return raw.decode("utf-8")
    except (OSError, EOFError) as error:
        raise BadConfiguration([Problem(str(path), 1, 1, f"cannot be read: {error}")]) from error
    except UnicodeDecodeError as error:
        raise BadConfiguration([Problem(str(path), 1, 1, f"is not UTF-8 (byte {error.start}): save it as UTF-8")]) from error


def _columns(path: Path, content: str, *, word: int, tag: int, source: str) -> Iterator[Sentence]:
    rows: list[tuple[str, str]] = []
    for number, line in enumerate(content.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip():
            if rows:
                yield _sentence(rows, source)
            rows = []
        elif not (line.startswith("#") and line[1:2] != "\t"):
            cells = line.split("\t")
            if fault := _fault(cells, tag):
                raise BadConfiguration([Problem(str(path), number, 1, fault)])
            rows.append((cells[word], cells[tag]))
    if rows:
        yield _sentence(rows, source)


def _fault(cells: list[str], tag: int) -> str:
    """What is wrong with a line; "" for nothing."""
    if len(cells) <= tag or not (cells[tag] == OUTSIDE or cells[tag][:2] in ("B-", "I-")):
        return "a line is number, token and tag (O, B-PER, I-LOC, …), with tabs between them"
    kind = cells[tag][2:]
    if kind and kind.removesuffix("deriv").removesuffix("part") not in TYPES:
        return f"unknown type {kind!r}: known are {', '.join(TYPES)}, each also with deriv or part behind it"
    return ""


def _sentence(rows: list[tuple[str, str]], source: str) -> Sentence:
    words, tags = zip(*rows, strict=True)
    return Sentence(words, tags, source)


def _smartdata(path: Path, content: str) -> Iterator[Sentence]:
    decoder = json.JSONDecoder()
    at = 0
    while (start := _next(content, at)) < len(content):
        try:
            document, at = decoder.raw_decode(content, start)
            text = document["text"]["string"]
            spans = list(_spans(document))
        except (ValueError, KeyError, TypeError) as error:
            line = content.count("\n", 0, start) + 1
            raise BadConfiguration([Problem(str(path), line, 1, f"is not a SmartData document: {error!r}")]) from error
        yield from _labelled(text, spans)


def _next(content: str, at: int) -> int:
    while at < len(content) and content[at].isspace():
        at += 1
    return at


def _spans(document: dict[str, Any]) -> Iterator[tuple[int, int, str]]:
    """Character spans of the names; common nouns that SmartData marks as the name they stand for ("Gruppe") are left to the other corpora."""
    mentions = document["conceptMentions"]
    for each in mentions["array"] if mentions else ():
        if kind := _SMARTDATA_TYPES.get(each["type"]):
            yield each["span"]["start"], each["span"]["end"], kind


def _labelled(text: str, spans: list[tuple[int, int, str]]) -> Iterator[Sentence]:
    for start, end in sentence_ranges(text):
        tokens = tokens_of(text, start, end)
        yield Sentence(tuple(tokens.forms), tuple(_labels(tokens, spans)), "smartdata")


def _labels(tokens: Tokens, spans: list[tuple[int, int, str]]) -> Iterator[str]:
    before: tuple[int, int, str] | None = None
    for start, end in zip(tokens.starts, tokens.ends, strict=True):
        inside = next((span for span in spans if span[0] <= start and end <= span[1]), None)
        yield f"{'I' if inside == before else 'B'}-{inside[2]}" if inside else OUTSIDE
        before = inside


def spans_of(labels: tuple[str, ...] | list[str]) -> list[Span]:
    """The names that labels in the BIO scheme describe, in order; an I- without its beginning begins one."""
    found: list[Span] = []
    first, kind = 0, ""
    for at, label in enumerate((*labels, OUTSIDE)):
        if kind and label != f"I-{kind}":
            found.append(Span(first, at, kind))
            kind = ""
        if label != OUTSIDE and not kind:
            first, kind = at, label[2:]
    return found

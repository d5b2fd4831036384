"""Recognisers asked about labelled sentences, so that they can be scored side by side: the whole enricher, gazetteers alone, the model alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from pipeline.article import Article, Language, Source
from pipeline.entities.corpora import Sentence, Span
from pipeline.entities.score import Recogniser
from pipeline.plugins import Enricher

_TYPES = {"person": "PER", "organisation": "ORG", "place": "LOC", "country": "LOC", "other": "OTH"}


_NO_BLANK_BEFORE = frozenset(",.;:!?)]}…%")
_NO_BLANK_BEHIND = frozenset("([{")


def as_text(words: Sequence[str]) -> tuple[str, list[int], list[int]]:
    """The words as an article has them, without blanks before stops and inside brackets; where each begins and ends."""
    text, starts, ends = "", [], []
    for word in words:
        if text and word not in _NO_BLANK_BEFORE and text[-1] not in _NO_BLANK_BEHIND:
            text += " "
        starts.append(len(text))
        text += word
        ends.append(len(text))
    return text, starts, ends


def whole(enricher: Enricher, language: str) -> Recogniser:
    """The recogniser that runs live, with all that its options say, asked about each sentence as an article of its own."""

    def recognise(sentence: Sentence) -> Iterator[Span]:
        text, starts, ends = as_text(sentence.words)
        article = Article(id="sentence", source=Source(id="corpus"), body=text, language=Language(code=language))
        for entity in enricher.enrich(article).entities:
            for mention in entity.mentions:
                first, last = bisect_left(starts, mention.start), bisect_left(ends, mention.end)
                if first < len(starts) and last < len(starts) and starts[first] == mention.start and ends[last] == mention.end:
                    yield Span(first, last + 1, _TYPES[entity.type])

    return recognise

"""Synthetic re-prints of texts, as agencies' customers make them: framed, cut, thinned, edited. Seeded, so that all see the same ones.

`words` is what new words are drawn from; `draw` is the only source of chance.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Variant = Callable[[str, random.Random, Sequence[str]], str]

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_OPENINGS = (
    "Exklusiv für unsere Leser",
    "Das Wichtigste vom Tag im Überblick",
    "Aus der Redaktion für Politik",
    "Eilmeldung, wird laufend ergänzt",
    "Was wir wissen und was nicht",
)
_CLOSINGS = (
    "Mehr zum Thema lesen Sie morgen in der gedruckten Ausgabe.",
    "Dieser Text erschien zuerst bei einer Agentur und wurde nicht bearbeitet.",
    "Folgen Sie uns auch in den sozialen Netzen, um nichts zu versäumen.",
    "Die Redaktion ist für Hinweise unter der bekannten Adresse zu erreichen.",
)


def framed(text: str, draw: random.Random, words: Sequence[str]) -> str:
    """With a new head line and a new foot line of drawn words around house phrases."""
    head = f"{draw.choice(_OPENINGS)}: {' '.join(draw.choices(words, k=8))}"
    foot = f"{' '.join(draw.choices(words, k=6))}. {draw.choice(_CLOSINGS)}"
    return f"{head}\n{text}\n{foot}"


def last_30_percent_cut(text: str, draw: random.Random, words: Sequence[str]) -> str:
    return _first_share(text, 0.7)


def first_40_percent(text: str, draw: random.Random, words: Sequence[str]) -> str:
    return _first_share(text, 0.4)


def every_4th_sentence_dropped(text: str, draw: random.Random, words: Sequence[str]) -> str:
    sentences = _SENTENCE_END.split(text)
    start = draw.randrange(4)
    return " ".join(sentence for place, sentence in enumerate(sentences) if place % 4 != start) or text


def edited(share: float) -> Variant:
    """A variant in which this share of the words is replaced by drawn ones."""

    def variant(text: str, draw: random.Random, words: Sequence[str]) -> str:
        return _edited(text, share, draw, words)

    return variant


def framed_and_5_percent_edited(text: str, draw: random.Random, words: Sequence[str]) -> str:
    return framed(_edited(text, 0.05, draw, words), draw, words)


VARIANTS: dict[str, Variant] = {
    "framed": framed,
    "last 30 % cut": last_30_percent_cut,
    "3 % edited": edited(0.03),
    "8 % edited": edited(0.08),
    "15 % edited": edited(0.15),
    "every 4th sentence dropped": every_4th_sentence_dropped,
    "framed and 5 % edited": framed_and_5_percent_edited,
    "first 40 %": first_40_percent,
}


def reprint(text: str, variant: str, seed: int, words: Sequence[str]) -> str:
    """One re-print of a text. `words` is what new words are drawn from. The same arguments give the same re-print."""
    return VARIANTS[variant](text, random.Random(f"{seed} {variant} {text[:80]}"), words)


def vocabulary(texts: Sequence[str], most: int = 5_000) -> list[str]:
    """Distinct words of the texts in order of appearance, at most `most`: what editors of these texts would write."""
    seen: dict[str, None] = {}
    for text in texts:
        seen.update(dict.fromkeys(text.split()))
        if len(seen) >= most:
            break
    return list(seen)[:most]


def _first_share(text: str, share: float) -> str:
    words = text.split(" ")
    return " ".join(words[: max(1, round(len(words) * share))])


def _edited(text: str, share: float, draw: random.Random, words: Sequence[str]) -> str:
    own = text.split(" ")
    for place in draw.sample(range(len(own)), round(len(own) * share)):
        own[place] = draw.choice(words)
    return " ".join(own)

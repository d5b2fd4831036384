"""What resembles a word of a rule and is none: told to people who ask why nothing matched."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pipeline.find.capitals import capital_refusal
from pipeline.find.guards import hyphen_refusal, open_refusal, refusal
from pipeline.find.index import TextIndex
from pipeline.find.numbers import longer_number_refusal
from pipeline.find.words import places
from pipeline.lexicon.compounds import heads
from pipeline.lexicon.compounds import refusal as compound_refusal
from pipeline.rules.signs import missing
from pipeline.rules.spellings import Spelled

_LEAST_LETTERS = 3


class NearMiss(msgspec.Struct, frozen=True, order=True):
    """Characters `start` to `end` look like the word; `why` they are not."""

    start: int
    end: int
    why: str


def misses(index: TextIndex, spelling: Spelled) -> list[NearMiss]:
    """Every place that was rejected, in order, with the guard that rejected it."""
    hits = {(each.start, each.end) for each in places(index, spelling, "")}
    found: dict[tuple[int, int], NearMiss] = {}
    for each in (*_guarded(index, spelling), *_inside(index, spelling), *_open(index, spelling)):
        if (each.start, each.end) not in hits:
            found.setdefault((each.start, each.end), each)
    return sorted(found.values())


def _guarded(index: TextIndex, spelling: Spelled) -> Iterator[NearMiss]:
    for form in spelling.forms:
        for unit in index.spans(form):
            why = refusal(spelling, form, index.read.text[unit.start : unit.end], swiss=index.swiss)
            if not why and index.german:
                why = capital_refusal(index.read, spelling, form, unit.start, unit.end)
                why = why or hyphen_refusal(index.read, spelling, unit.token, unit.end)
            if not why and spelling.number:
                why = longer_number_refusal(spelling, index.read.text, unit.start, unit.end)
            why = why or missing(index.read.text, unit.start, unit.end, spelling.sign, spelling.sign_before)
            if why:
                yield NearMiss(unit.start, unit.end, why)


def _inside(index: TextIndex, spelling: Spelled) -> Iterator[NearMiss]:
    for word in index.words:
        why = next(
            (each for form in sorted(spelling.forms, key=len, reverse=True) if (each := _why_inside(index, spelling, word, form))), ""
        )
        for unit in index.spans(word) if why else ():
            yield NearMiss(unit.start, unit.end, why)


def _why_inside(index: TextIndex, spelling: Spelled, word: str, form: str) -> str:
    """Why a longer word that holds the form is not the rule's; "" when it does not hold it."""
    if len(form) < _LEAST_LETTERS or len(word) <= len(form) or form not in word:
        return ""
    if word.endswith(form):
        return _why_no_head(index, spelling, word, form)
    if word.startswith(form):
        rest = word[len(form) :]
        if spelling.modifiers:
            return f"{rest!r} after {form!r} is no word, so this is another word"
        return (
            f"{form!r} is only the beginning: `compound: [head, modifier]` would find compounds that begin with it, if {rest!r} is a word"
        )
    return f"{form!r} stands only inside the word"


def _why_no_head(index: TextIndex, spelling: Spelled, word: str, form: str) -> str:
    if not index.german:
        return f"the language is not German, so that {word!r} is not taken apart"
    no_compound = "" if form in heads(word) else compound_refusal(word, form)
    if no_compound:
        return no_compound
    if not spelling.heads:
        return (
            f"{form!r} is the head of this compound, but the rule does not ask for compounds "
            "(words of five letters and more do, unless they are names that no dictionary has): `compound: [head]`"
        )
    if form not in spelling.heads:
        return f"{form!r} does not count as the head of a compound"
    units = index.spans(word)
    surface = index.read.text[units[0].start : units[0].end] if units else word
    return (
        refusal(spelling, form, surface, head=True, swiss=index.swiss)
        or (capital_refusal(index.read, spelling, form, units[0].start, units[0].end, head=True) if units else "")
        or (hyphen_refusal(index.read, spelling, units[0].token, units[0].end) if units else "")
        or f"{word!r} is known as a word of its own, not as a compound with {form!r}"
    )


def _open(index: TextIndex, spelling: Spelled) -> Iterator[NearMiss]:
    read = index.read
    for token in range(len(read.forms) - 1):
        joined = read.forms[token] + read.forms[token + 1]
        if joined not in spelling.forms:
            continue
        start, end = read.starts[token], read.ends[token + 1]
        between = read.text[read.ends[token] : read.starts[token + 1]]
        if read.sentence_of(token) != read.sentence_of(token + 1):
            why = "a sentence ends between the two words"
        elif not between.isspace() or len(between) != 1:
            why = f"{between!r} stands between the two words; only one blank, or a hyphen, makes them one"
        else:
            why = open_refusal(spelling, read, token, joined, german=index.german)
        if why:
            yield NearMiss(start, end, why)

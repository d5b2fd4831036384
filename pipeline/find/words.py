"""Every place of a word, in all the ways in which a text may write it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pipeline.find.capitals import capital_refusal
from pipeline.find.guards import ellipsis_refusal, hyphen_refusal, open_refusal, refusal
from pipeline.find.index import TextIndex
from pipeline.find.numbers import before_hyphen, longer_number_refusal
from pipeline.find.places import Place
from pipeline.find.separated import separated
from pipeline.lexicon.compounds import heads, is_head, rest_is_word
from pipeline.rules.signs import with_signs
from pipeline.rules.spellings import Spelled

_LEAST_REST_LETTERS = 3
_NOWHERE: list[Place] = []


def places(index: TextIndex, spelling: Spelled, own: str) -> list[Place]:
    """Where the word stands, each place once and in order; `own` is the folded form that the rule gives ("exact")."""
    if index.keys.isdisjoint(spelling.forms) and not spelling.hidden:
        return _NOWHERE
    key = (id(spelling), own)
    found = index.places.get(key)
    if found is None:
        found = _all(index, spelling, own)
        if spelling.sign or spelling.sign_before:
            found = list(_signed(index, spelling, found))
        if len(found) > 1:
            best: dict[tuple[int, int], Place] = {}
            for each in found:
                best.setdefault((each.start, each.end), each)
            found = sorted(best.values())
        index.places[key] = found
    return found


def _signed(index: TextIndex, spelling: Spelled, found: list[Place]) -> Iterator[Place]:
    """The places that have the word's signs, with them."""
    for place in found:
        edges = with_signs(index.read.text, place.start, place.end, spelling.sign, spelling.sign_before)
        if edges:
            yield msgspec.structs.replace(place, start=edges[0], end=edges[1])


def _all(index: TextIndex, spelling: Spelled, own: str) -> list[Place]:
    """The plainer ways first, for of two ways to find a place the plainer one is told."""
    found = _whole(index, spelling, own)
    if spelling.separated:
        found += separated(index, spelling)
    if spelling.strict:
        return found
    if spelling.head and not index.headed.isdisjoint(spelling.forms):
        found += _headed(index, spelling)
    if spelling.unknown_heads and index.german and index.may_end(spelling):
        found += _with_unknown_head(index, spelling)
    if not (spelling.closed or index.read.joined().isdisjoint(spelling.forms)):
        found += _open(index, spelling)
    if index.elliptic:
        found += _elliptic(index, spelling)
    if spelling.modifiers:
        found += _modifying(index, spelling)
    return found


def _whole(index: TextIndex, spelling: Spelled, own: str) -> list[Place]:
    found: list[Place] = []
    starts, ends, guarded = index.read.starts, index.read.ends, spelling.guarded
    for form in index.read.keys().intersection(spelling.forms):
        mode = "exact" if form == own else "inflected"
        found += [
            Place(token, token, starts[token], ends[token], mode)
            for token in index.tokens(form)
            if not (guarded and _is_another(index, spelling, form, starts[token], ends[token]))
        ]
        for unit in index.units.get(form, ()):
            if spelling.closed and len(index.read.parts[unit.token]) - unit.before - unit.after > 1:
                continue
            if guarded and _is_another(index, spelling, form, unit.start, unit.end):
                continue
            if not (index.german and hyphen_refusal(index.read, spelling, unit.token, unit.end)):
                mode_of_unit = "hyphenated" if unit.whole else "hyphen_part"
                found.append(Place(unit.token, unit.token, unit.start, unit.end, mode_of_unit, unit.before, unit.after))
    return found


def _is_another(index: TextIndex, spelling: Spelled, form: str, start: int, end: int) -> bool:
    if refusal(spelling, form, index.read.text[start:end], swiss=index.swiss):
        return True
    if spelling.number and longer_number_refusal(spelling, index.read.text, start, end):
        return True
    return bool(spelling.small) and index.german and bool(capital_refusal(index.read, spelling, form, start, end))


def _headed(index: TextIndex, spelling: Spelled) -> Iterator[Place]:
    for head in index.headed.intersection(spelling.heads):
        for word in index.by_head[head]:
            yield from _as_head(index, spelling, head, word)


def _with_unknown_head(index: TextIndex, spelling: Spelled) -> Iterator[Place]:
    for head in spelling.unknown_heads:
        for word in index.ending_in(head):
            if head not in heads(word) and is_head(word, head):
                yield from _as_head(index, spelling, head, word)


def _as_head(index: TextIndex, spelling: Spelled, head: str, word: str) -> Iterator[Place]:
    text = index.read.text
    for unit in index.spans(word):
        surface = text[unit.start : unit.end]
        noun = capital_refusal(index.read, spelling, head, unit.start, unit.end, head=True)
        verb = hyphen_refusal(index.read, spelling, unit.token, unit.end)
        if not (noun or verb or refusal(spelling, head, surface, head=True, swiss=index.swiss)):
            yield Place(unit.token, unit.token, unit.start, unit.end, "head", unit.before, unit.after)


def _open(index: TextIndex, spelling: Spelled) -> Iterator[Place]:
    read = index.read
    for joined in read.joined().intersection(spelling.forms):
        for token in index.open_pairs(joined):
            start, end = read.starts[token], read.ends[token + 1]
            if (
                read.sentence_of(token) == read.sentence_of(token + 1)
                and not open_refusal(spelling, read, token, joined, german=index.german)
                and not refusal(spelling, joined, read.text[start:end], swiss=index.swiss)
            ):
                yield Place(token, token + 1, start, end, "open")
    yield from before_hyphen(read, spelling, german=index.german)


def _elliptic(index: TextIndex, spelling: Spelled) -> Iterator[Place]:
    text = index.read.text
    for joined in index.elliptic.keys() & set(spelling.forms):
        for place in index.elliptic[joined]:
            verb = ellipsis_refusal(index.read, spelling, place.last)
            if not (verb or refusal(spelling, joined, text[place.start : place.end], swiss=index.swiss)):
                yield place


def _modifying(index: TextIndex, spelling: Spelled) -> Iterator[Place]:
    beginnings = tuple(sorted(spelling.modifiers, key=len, reverse=True))
    text = index.read.text
    for word in index.words:
        if not word.startswith(beginnings) or word in spelling.forms:
            continue
        first = next((each for each in beginnings if word.startswith(each) and _is_rest(word[len(each) :])), "")
        for unit in index.spans(word) if first else ():
            if not refusal(spelling, first, text[unit.start : unit.end], swiss=index.swiss):
                yield Place(unit.token, unit.token, unit.start, unit.end, "modifier", unit.before, unit.after)


def _is_rest(rest: str) -> bool:
    return len(rest) >= _LEAST_REST_LETTERS and rest_is_word(rest)

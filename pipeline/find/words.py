"""Every place of a word, in all the ways in which a text may write it."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.find.guards import open_refusal, refusal
from pipeline.find.index import TextIndex
from pipeline.find.places import Place
from pipeline.find.separated import separated
from pipeline.lexicon.compounds import heads, is_head, rest_is_word
from pipeline.rules.compiled import Spelling

_LEAST_REST_LETTERS = 3
_NOWHERE: list[Place] = []


def places(index: TextIndex, spelling: Spelling, own: str) -> list[Place]:
    """Where the word stands, each place once and in order; `own` is the folded form that the rule gives ("exact")."""
    key = (id(spelling), own)
    found = index.places.get(key)
    if found is None:
        best: dict[tuple[int, int], Place] = {}
        for each in _all(index, spelling, own):
            best.setdefault((each.start, each.end), each)
        found = sorted(best.values()) if best else _NOWHERE
        index.places[key] = found
    return found


def _all(index: TextIndex, spelling: Spelling, own: str) -> Iterator[Place]:
    """The plainer ways first, for of two ways to find a place the plainer one is told."""
    yield from _whole(index, spelling, own)
    if spelling.separated:
        yield from separated(index, spelling)
    if spelling.strict:
        return
    if index.german and (spelling.unknown_heads or not spelling.heads.isdisjoint(index.keys)):
        yield from _headed(index, spelling)
    if not spelling.forms.isdisjoint(index.read.joined()):
        yield from _open(index, spelling)
    if index.elliptic:
        yield from _elliptic(index, spelling)
    if spelling.modifiers:
        yield from _modifying(index, spelling)


def _whole(index: TextIndex, spelling: Spelling, own: str) -> Iterator[Place]:
    read = index.read
    for form in index.first_tokens.keys() & spelling.forms:
        mode = "exact" if form == own else "inflected"
        for token in index.tokens(form):
            start, end = read.starts[token], read.ends[token]
            if not refusal(spelling, form, read.text[start:end], swiss=index.swiss):
                yield Place(token, token, start, end, mode)
    for form in index.units.keys() & spelling.forms:
        for unit in index.units[form]:
            if not refusal(spelling, form, read.text[unit.start : unit.end], swiss=index.swiss):
                mode = "hyphenated" if unit.whole else "hyphen_part"
                yield Place(unit.token, unit.token, unit.start, unit.end, mode, unit.before, unit.after)


def _headed(index: TextIndex, spelling: Spelling) -> Iterator[Place]:
    for head in spelling.heads & index.by_head.keys():
        for word in index.by_head[head]:
            yield from _as_head(index, spelling, head, word)
    for head in spelling.unknown_heads:
        for word in index.ending_in(head):
            if head not in heads(word) and is_head(word, head):
                yield from _as_head(index, spelling, head, word)


def _as_head(index: TextIndex, spelling: Spelling, head: str, word: str) -> Iterator[Place]:
    text = index.read.text
    for unit in index.spans(word):
        if not refusal(spelling, head, text[unit.start : unit.end], head=True, swiss=index.swiss):
            yield Place(unit.token, unit.token, unit.start, unit.end, "head", unit.before, unit.after)


def _open(index: TextIndex, spelling: Spelling) -> Iterator[Place]:
    read = index.read
    for joined in spelling.forms & read.joined():
        for token in index.open_pairs(joined):
            start, end = read.starts[token], read.ends[token + 1]
            if (
                read.sentence_of(token) == read.sentence_of(token + 1)
                and not open_refusal(read.surface(token), read.surface(token + 1), joined, german=index.german)
                and not refusal(spelling, joined, read.text[start:end], swiss=index.swiss)
            ):
                yield Place(token, token + 1, start, end, "open")


def _elliptic(index: TextIndex, spelling: Spelling) -> Iterator[Place]:
    text = index.read.text
    for joined in spelling.forms & index.elliptic.keys():
        for place in index.elliptic[joined]:
            if not refusal(spelling, joined, text[place.start : place.end], swiss=index.swiss):
                yield place


def _modifying(index: TextIndex, spelling: Spelling) -> Iterator[Place]:
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

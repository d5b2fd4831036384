"""Words that are left out where a hyphen stands for them: "Raketen- und Atomtests", "Raketenstarts und -tests"."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import lru_cache

from pipeline.find.places import Place
from pipeline.lexicon.compounds import heads, is_head
from pipeline.text.folding import HYPHENS
from pipeline.text.tokens import Analysed

# "Raketen- als auch Atomtests", "Raketen- bzw. Atomtests": what stands between the conjuncts of an ellipsis.
JOINING = frozenset(str.split("und oder sowie bzw beziehungsweise respektive wie als auch noch bis aber u od samt plus statt"))
_LEAST_LETTERS = 3
_MOST_TOKENS = 8
_MOST_JOINING = 2


@lru_cache(maxsize=8)
def ellipses(read: Analysed) -> Mapping[str, list[Place]]:
    """The full words that are meant, with the place from the first to the last word that makes them; {} for a text without ellipsis."""
    found: dict[str, list[Place]] = {}
    for token in _at_edges(read):
        if read.hyphen_after(token):
            _add_completed(found, read, token)
        if read.hyphen_before(token):
            _add_continued(found, read, token)
    return found


def _at_edges(read: Analysed) -> list[int]:
    """The tokens beside a hyphen that does not stand inside a token, ascending."""
    found: set[int] = set()
    for hyphen in HYPHENS:
        at = read.text.find(hyphen)
        while at >= 0:
            token = bisect_right(read.starts, at) - 1
            if token < 0 or read.ends[token] <= at:
                found |= {token, token + 1}
            at = read.text.find(hyphen, at + 1)
    return sorted(each for each in found if 0 <= each < len(read.starts))


def _add_completed(found: dict[str, list[Place]], read: Analysed, token: int) -> None:
    """ "Raketen-, Drohnen- und Atomtests": the first part, completed by the heads of the word that ends the row."""
    at, joining = token + 1, 0
    while at < len(read.forms) and at - token <= _MOST_TOKENS:
        if read.forms[at] in JOINING:
            joining += 1
        elif not read.hyphen_after(at):
            break
        at += 1
    else:
        return
    if read.sentence_of(at) != read.sentence_of(token) or joining > _MOST_JOINING or not (joining or _listed(read, token, at)):
        return
    for head in _tails(read, at):
        place = Place(token, at, read.starts[token], read.ends[at], "ellipsis")
        found.setdefault(read.forms[token] + head, []).append(place)


def _listed(read: Analysed, token: int, at: int) -> bool:
    """ "Raketen-/Atomtests", "Raketen- & Atomtests"."""
    return any(sign in read.text[read.ends[token] : read.starts[at]] for sign in "/&+,")


def _tails(read: Analysed, token: int) -> Iterator[str]:
    """What the token may lend to a word that lacks its end: its compound heads, the last of its parts, and itself."""
    form, parts = read.forms[token], read.parts.get(token, ())
    yield form
    lent = {form}
    if parts and parts[-1][0] not in lent:
        lent.add(parts[-1][0])
        yield parts[-1][0]
    for word in (form, parts[-1][0]) if parts else (form,):
        for length in range(len(word) - _LEAST_LETTERS, _LEAST_LETTERS - 1, -1):
            tail = word[-length:]
            if tail not in lent and (tail in heads(word) or is_head(word, tail)):
                lent.add(tail)
                yield tail


def _add_continued(found: dict[str, list[Place]], read: Analysed, token: int) -> None:
    """ "Raketenstarts, -abwehr und -tests": the beginning of the word before the row, continued by the last part."""
    at, joining = token - 1, 0
    while at >= 0 and token - at <= _MOST_TOKENS:
        if read.forms[at] in JOINING:
            joining += 1
        elif not read.hyphen_before(at):
            break
        at -= 1
    else:
        return
    if read.sentence_of(at) != read.sentence_of(token) or joining > _MOST_JOINING or not (joining or _listed(read, at, token)):
        return
    for beginning in _beginnings(read, at):
        place = Place(at, token, read.starts[at], read.ends[token], "ellipsis")
        found.setdefault(beginning + read.forms[token], []).append(place)


def _beginnings(read: Analysed, token: int) -> Iterator[str]:
    form, parts = read.forms[token], read.parts.get(token, ())
    lent = {form[: -len(head)] for head in heads(form)}
    if parts:
        lent.add("".join(part[0] for part in parts[:-1]))
    yield from (each for each in sorted(lent) if len(each) >= _LEAST_LETTERS)

"""Whether one rule's tree holds for one article, and by which words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from pipeline.article import Article, Field
from pipeline.find.index import TextIndex
from pipeline.find.nearness import windows
from pipeline.find.patterns import regexes, wildcards
from pipeline.find.phrases import glued, phrases
from pipeline.find.places import Place
from pipeline.find.words import places
from pipeline.rules.compiled import Condition, Inside, Nearby, Node, Pattern, Spelling, Tree, Words
from pipeline.rules.filters import holds, is_german
from pipeline.rules.model import SEARCHED, SearchedField
from pipeline.text.tokens import Analysed


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """Words of a text that made a clause hold: characters `start` to `end` of `field`, tokens `first` to `last`."""

    term: str
    mode: str
    field: Field
    start: int
    end: int
    first: int
    last: int
    clause: str


_UNWRITTEN_SHARP_S = frozenset({"CH", "LI"})


class Reading:
    """One article's words, indexed for as many rules as ask. `german`: its language is German or unknown."""

    def __init__(self, texts: Mapping[Field, Analysed], article: Article) -> None:
        self.texts = texts
        self.article = article
        german = is_german(article)
        swiss = _writes_no_sharp_s(article)
        self.indexes = {field: TextIndex(read, german=german, swiss=swiss) for field, read in texts.items() if read.forms}
        self._limits: dict[Sequence[SearchedField], dict[Field, int]] = {}
        self._lacked: dict[int, bool] = {}
        self._sentences: dict[tuple[Field, int], str] = {}

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset().union(*(index.keys for index in self.indexes.values()))

    def lacks(self, spelling: Spelling) -> bool:
        """Whether a quick look shows that the word stands in none of the fields; remembered for the next rule that asks."""
        known = self._lacked.get(id(spelling))
        if known is None:
            known = self._lacked[id(spelling)] = (
                spelling.forms.isdisjoint(self._keys)
                and (spelling.heads is spelling.forms or spelling.heads.isdisjoint(self._keys))
                and not spelling.separated
                and not spelling.modifiers
                and not (spelling.unknown_heads and self._ends_in(spelling.unknown_heads))
            )
        return known

    def _ends_in(self, endings: Iterable[str]) -> bool:
        return any(index.ending_in(each) for index in self.indexes.values() for each in endings)

    def limits(self, searched: Sequence[SearchedField]) -> dict[Field, int]:
        """Up to where each field with words is searched. The lead is the summary or, where there is none, the first paragraph of the body."""
        if searched not in self._limits:
            limits: dict[Field, int] = {}
            if "title" in searched:
                limits["title"] = len(self.texts["title"].text)
            if "lead" in searched:
                if self.texts["summary"].text:
                    limits["summary"] = len(self.texts["summary"].text)
                else:
                    limits["body"] = _first_paragraph(self.texts["body"].text)
            if "body" in searched:
                limits["body"] = len(self.texts["body"].text)
            self._limits[searched] = {field: limit for field, limit in limits.items() if field in self.indexes}
        return self._limits[searched]

    def normalised(self, field: Field, sentence: int) -> str:
        """The folded words of a sentence: what stays the same when only its punctuation is edited."""
        if (field, sentence) not in self._sentences:
            read = self.texts[field]
            start, end = read.sentences[sentence]
            self._sentences[field, sentence] = " ".join(read.forms[bisect_left(read.starts, start) : bisect_left(read.starts, end)])
        return self._sentences[field, sentence]


def _writes_no_sharp_s(article: Article) -> bool:
    country = article.source.country.upper()
    return country in _UNWRITTEN_SHARP_S or (not country and article.source.site.endswith((".ch", ".li")))


def _first_paragraph(text: str) -> int:
    end = text.find("\n\n")
    if end < 0:
        end = text.find("\n")
    return len(text) if end < 0 else end


def may_hold(node: Node, reading: Reading) -> bool:
    """Whether a quick look at the words leaves it possible that `node` holds; most rules that are tried end here."""
    match node:
        case Words():
            return node.glued or not any(map(reading.lacks, node.words))
        case Tree():
            return all(may_hold(each, reading) for each in node.all) and (not node.any or any(may_hold(each, reading) for each in node.any))
        case Nearby():
            return all(may_hold(each, reading) for each in node.items)
        case _:
            return True


def evidence(tree: Tree, reading: Reading, searched: Sequence[SearchedField] = SEARCHED, path: str = "") -> list[Evidence] | None:
    """Everything that makes the tree hold, in the order of its clauses; None when it does not hold."""
    found: list[Evidence] = []
    for number, child in enumerate(tree.all):
        each = _found(child, reading, searched, path if tree.whole else f"{path}all[{number}]")
        if each is None:
            return None
        found += each
    if tree.any:
        held = False
        for number, child in enumerate(tree.any):
            each = _found(child, reading, searched, path if tree.whole else f"{path}any[{number}]")
            if each is not None:
                held = True
                found += each
        if not held:
            return None
    if any(_found(child, reading, searched, "") is not None for child in tree.none):
        return None
    return found


def _found(node: Node, reading: Reading, searched: Sequence[SearchedField], path: str) -> list[Evidence] | None:
    match node:
        case Words():
            return _of_words(node, reading, searched, path) or None
        case Tree():
            return evidence(node, reading, searched, path if node.whole else f"{path}.")
        case Nearby():
            return _near(node, reading, searched, path) or None
        case Condition():
            return [] if holds(node, reading.article) else None
        case Pattern():
            return _of_pattern(node, reading, searched, path) or None
        case Inside():
            return _found(node.node, reading, tuple(each for each in searched if each in node.fields), path)


def _of_words(node: Words, reading: Reading, searched: Sequence[SearchedField], path: str) -> list[Evidence]:
    found: list[Evidence] = []
    if not node.glued and any(reading.lacks(each) for each in node.words):
        return found
    for field, limit in reading.limits(searched).items():
        index = reading.indexes[field]
        if len(node.words) == 1:
            there: Sequence[Place] = places(index, node.words[0], node.own)
        else:
            there = list(_rows(node, index))
        found += [_evidence(node.term, field, each, path) for each in there if each.end <= limit]
    return found


def _rows(node: Words, index: TextIndex) -> Iterator[Place]:
    if node.glued:
        characters = [next(iter(each.forms)) for each in node.words]
        return glued(index.read, index.tokens(characters[0]), characters)
    there = []
    for spelling in node.words:
        there.append(places(index, spelling, ""))
        if not there[-1]:
            return iter(())
    return phrases(index, there, node.slop)


def _of_pattern(node: Pattern, reading: Reading, searched: Sequence[SearchedField], path: str) -> list[Evidence]:
    find = wildcards if node.kind == "wildcard" else regexes
    return [
        _evidence(node.term, field, each, path)
        for field, limit in reading.limits(searched).items()
        for each in find(reading.indexes[field], node.pattern)
        if each.end <= limit
    ]


def _evidence(term: str, field: Field, place: Place, path: str) -> Evidence:
    return Evidence(term, place.mode, field, place.start, place.end, place.first, place.last, path)


def _near(near: Nearby, reading: Reading, searched: Sequence[SearchedField], path: str) -> list[Evidence]:
    """The words of every place where all items stand close together in one sentence or paragraph, each once."""
    scopes: dict[tuple[Field, int], list[tuple[int, Evidence]]] = {}
    for number, item in enumerate(near.items):
        there = _found(item, reading, searched, path)
        if not there:
            return []
        for each in there:
            index = reading.indexes[each.field]
            scope = index.paragraph_of(each.first) if near.paragraph else index.read.sentence_of(each.first)
            scopes.setdefault((each.field, scope), []).append((number, each))
    found: dict[Evidence, None] = {}
    for here in scopes.values():
        for window in windows(here, len(near.items), ordered=near.ordered):
            if max(each.last for each in window) - min(each.first for each in window) <= near.within:
                found.update(dict.fromkeys(window))
    if near.term:
        return [msgspec.structs.replace(each, term=near.term, mode="constituents") for each in found]
    return list(found)

"""Whether one rule's tree holds for one article, and by which words."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from pipeline.article import Article, Field
from pipeline.find.index import TextIndex
from pipeline.find.nearness import windows
from pipeline.find.patterns import regexes, wildcards
from pipeline.find.phrases import glued, phrases
from pipeline.find.places import Place
from pipeline.find.words import places
from pipeline.rules.compiled import Condition, Inside, Nearby, Node, Pattern, Spelled, Tree, Words
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
        self._sentences: dict[tuple[Field, int], tuple[int, int, str]] = {}
        self._keys = tuple(index.keys for index in self.indexes.values())

    def lacks(self, node: Words) -> bool:
        """Whether a quick look shows that a word of the node stands in none of the fields."""
        if node.glued:
            return False
        for each in node.words:
            for keys in self._keys:
                if not keys.isdisjoint(each.forms):
                    break
            else:
                if not each.hidden or self._lacks_hidden(each):
                    return True
        return False

    def _lacks_hidden(self, spelling: Spelled) -> bool:
        """The same for a word none of whose forms is a key of the text."""
        if spelling.separated or spelling.modifiers:
            return False
        return not any(index.may_end(spelling) for index in self.indexes.values())

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

    def sentence(self, field: Field, token: int) -> tuple[int, int, str]:
        """Where the sentence of the token begins and ends, and a hash of the article and its folded words.

        The hash stays the same when only the punctuation of the sentence is edited.
        """
        read = self.texts[field]
        number = read.sentence_of(token)
        found = self._sentences.get((field, number))
        if found is None:
            start, end = read.sentences[number]
            words = " ".join(read.forms[bisect_left(read.starts, start) : bisect_left(read.starts, end)])
            digest = hashlib.sha256(f"{self.article.id}\x00{words}".encode("utf-8", "surrogatepass")).hexdigest()
            found = self._sentences[field, number] = start, end, digest
        return found


def _writes_no_sharp_s(article: Article) -> bool:
    country = article.source.country.upper()
    return country in _UNWRITTEN_SHARP_S or (not country and article.source.site.endswith((".ch", ".li")))


def _first_paragraph(text: str) -> int:
    end = text.find("\n\n")
    if end < 0:
        end = text.find("\n")
    return len(text) if end < 0 else end


def _may_hold(node: Node, reading: Reading) -> bool:
    """Whether a quick look at the words leaves it possible that `node` holds; most rules that are tried end here."""
    if isinstance(node, Words):
        return not reading.lacks(node)
    if isinstance(node, Nearby):
        return all(_may_hold(each, reading) for each in node.items)
    if isinstance(node, Tree):
        return all(_may_hold(each, reading) for each in node.all) and (not node.any or any(_may_hold(each, reading) for each in node.any))
    return True


def evidence(tree: Tree, reading: Reading, searched: Sequence[SearchedField] = SEARCHED, path: str = "") -> list[Evidence] | None:
    """Everything that makes the tree hold, in the order of its clauses; None when it does not hold."""
    for child in tree.all:
        if not _may_hold(child, reading):
            return None
    possible = [(number, child) for number, child in enumerate(tree.any) if _may_hold(child, reading)]
    if tree.any and not possible:
        return None
    found: list[Evidence] = []
    for number, child in enumerate(tree.all):
        each = _found(child, reading, searched, path if tree.whole else f"{path}all[{number}]")
        if each is None:
            return None
        found += each
    held = not possible
    for number, child in possible:
        each = _found(child, reading, searched, path if tree.whole else f"{path}any[{number}]")
        if each is not None:
            held = True
            found += each
    if not held or any(_may_hold(child, reading) and _found(child, reading, searched, "") is not None for child in tree.none):
        return None
    return found


def _found(node: Node, reading: Reading, searched: Sequence[SearchedField], path: str) -> list[Evidence] | None:
    if isinstance(node, Words):
        return _of_words(node, reading, searched, path) or None
    match node:
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
    for field, limit in reading.limits(searched).items():
        index = reading.indexes[field]
        there = places(index, node.words[0], node.own) if len(node.words) == 1 else _rows(node, index)
        for each in there:
            if each.end <= limit:
                found.append(_evidence(node.term, field, each, path))
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

"""Whether one rule's tree holds for one article, and by which words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.article import Field
from pipeline.rules.model import Nearby, Node, SearchedField, Tree, Words
from pipeline.text.tokens import Analysed


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of a text that made a clause hold: characters `start` to `end` of `field`, tokens `first` to `last`."""

    term: str
    mode: str
    field: Field
    start: int
    end: int
    first: int
    last: int
    clause: str


class Reading:
    """One article's words, indexed for as many rules as ask."""

    def __init__(self, texts: Mapping[Field, Analysed]) -> None:
        self.texts = texts
        self._tokens: dict[Field, dict[str, list[int]]] = {field: _tokens_by_form(read) for field, read in texts.items()}
        self._limits: dict[Sequence[SearchedField], dict[Field, int]] = {}
        self._sentences: dict[tuple[Field, int], str] = {}

    def tokens(self, field: Field, form: str) -> Sequence[int]:
        """The tokens that have the form, as a whole or in one of their parts, ascending."""
        return self._tokens[field].get(form, ())

    def limits(self, searched: Sequence[SearchedField]) -> dict[Field, int]:
        """Up to where each field is searched. The lead is the summary or, where there is none, the first paragraph of the body."""
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
            self._limits[searched] = limits
        return self._limits[searched]

    def normalised(self, field: Field, sentence: int) -> str:
        """The folded words of a sentence: what stays the same when only its punctuation is edited."""
        if (field, sentence) not in self._sentences:
            read = self.texts[field]
            start, end = read.sentences[sentence]
            self._sentences[field, sentence] = " ".join(read.forms[bisect_left(read.starts, start) : bisect_left(read.starts, end)])
        return self._sentences[field, sentence]


def _tokens_by_form(read: Analysed) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for token, form in enumerate(read.forms):
        found.setdefault(form, []).append(token)
    for token, parts in read.parts.items():
        for form in {part[0] for part in parts} - {read.forms[token]}:
            found.setdefault(form, []).append(token)
    for form in {part[0] for parts in read.parts.values() for part in parts}:
        found[form].sort()
    return found


def _first_paragraph(text: str) -> int:
    end = text.find("\n\n")
    if end < 0:
        end = text.find("\n")
    return len(text) if end < 0 else end


def evidence(tree: Tree, reading: Reading, searched: Sequence[SearchedField], path: str = "") -> list[Evidence] | None:
    """Everything that makes the tree hold, in the order of its clauses; None when it does not hold."""
    found: list[Evidence] = []
    for number, child in enumerate(tree.all):
        each = _found(child, reading, searched, f"{path}all[{number}]")
        if each is None:
            return None
        found += each
    if tree.any:
        alternatives = [_found(child, reading, searched, f"{path}any[{number}]") for number, child in enumerate(tree.any)]
        holding = [each for each in alternatives if each is not None]
        if not holding:
            return None
        found += [one for each in holding for one in each]
    if any(_found(child, reading, searched, "") is not None for child in tree.none):
        return None
    return found


def _found(node: Node, reading: Reading, searched: Sequence[SearchedField], path: str) -> list[Evidence] | None:
    match node:
        case Words():
            return _all_of(node, reading, searched, path) or None
        case Nearby():
            return _near(node, reading, searched, path) or None
        case Tree():
            return evidence(node, reading, searched, f"{path}.")


def _all_of(words: Words, reading: Reading, searched: Sequence[SearchedField], path: str) -> list[Evidence]:
    """Every place of `words`."""
    return [
        each for field, limit in reading.limits(searched).items() for each in _in_field(words, reading, field, path) if each.end <= limit
    ]


def _in_field(words: Words, reading: Reading, field: Field, path: str) -> Iterator[Evidence]:
    read = reading.texts[field]
    starts = sorted({token for form in words.words[0] for token in reading.tokens(field, form)})
    for token in starts:
        piece = _piece(read, token, words.words[0])
        rest = _continued(read, token, words) if piece else None
        if piece is None or rest is None:
            continue
        last, end = rest if len(words.words) > 1 else (token, piece[1])
        mode = "phrase" if last > token and not words.glued else piece[2]
        yield Evidence(words.term, mode, field, piece[0], end, token, last, path)
    for token in sorted({token for form in words.joined for token in reading.tokens(field, form)}):
        if token in read.parts and read.forms[token] in words.joined:
            yield Evidence(words.term, "hyphenated", field, read.starts[token], read.ends[token], token, token, path)


def _piece(read: Analysed, token: int, forms: frozenset[str]) -> tuple[int, int, str] | None:
    """Where the token, or one of its parts, has one of the forms."""
    if read.forms[token] in forms:
        return read.starts[token], read.ends[token], "exact"
    for form, start, end in read.parts.get(token, ()):
        if form in forms:
            return start, end, "hyphen_part"
    return None


def _continued(read: Analysed, token: int, words: Words) -> tuple[int, int] | None:
    """The last token of the phrase that begins at `token`, and where it ends; None when the phrase is not there."""
    at, end, gaps = token, read.ends[token], words.slop
    for forms in words.words[1:]:
        for candidate in range(at + 1, min(at + 2 + gaps, len(read.forms))):
            piece = _piece(read, candidate, forms)
            if piece is not None:
                break
        else:
            return None
        if words.glued and read.text[read.ends[at] : read.starts[candidate]].strip(_INVISIBLE_OR_BLANK):
            return None
        gaps -= candidate - at - 1
        at, end = candidate, piece[1]
    return (at, end) if read.sentence_of(at) == read.sentence_of(token) else None


_INVISIBLE_OR_BLANK = " \n\t\xad\u200b\u200c\u200d\u2060\ufeff"


def _near(near: Nearby, reading: Reading, searched: Sequence[SearchedField], path: str) -> list[Evidence]:
    """The words of every place where all items stand close together in one sentence, each once."""
    sentences: dict[tuple[Field, int], list[tuple[int, Evidence]]] = {}
    for number, item in enumerate(near.items):
        places = _all_of(item, reading, searched, path)
        if not places:
            return []
        for each in places:
            sentences.setdefault((each.field, reading.texts[each.field].sentence_of(each.first)), []).append((number, each))
    together = _in_order if near.ordered else _in_any_order
    found: dict[Evidence, None] = {}
    for places_here in sentences.values():
        for window in together(sorted(places_here, key=_by_place), len(near.items)):
            if max(each.last for each in window) - min(each.first for each in window) <= near.within:
                found.update(dict.fromkeys(window))
    return list(found)


def _by_place(place: tuple[int, Evidence]) -> tuple[int, int]:
    return place[1].first, place[1].start


def _in_any_order(places: list[tuple[int, Evidence]], items: int) -> Iterator[list[Evidence]]:
    """For each place, the tightest window that ends there: the latest place of every item."""
    latest: dict[int, Evidence] = {}
    for number, each in places:
        latest[number] = each
        if len(latest) == items:
            yield list(latest.values())


def _in_order(places: list[tuple[int, Evidence]], items: int) -> Iterator[list[Evidence]]:
    """For each place, the latest-starting row of all items, in the given order, that ends there."""
    rows: list[list[Evidence]] = [[] for _ in range(items)]
    for number, each in places:
        before = rows[number - 1] if number else []
        if number == 0 or (before and before[-1].end <= each.start):
            rows[number] = [*before, each]
            if number == items - 1:
                yield rows[number]

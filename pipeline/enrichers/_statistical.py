"""What the statistical model finds in an article, as names that the recogniser can weigh against the gazetteers'.

Two passes: first the model reads every sentence by itself, then the names it was sure of are looked for in the whole article, so that one mention
in a clear sentence helps all others, and all mentions of a name have one type.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from pipeline.article import Field
from pipeline.enrichers._agreement import is_role
from pipeline.enrichers._gazetteer import EntityType, Found, Gazetteer, Sense, Subject, Words, language_bit
from pipeline.entities.hints import hints_for
from pipeline.entities.signs import is_common
from pipeline.entities.tag import Name, Tagger
from pipeline.entities.tokens import Token, tokens_of
from pipeline.entities.weights import shipped, shipped_languages
from pipeline.text.tokens import analyse

_TYPES: dict[str, EntityType] = {"PER": "person", "ORG": "organisation", "LOC": "place", "OTH": "other"}
# Other names (films, prizes, products) are found with less precision: two of three at most (models/de.md).
_LEAST_OTHER = 0.7
# What the model must be surer of before it speaks for the rest of the article.
_SURE = 0.7
_MOST_NAME_WORDS = 10


class Marked(NamedTuple):
    """Words `first` to `last` (exclusive) of a field are a name of this type."""

    field: Field
    words: Words
    first: int
    last: int
    type: EntityType
    confidence: float

    @property
    def key(self) -> str:
        return " ".join(self.words.forms[self.first : self.last])


class Statistical:
    """The models that come with the package. They decline to say anything of other languages."""

    def __init__(self, least_confidence: float) -> None:
        self._least = least_confidence
        self._languages = frozenset(shipped_languages())

    def marked(self, language: str, texts: Sequence[tuple[Field, Words]], found: Sequence[Sequence[Found]]) -> list[Marked]:
        """The names in the fields of an article, in order; [] for a language without a model. `found` is what the packaged names are found in."""
        code = language.partition("-")[0]
        if code not in self._languages:
            return []
        tokens: list[Token] = []
        hints: list[str] = []
        sentences: list[tuple[int, int]] = []
        owners: list[tuple[int, int]] = []
        base = 0
        for number, (_, words) in enumerate(texts):
            own = tokens_of(words.text)
            hints += hints_for(own, words, found[number], language_bit(code))
            owners += [(number, base)] * len(own)
            tokens += [Token(each.form, each.start + base, each.end + base) for each in own] if base else own
            sentences += [(start + base, end + base) for start, end in analyse(words.text).sentences]
            base += len(words.text) + 1
        names = tagger(code).names(tokens, hints, sentences)
        return [marked for name in names if (marked := self._marked(name, tokens, texts, owners[name.first]))]

    def _marked(self, name: Name, tokens: Sequence[Token], texts: Sequence[tuple[Field, Words]], owner: tuple[int, int]) -> Marked | None:
        if name.confidence < (max(self._least, _LEAST_OTHER) if name.type == "OTH" else self._least):
            return None
        field, words = texts[owner[0]]
        first = bisect_left(words.starts, tokens[name.first].start - owner[1])
        last = bisect_left(words.starts, tokens[name.last - 1].end - owner[1])
        if name.type == "PER":
            first = _behind_roles(words, first, last)
        if not 0 < last - first <= _MOST_NAME_WORDS or not _is_name(words, first, last):
            return None
        return Marked(field, words, first, last, _TYPES[name.type], name.confidence)


@cache
def tagger(language: str) -> Tagger:
    """The tagger of a language, with its model loaded (some tenths of a second)."""
    return Tagger(shipped(language))


def _behind_roles(words: Words, first: int, last: int) -> int:
    """The first word behind titles and roles: "US-Außenminister Antony Blinken" is called Antony Blinken."""
    for at in range(last - 2, first - 1, -1):
        if is_role(words.forms[at]):
            return at + 1
    return first


def _is_name(words: Words, first: int, last: int) -> bool:
    """Whether a capital, a digit or another script is in it, and it is no adjective or role alone."""
    text = words.text[words.starts[first] : words.ends[last - 1]]
    if text[:1].islower() and text.islower():
        return False
    return last - first > 1 or not (is_role(words.forms[first]) or _is_adjective(words.forms[first]))


_ADJECTIVE_ENDINGS = ("isch", "ische", "ischen", "ischer", "isches", "ischem")


def _is_adjective(form: str) -> bool:
    return form.endswith(_ADJECTIVE_ENDINGS)


def subjects_of(marked: Sequence[Marked], language: str) -> dict[str, Subject]:
    """For each marked name, by its folded words, what it stands for: the type that most of the confidence is for, without its genitive,
    and for a part of one person's name that person."""
    keys = {each.key for each in marked}
    weighed: defaultdict[str, defaultdict[EntityType, float]] = defaultdict(lambda: defaultdict(float))
    surfaces: dict[str, str] = {}
    for each in marked:
        base = _without_genitive(each.key, keys)
        weighed[base][each.type] += each.confidence
        if base == each.key:
            surfaces.setdefault(base, each.words.text[each.words.starts[each.first] : each.words.ends[each.last - 1]])
    own = {key: _subject(key, surfaces[key], types, language) for key, types in weighed.items()}
    whole = _owners_of_parts(own)
    bases = {key: _without_genitive(key, keys) for key in keys}
    return {key: whole.get(base, own[base]) if own[base].type == "person" else own[base] for key, base in bases.items()}


def _without_genitive(key: str, keys: set[str]) -> str:
    return key[:-1] if key.endswith("s") and key[:-1] in keys else key


def _subject(key: str, surface: str, types: Mapping[EntityType, float], language: str) -> Subject:
    kind = max(sorted(types), key=lambda each: types[each])
    name = " ".join(surface.split())
    families = (name.split()[-1],) if kind == "person" and " " in name else ()
    return Subject(f"name:{kind}:{key.replace(' ', '-')}", kind, name, f"model:{language}", families=families)


def _owners_of_parts(subjects: Mapping[str, Subject]) -> dict[str, Subject]:
    """First and last words of persons' names that only one person has, with that person."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for key, subject in subjects.items():
        if subject.families:
            first, *_, last = key.split()
            owners[first].add(key)
            owners[last].add(key)
    return {part: subjects[next(iter(keys))] for part, keys in owners.items() if len(keys) == 1}


def again(marked: Sequence[Marked], subjects: Mapping[str, Subject], language: str) -> Gazetteer:
    """What to look for in the rest of the article: names that the model was sure of and that are no common words."""
    sure = {each.key: each for each in marked if each.confidence >= _SURE and each.key in subjects and _is_telling(each, language)}
    return Gazetteer(_names(sure, subjects))


def _names(sure: Mapping[str, Marked], subjects: Mapping[str, Subject]) -> Iterator[tuple[str, Sense]]:
    for key, each in sure.items():
        surface = each.words.text[each.words.starts[each.first] : each.words.ends[each.last - 1]]
        yield surface, Sense(subjects[key], exact=surface if surface.isupper() else "")


def _is_telling(marked: Marked, language: str) -> bool:
    if marked.last - marked.first > 1:
        return True
    word = marked.words.text[marked.words.starts[marked.first] : marked.words.ends[marked.first]]
    return len(word) > 2 and not is_common(word, language)

"""What the statistical model finds in an article, as names that the recogniser can weigh against the gazetteers'.

Two passes: first the model reads every sentence by itself, then the names it was sure of are looked for in the whole article, so that one mention
in a clear sentence helps all others, and all mentions of a name have one type.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from pipeline.article import Field
from pipeline.enrichers._announcing import announced
from pipeline.enrichers._companies import without_form
from pipeline.enrichers._gazetteer import EntityType, Found, Gazetteer, Sense, Subject, Words, language_bit
from pipeline.enrichers._marked import Marked
from pipeline.entities.hints import hints_for
from pipeline.entities.signs import is_common, is_listed_word
from pipeline.entities.tag import Name, Tagger, TagsNames
from pipeline.entities.tokens import Tokens, tokens_of
from pipeline.entities.weights import shipped, shipped_languages
from pipeline.lexicon import membership
from pipeline.text.tokens import analyse

_TYPES: dict[str, EntityType] = {"PER": "person", "ORG": "organisation", "LOC": "place", "OTH": "other"}
# Other names (films, prizes, products) are found with less precision: two of three at most (models/de.md).
_LEAST_OTHER = 0.7
# What the model must be surer of before it speaks for the rest of the article.
_SURE = 0.7
_MOST_NAME_WORDS = 10


class Statistical:
    """The models that come with the package, or `taggers` in their place. They decline to say anything of other languages."""

    def __init__(self, least_confidence: float, taggers: Mapping[str, TagsNames]) -> None:
        self._least = least_confidence
        self._taggers = taggers

    def recogniser(self, language: str) -> str:
        """Who speaks of this language, as entities name it; "" for nobody."""
        tagger = self._taggers.get(_code(language))
        return tagger.recogniser if tagger else ""

    def marked(self, language: str, texts: Sequence[tuple[Field, Words]], found: Sequence[Sequence[Found]]) -> list[Marked]:
        """The names in the fields of an article, in order; [] for a language without a model. `found` is what the packaged names are found in."""
        code = _code(language)
        tagger = self._taggers.get(code)
        if tagger is None:
            return []
        tokens, hints, sentences = Tokens([], [], []), [], []
        owners: list[tuple[int, int]] = []
        base = 0
        for number, (_, words) in enumerate(texts):
            own = tokens_of(words.text)
            hints += hints_for(own, words, found[number], language_bit(code))
            owners += [(number, base)] * len(own.forms)
            tokens.forms.extend(own.forms)
            tokens.starts.extend([start + base for start in own.starts] if base else own.starts)
            tokens.ends.extend([end + base for end in own.ends] if base else own.ends)
            sentences += [(start + base, end + base) for start, end in analyse(words.text).sentences]
            base += len(words.text) + 1
        names = tagger.names(tokens, hints, sentences)
        return [marked for name in names if (marked := self._marked(name, code, tokens, texts, owners[name.first]))]

    def _marked(
        self, name: Name, language: str, tokens: Tokens, texts: Sequence[tuple[Field, Words]], owner: tuple[int, int]
    ) -> Marked | None:
        if name.confidence < (max(self._least, _LEAST_OTHER) if name.type == "OTH" else self._least):
            return None
        field, words = texts[owner[0]]
        if words.capitals:
            return None
        first = bisect_left(words.starts, tokens.starts[name.first] - owner[1])
        last = bisect_left(words.starts, tokens.ends[name.last - 1] - owner[1])
        if name.type == "PER":
            first = _behind_roles(words, first, last)
        if not 0 < last - first <= _MOST_NAME_WORDS or not _is_name(words, first, last, name.type):
            return None
        if name.type == "PER" and _describes(words, first, last, language):
            return None
        return Marked(field, words, first, last, _TYPES[name.type], name.confidence)


def _code(language: str) -> str:
    return language.partition("-")[0]


@cache
def shipped_taggers() -> Mapping[str, Tagger]:
    """The taggers with the models that come with the package (some tenths of a second; on a machine's first start some more for the words)."""
    membership.warm_up()
    return {language: Tagger(shipped(language)) for language in shipped_languages()}


def _behind_roles(words: Words, first: int, last: int) -> int:
    """The first word behind titles, roles and nouns of kind: "US-Außenminister Antony Blinken" is called Antony Blinken."""
    for at in range(last - 2, first - 1, -1):
        if announced(words.forms[at]):
            return at + 1
    return first


def _is_name(words: Words, first: int, last: int, kind: str) -> bool:
    """Whether a capital, a digit or another script is in it, and it is no adjective or role alone."""
    text = words.text[words.starts[first] : words.ends[last - 1]]
    if text[:1].islower() and text.islower():
        return False
    return last - first > 1 or not (announced(words.forms[first]) or (kind != "PER" and _is_adjective(words.forms[first])))


def _describes(words: Words, first: int, last: int, language: str) -> bool:
    """Whether it is one hyphenated word in which a person's name describes a noun: "Kim-Regime"."""
    if last - first < 2 or not all(at in words.joined for at in range(first + 1, last)):
        return False
    return is_listed_word(words.text[words.starts[last - 1] : words.ends[last - 1]], language)


_ADJECTIVE_ENDINGS = ("isch", "ische", "ischen", "ischer", "isches", "ischem")


def _is_adjective(form: str) -> bool:
    return form.endswith(_ADJECTIVE_ENDINGS)


def subjects_of(marked: Sequence[Marked], recogniser: str) -> dict[str, Subject]:
    """For each marked name, by its folded words, what it stands for: the type that most of the confidence is for, without genitive and legal
    form, and for a part of one person's name that person."""
    keys = {each.key for each in marked}
    bases = {key: _base(key, keys) for key in keys}
    weighed: defaultdict[str, defaultdict[EntityType, float]] = defaultdict(lambda: defaultdict(float))
    surfaces: dict[str, str] = {}
    rules: dict[str, str] = {}
    for each in marked:
        base = bases[each.key]
        has_form = without_form(each.key) != each.key
        if each.rule:
            rules.setdefault(base, each.rule)
        weighed[base][each.type] += each.confidence + bool(each.rule)
        if has_form or base == each.key:
            surfaces.setdefault(base, each.surface)
    own = {key: _subject(key, surfaces[key], types, rules.get(key, recogniser)) for key, types in weighed.items()}
    whole = _owners_of_parts(own)
    return {key: whole.get(base, own[base]) if own[base].type == "person" else own[base] for key, base in bases.items()}


def _base(key: str, keys: set[str]) -> str:
    key = without_form(key)
    return key[:-1] if key.endswith("s") and key[:-1] in keys else key


def _subject(key: str, surface: str, types: Mapping[EntityType, float], recogniser: str) -> Subject:
    kind = max(sorted(types), key=lambda each: types[each])
    name = " ".join(surface.split())
    families = (name.split()[-1],) if kind == "person" and " " in key and " " in name else ()
    return Subject(f"name:{kind}:{key.replace(' ', '-')}", kind, name, recogniser, families=families)


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
    return Gazetteer(_names([each for each in marked if each.confidence >= _SURE and _is_telling(each, language)], subjects))


def _names(sure: Sequence[Marked], subjects: Mapping[str, Subject]) -> Iterator[tuple[str, Sense]]:
    for each in sure:
        yield each.surface, Sense(subjects[each.key], exact=each.surface if each.surface.isupper() else "")
        words = len(without_form(each.key).split())
        if words < each.last - each.first:
            yield each.surface_of(words), Sense(subjects[each.key])


def _is_telling(marked: Marked, language: str) -> bool:
    if marked.last - marked.first > 1:
        return True
    word = marked.words.text[marked.words.starts[marked.first] : marked.words.ends[marked.first]]
    return len(word) > 2 and not is_common(word, language)

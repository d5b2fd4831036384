"""Names found in a text by looking up its words: one look-up a word, whatever the number of names.

A name is a sequence of words as the analyser gives them; the parts of "Jong-un" or "l'Ukraine" are words of their own, so that "Kim Jong-un" and
"Kim Jong Un" are one name, and "NATO-Gipfel" holds one. The longest name wins. What a found name means in its article is decided in `_recognise.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from pipeline.rules.signs import sign_behind, with_signs
from pipeline.text.tokens import Analysed, analyse

EntityType = Literal["person", "place", "country", "organisation", "other"]


class Subject(NamedTuple):
    """What a name stands for. `weight` decides between namesakes (inhabitants in thousands); `families` may stand for a person later in a text."""

    id: str
    type: EntityType
    name: str
    recogniser: str
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    weight: int = 0
    families: tuple[str, ...] = ()


class Sense(NamedTuple):
    """One meaning of a name. `languages` is a set of bits (`language_bit`), 0 for every language; `exact` is the only spelling that counts.

    `signs` are what must stand behind each word of the name, when that is more than a blank or a hyphen: "Ver.di", "Disney+".
    `doubtful` names are also common words or family names; `remote` places are so little known that their country must be in the article.
    """

    subject: Subject
    languages: int = 0
    exact: str = ""
    doubtful: bool = False
    remote: bool = False
    lower_case: bool = False
    signs: tuple[str, ...] = ()


class Found(NamedTuple):
    """Words `first` to `last` (exclusive) of a field are a name; `inflected` says that an ending was taken off, `behind` how many characters of
    a sign behind the last word belong to the name."""

    first: int
    last: int
    senses: tuple[Sense, ...]
    inflected: bool
    behind: int = 0


class Words(NamedTuple):
    """The words of a text, as parallel lists. `joined[i]` is the character between word i and the one before it within one token.

    `capitals` says that the whole text is in capital letters.
    """

    text: str
    forms: list[str]
    starts: list[int]
    ends: list[int]
    joined: dict[int, str]
    capitals: bool


_LANGUAGE_CODES = """
de en fr es it pt nl pl cs sk hu ro bg hr sr sl bs mk sq el tr ru uk be da sv no fi et lv lt is ga ca eu gl ar he fa hi bn ur id ms vi th ja
ko zh ka hy az kk uz sw af
"""
LANGUAGES = tuple(_LANGUAGE_CODES.split())
_BITS = {language: 1 << number for number, language in enumerate(LANGUAGES)}
_ALL = (1 << len(LANGUAGES)) - 1
# What `language_bit` gives for a text whose language is not known.
UNDETERMINED = _ALL
# Names in which GeoNames does not say of which language they are: in German and English texts they would be taken for words.
OTHER_LANGUAGES = _ALL & ~(_BITS["de"] | _BITS["en"])


def language_bit(code: str) -> int:
    """The bit of a language code such as `de` or `zh-cn`; all bits for `und` and for languages of which no names are known."""
    return _BITS.get(code.partition("-")[0].lower(), _ALL)


def words_of(text: str) -> Words:
    """The words of `text`: its tokens, with hyphenated ones taken apart."""
    analysed = analyse(text)
    if not analysed.parts:
        return Words(text, analysed.forms, analysed.starts, analysed.ends, {}, text.isupper())
    return _taken_apart(analysed)


def _taken_apart(analysed: Analysed) -> Words:
    words = Words(analysed.text, [], [], [], {}, analysed.text.isupper())
    at = 0
    for token, parts in sorted(analysed.parts.items()):
        _append(words, analysed, at, token)
        for number, (form, start, end) in enumerate(parts):
            if number:
                words.joined[len(words.forms)] = analysed.text[start - 1]
            words.forms.append(form)
            words.starts.append(start)
            words.ends.append(end)
        at = token + 1
    _append(words, analysed, at, len(analysed.forms))
    return words


def _append(words: Words, analysed: Analysed, first: int, last: int) -> None:
    words.forms.extend(analysed.forms[first:last])
    words.starts.extend(analysed.starts[first:last])
    words.ends.extend(analysed.ends[first:last])


def key(name: str) -> tuple[str, ...]:
    """The words of a name, as they are looked up; () for a name without letters or digits."""
    if name.isascii() and name.replace(" ", "a").isalnum():
        return tuple(name.lower().split())
    return tuple(form for form in words_of(name).forms if form)


_CYRILLIC_ENDINGS = {
    "е": "аь",
    "і": "аь",
    "ы": "а",
    "и": "аяьї",
    "у": "а",
    "ю": "яйь",
    "ой": "а",
    "ою": "а",
    "ом": "",
    "ем": "йь",
    "ей": "я",
    "а": "",
    "я": "йь",
    "єю": "я",
    "ї": "я",
}


# What the words end in from which an ending can be taken.
_INFLECTED = frozenset({"s", *(ending[-1] for ending in _CYRILLIC_ENDINGS)})


def bases(form: str) -> list[str]:
    """What an inflected last word of a name may be without its ending: "nordkoreas" → "nordkorea", "москве" → "москва", "москвь", "москв"."""
    if form.endswith("s"):
        return [form[:-1]] if len(form) > 2 and form[-2] not in "sxz" else []
    if len(form) < 5 or not "\u0400" <= form[-1] <= "\u04ff":
        return []
    found = []
    for ending in (form[-2:], form[-1:]):
        if ending in _CYRILLIC_ENDINGS:
            stem = form[: -len(ending)]
            found += [stem + vowel for vowel in _CYRILLIC_ENDINGS[ending]] + [stem]
    return found


class Gazetteer:
    """All names of some lists, by their words. Not changed after it is built."""

    def __init__(self, names: Iterable[tuple[str, Sense]]) -> None:
        self._senses: dict[str, tuple[Sense, ...]] = {}
        self._longest: dict[str, int] = {}
        self._lower_case: set[str] = set()
        self._signed: set[str] = set()
        for name, sense in names:
            self._add(name, sense)

    def __len__(self) -> int:
        return len(self._senses)

    def __contains__(self, folded: str) -> bool:
        return folded in self._senses

    def is_plain(self, folded: str) -> bool:
        """Whether the folded name stands for something without needing company."""
        return any(not (sense.doubtful or sense.remote) for sense in self._senses.get(folded, ()))

    def _add(self, name: str, sense: Sense) -> None:
        forms = key(name)
        if not forms:
            return
        if name[0].islower() or sense.exact[:1].islower():
            self._lower_case.add(forms[0])
            sense = sense._replace(lower_case=True)
        joined = " ".join(forms)
        if not _PLAIN.fullmatch(name) and (signs := _signs(name)):
            sense = sense._replace(signs=signs)
            self._signed.add(joined)
        known = self._senses.get(joined, ())
        if sense not in known:
            self._senses[joined] = (*known, sense)
        if self._longest.get(forms[0], 0) < len(forms):
            self._longest[forms[0]] = len(forms)

    def subjects(self) -> Iterator[Subject]:
        """All that the names stand for, once for each name."""
        return (sense.subject for senses in self._senses.values() for sense in senses)

    def called(self, name: str) -> tuple[Subject, ...]:
        """What a name may stand for, whatever its letters' case; () for an unknown one."""
        return tuple(dict.fromkeys(sense.subject for sense in self._senses.get(" ".join(key(name)), ())))

    def find(self, words: Words) -> list[Found]:
        """The names in `words`, in order, without overlaps; the longest wins."""
        found: list[Found] = []
        longest, forms, starts, text, lower_case = self._longest, words.forms, words.starts, words.text, self._lower_case
        after = 0
        for at in [at for at, form in enumerate(forms) if form in longest or form[-1:] in _INFLECTED]:
            form = forms[at]
            if at < after or (text[starts[at]].islower() and form not in lower_case):
                continue
            length = longest.get(form)
            if length is None:
                if not (bases_of := bases(form)) or not any(base in longest for base in bases_of):
                    continue
                length = 1
            hit = self._longest_at(words, at, length)
            if hit is not None:
                found.append(hit)
                after = hit.last
        return found

    def _longest_at(self, words: Words, at: int, length: int) -> Found | None:
        forms = words.forms
        for last in range(min(at + length, len(forms)), at, -1):
            lead = " ".join(forms[at : last - 1])
            for number, form in enumerate((forms[last - 1], *bases(forms[last - 1]))):
                joined = f"{lead} {form}" if lead else form
                senses = self._senses.get(joined)
                if senses is None:
                    continue
                if joined in self._signed and (
                    signed := tuple(sense for sense in senses if sense.signs and _are_there(sense.signs, words, at))
                ):
                    return Found(at, last, signed, number > 0, len(signed[0].signs[-1]))
                if joined in self._signed:
                    senses = tuple(sense for sense in senses if not sense.signs)
                if senses and (last == at + 1 or _is_unbroken(words, at, last)):
                    return Found(at, last, senses, number > 0)
        return None


_PLAIN = re.compile(r"[^\W_]+(?:[ '’-][^\W_]+)*")


def _signs(name: str) -> tuple[str, ...]:
    """What stands behind each word of the name; () when that is nothing that the words alone do not tell."""
    words = words_of(name)
    last = sign_behind(name, words.ends[-1])
    if not last and _is_unbroken(words, 0, len(words.forms)):
        return ()
    return (*(name[end:start] for end, start in zip(words.ends, words.starts[1:], strict=False)), last)


def _are_there(signs: tuple[str, ...], words: Words, first: int) -> bool:
    """Whether the text has these signs behind its words from `first` on."""
    *between, behind = signs
    for at, sign in enumerate(between, first):
        if words.text[words.ends[at] : words.starts[at + 1]] != sign:
            return False
    end = words.ends[first + len(between)]
    return not behind or with_signs(words.text, end, end, behind, "") is not None


def _is_unbroken(words: Words, first: int, last: int) -> bool:
    """Whether only blanks, hyphens, the stops of initials ("George W. Bush"), slashes or an ampersand ("Johnson & Johnson") stand between the words."""
    for at in range(first + 1, last):
        between = words.text[words.ends[at - 1] : words.starts[at]]
        if between in ("", " ", "-", "/", " (", "&", " & ") or at in words.joined:
            continue
        if between in (". ", ".") and words.ends[at - 1] - words.starts[at - 1] <= 2:
            continue
        return False
    return True

"""The dictionaries turned round: from a word, in any spelling, to all the forms of its lemma.

Built once per language from simplemma's data (MIT), on the first question; afterwards only mapped into memory. Needs no network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import marisa_trie
import structlog
from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

from pipeline.lexicon import building
from pipeline.lexicon.blocks import Blocks
from pipeline.lexicon.building import ENTRIES, FIRSTS, HEADS, OPAQUE, PARADIGMS, SEPARATOR, VERBS
from pipeline.lexicon.cutting import Cutter
from pipeline.lexicon.folder import built
from pipeline.text.folding import fold

log = structlog.get_logger()

# simplemma has one dictionary for what is spoken and written alike, and says nb where the detector says no.
_KNOWN_AS = {"no": "nb", "fil": "tl", "sr": "hbs", "hr": "hbs", "bs": "hbs", "sh": "hbs"}

Opened = TypeVar("Opened")


class Entry(NamedTuple):
    form: str
    lemma: str


class Words(Protocol):
    """Where a language's words are looked up."""

    def entries(self, folded: str) -> Iterable[tuple[str, str]]: ...

    def forms_of(self, lemma: str) -> Iterable[str]: ...


class Tries:
    """The German words, in tries."""

    def __init__(self, language: str) -> None:
        self._entries = opened(language, ENTRIES)
        self._paradigms = opened(language, PARADIGMS)

    def entries(self, folded: str) -> Iterator[tuple[str, str]]:
        for key in self._entries.iterkeys(folded + SEPARATOR):
            _, form, lemma = key.split(SEPARATOR)
            yield form, lemma

    def forms_of(self, lemma: str) -> Iterator[str]:
        start = lemma + SEPARATOR
        return (key[len(start) :] for key in self._paradigms.iterkeys(start))


class Lexicon:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._words: Words = Tries(language) if language == "de" else _usable(language, Blocks)
        self.entries = lru_cache(maxsize=20_000)(self._read_entries)
        self.forms_of = lru_cache(maxsize=5_000)(self._read_forms)

    def _read_entries(self, word: str) -> tuple[Entry, ...]:
        """Every form that is spelled like `word` when both are folded, with its lemma."""
        return tuple(Entry(form, lemma) for form, lemma in self._words.entries(fold(word)))

    def _read_forms(self, lemma: str) -> tuple[str, ...]:
        """The forms listed under exactly this lemma; () when there are none."""
        return tuple(self._words.forms_of(lemma))

    def lemmas(self, word: str) -> tuple[str, ...]:
        """The lemmas that are spelled like `word` when both are folded, and that have forms; "Schuß" and "Schuss" for "schuss"."""
        spelled = {each for entry in self.entries(word) for each in entry}
        folded = fold(word)
        return tuple(sorted(each for each in spelled if fold(each) == folded and self.forms_of(each)))


def dictionaries() -> tuple[str, ...]:
    """The codes of the languages that have a dictionary, in order."""
    return tuple(sorted(SUPPORTED_LANGUAGES))


def dictionary_of(language: str) -> str:
    """The code of the dictionary for `language` ("zh-cn" → "", "hr" → "hbs"); "" when there is none."""
    code = language.lower().split("-")[0]
    code = _KNOWN_AS.get(code, code)
    return code if code in SUPPORTED_LANGUAGES else ""


@cache
def lexicon(language: str) -> Lexicon | None:
    """The words of `language`; None for a language without a dictionary. Its first use on a machine takes seconds, later ones milliseconds.

    Raises OSError when the cache folder cannot be written (`pipeline.lexicon.folder`).
    """
    code = dictionary_of(language)
    return Lexicon(code) if code else None


def german_words() -> Lexicon:
    """The German lexicon."""
    found = lexicon("de")
    if found is None:
        raise LookupError("simplemma has no German dictionary: install simplemma as it is published")
    return found


@cache
def german_cutter() -> Cutter:
    """What cuts German compounds. Some megabytes, mapped, so shared by all processes."""
    return Cutter(*(opened("de", name) for name in (FIRSTS, HEADS, VERBS, OPAQUE)))


def opened(language: str, name: str) -> marisa_trie.Trie:
    """One trie of a language, mapped into memory; it is built when it is missing and built again when it is damaged."""
    return _usable(language, lambda folder: marisa_trie.Trie().mmap(str(folder / name)))


def _usable(language: str, open_in: Callable[[Path], Opened]) -> Opened:
    """What `open_in` makes of the folder with the language's files."""
    build = partial(building.build, language)
    try:
        return open_in(built(language, build))
    except (OSError, RuntimeError, ValueError, EOFError) as problem:
        log.warning("the lexicon is damaged and is built again", language=language, problem=str(problem))
        return open_in(built(language, build, again=True))


def warm_up() -> None:
    """Maps what matching and the reading of compounds need, and builds it if this machine has not yet: call it before the first article.

    Takes milliseconds, and on a machine's first start half a minute. Raises OSError when the cache folder cannot be written.
    """
    german_words().entries("wort")
    german_cutter().heads("warmlaufen")

"""Other words made from a German word: its feminine, its adjective, the noun of a verb. Only those that the dictionary confirms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache

from pipeline.lexicon import acronyms, verbs
from pipeline.lexicon.compounds import splits
from pipeline.lexicon.german import SHORTEST_LENDER
from pipeline.lexicon.lists import lines
from pipeline.lexicon.membership import languages_of
from pipeline.lexicon.store import german_words
from pipeline.text.folding import fold

_UMLAUTS = str.maketrans({"a": "ä", "o": "ö", "u": "ü"})
_NO_UMLAUTS = str.maketrans({"ä": "a", "ö": "o", "ü": "u"})
# What an adjective drops from the end of its noun, and what it takes instead ("Politik" → "politisch", "Syrien" → "syrisch").
_DROPPED = ("", "e", "n", "en", "ien", "ik", "ie", "ei", "land", "ion", "ium", "um", "us", "a", "er", "ität")
_ADJECTIVAL = (
    "isch",
    "sch",
    "lich",
    "ig",
    "al",
    "ell",
    "iv",
    "är",
    "haft",
    "erisch",
    "istisch",
    "anisch",
    "nisch",
    "esisch",
    "ienisch",
    "ös",
)
_SHORTEST_STEM = 3


def derived(word: str, kind: str) -> tuple[str, ...]:
    """The words of `kind` (feminine, adjective, nominalisation) made from `word`; of its head, if only that has any. () for none."""
    makers: dict[str, Callable[[str], Iterator[str]]] = {"feminine": _feminine, "adjective": _adjective, "nominalisation": _nominalisations}
    return _derived(word, makers[kind])


@lru_cache(maxsize=2_000)
def begins_compounds(word: str) -> bool:
    """Whether German makes compounds that begin with `word`, as far as dictionaries tell.

    Not of acronyms, of names that no dictionary knows, and of foreign names of which German has not even an adjective: "Disney", unlike "Ukraine".
    """
    if not word[:1].isupper():
        return True
    if acronyms.is_acronym(word) or not splits(fold(word.rpartition("-")[2])):
        return False
    return not languages_of(word) or bool(languages_of(word.lower()) or derived(word, "adjective"))


@lru_cache(maxsize=2_000)
def _derived(word: str, make: Callable[[str], Iterator[str]]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(make(word)))
    if found:
        return found
    for cut in range(_SHORTEST_STEM, len(word) - SHORTEST_LENDER + 1):
        if splits(fold(word[:cut])):
            head = word[cut:].capitalize() if word[0].isupper() else word[cut:]
            of_head = tuple(dict.fromkeys(make(head)))
            if of_head:
                return tuple(_joined(word[:cut], each, head) for each in of_head)
    return ()


def _joined(beginning: str, made: str, head: str) -> str:
    joined = beginning + made.lower()
    return joined if made[0].isupper() == head[0].isupper() else joined.capitalize() if made[0].isupper() else joined.lower()


def _feminine(word: str) -> Iterator[str]:
    stems = dict.fromkeys((word, word.removesuffix("e")))
    for stem in (*stems, *(_with_umlaut(each) for each in stems)):
        if word[0].isupper() and verbs.has(stem + "in", german_words()):
            yield stem + "in"
    if word.endswith("mann") and verbs.has(word.removesuffix("mann") + "frau", german_words()):
        yield word.removesuffix("mann") + "frau"


def _adjective(word: str) -> Iterator[str]:
    for dropped in _DROPPED:
        stem = word.lower().removesuffix(dropped)
        if not word.lower().endswith(dropped) or len(stem) < _SHORTEST_STEM:
            continue
        for ending in _ADJECTIVAL:
            yield from (
                each + ending for each in dict.fromkeys((stem, _with_umlaut(stem))) if verbs.is_adjective(each + ending, german_words())
            )


def _nominalisations(word: str) -> Iterator[str]:
    if not (word.islower() and verbs.is_verb(word, german_words())):
        return
    stem = word.removesuffix("n").removesuffix("e")
    changed = (each for each in german_words().forms_of(word) if not each.endswith("n") and not each.startswith(stem))
    bare = (stem, stem.translate(_NO_UMLAUTS), *(each for each in changed if not verbs.is_adjective(each, german_words())))
    made = [stem + "ung", *(stem.removesuffix("ier") + ending for ending in ("ation", "ion", "ierung") if stem.endswith("ier"))]
    for each in (*made, *bare, *(each + "e" for each in bare)):
        if _is_base_of_noun(each.capitalize()):
            yield each.capitalize()
    yield from (noun for noun, verb in _verbal_nouns() if verb == word)
    yield word.capitalize()


def verb_of(noun: str) -> str:
    """The verb for what the noun names ("Test" → "testen", "Angriff" → "angreifen", "Absturz" → "abstürzen"); "" when none is known."""
    for listed, verb in _verbal_nouns():
        if listed == noun:
            return verb
    small = noun.lower()
    stem = small.removesuffix("ung").removesuffix("e")
    for each in dict.fromkeys((stem, _with_umlaut(stem), stem.removesuffix("ation") + "ier", stem.removesuffix("ion") + "ier")):
        for infinitive in (each + "en", each + "n"):
            if verbs.is_verb(infinitive, german_words()):
                return infinitive
    return next(
        (entry.lemma for entry in german_words().entries(stem) if entry.form == stem and verbs.is_verb(entry.lemma, german_words())), ""
    )


def _is_base_of_noun(word: str) -> bool:
    return any(entry.form == word == entry.lemma for entry in german_words().entries(word)) and len(german_words().forms_of(word)) > 1


def _with_umlaut(word: str) -> str:
    """The last a, o or u of the word as ä, ö, ü; the au of "Bauer" as äu."""
    for at in range(len(word) - 1, -1, -1):
        if word[at] in "aou":
            at -= word[at] == "u" and at > 0 and word[at - 1] == "a"
            return word[:at] + word[at].translate(_UMLAUTS) + word[at + 1 :]
        if word[at] in "AOU" or word[at] in "äöü":
            break
    return word[:1].translate(str.maketrans("AOU", "ÄÖÜ")) + word[1:] if not any(each in "aouäöü" for each in word[1:].lower()) else word


@cache
def _verbal_nouns() -> tuple[tuple[str, str], ...]:
    return tuple((noun, verb) for noun, verb in (line.split() for line in lines("verbal_nouns.tsv")))

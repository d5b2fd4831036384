"""Which German words may begin a compound and which may end one, worked out from the whole dictionary while it is built.

Dictionaries hold fragments, abbreviations and first names, and the shorter a word is, the more other words begin with it by chance. So a
short word counts as a first part only when enough compounds of the dictionary begin with it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from pipeline.lexicon.cutting import LINKS, SHORTEST_FIRST, SHORTEST_HEAD, Cutter, pair_of
from pipeline.lexicon.lists import lines, listed
from pipeline.text.folding import fold

# How many compounds of the dictionary must begin with a word of so many letters. Chosen in November 2026 by reading the words that pass.
_COMPOUNDS_NEEDED = {3: 25, 4: 8, 5: 2}
_STEMS_NEEDED = 6
# The same for words that end compounds.
_COMPOUNDS_NEEDED_BEFORE = {3: 15, 4: 3}
_COUNTED_PART = 5
# How many compounds, and what share of them, must have a form before their head is believed to have it.
_FEWEST_VOTES = 3
_SHARE_OF_VOTES = 0.4
# Endings of adjectives that are nouns by chance ("dauerhaft" is no "Haft").
_MAKE_ADJECTIVES = ("haft", "bar", "sam")
# Shorter forms of verbs and adjectives are mostly endings of other words.
_SHORTEST_SMALL_HEAD = 5
# Abbreviations that the dictionary holds ("sch", "str") would make a "Ritt" of each "Schritt".
_VOWELS = frozenset("aeiouy")
# Compounds of two short words have as many letters; the cuts of longer words are refused where they cut a shorter one.
_LONGEST_SIMPLE = 9


class Vocabulary:
    """The German dictionary, form to lemma, sorted into nouns, adjectives and verbs by how they are written and inflected."""

    def __init__(self, lemma_of: Mapping[str, str]) -> None:
        forms: defaultdict[str, set[str]] = defaultdict(set)
        for form, lemma in lemma_of.items():
            forms[lemma].add(form)
        self._forms = forms
        self._small = {form for form in lemma_of if form.islower()}
        self.nouns = {lemma for lemma in forms if _is_plain(lemma) and lemma[0].isupper() and lemma[1:].islower()}
        self.adjectives = {lemma for lemma in forms if _is_plain(lemma) and lemma.islower() and self._is_inflected(lemma)}
        self.verbs = {lemma for lemma in forms if _is_plain(lemma) and lemma.islower() and lemma.endswith("n") and len(forms[lemma]) >= 5}
        self.verbs -= self.adjectives
        self._prefixes = listed("not_first.txt") | listed("separable.txt")
        self._before, self._behind = self._counted()

    def _is_inflected(self, lemma: str) -> bool:
        return lemma + "em" in self._small and lemma + "es" in self._small

    def _counted(self) -> tuple[Counter[str], Counter[str]]:
        """How many nouns of the dictionary begin with each string and go on with another noun, and the same for endings."""
        nouns = {fold(noun) for noun in self.nouns}
        before: Counter[str] = Counter()
        behind: Counter[str] = Counter()
        for noun in nouns:
            for cut in range(SHORTEST_FIRST, len(noun) - SHORTEST_HEAD + 1):
                if len(noun) - cut >= _COUNTED_PART and noun[cut:] in nouns:
                    before[noun[:cut]] += 1
                if cut >= _COUNTED_PART and noun[:cut] in nouns:
                    behind[noun[cut:]] += 1
        return before, behind

    def _compounds(self, first: str) -> int:
        before = self._before
        return sum([before[first + link] for link in LINKS if first + link in before])

    def firsts(self) -> Iterable[str]:
        """Folded words that may stand before another one in a compound, without linking elements."""
        needed = _COMPOUNDS_NEEDED
        found = {first for first in self._candidates() if len(first) not in needed or self._compounds(first) >= needed[len(first)]}
        found |= {stem for stem in self._stems() if self._compounds(stem) >= max(_STEMS_NEEDED, needed.get(len(stem), 0))}
        found |= listed("combining.txt")
        found -= listed("not_first.txt")
        return sorted(each for each in found if each in listed("combining.txt") or (len(each) >= SHORTEST_FIRST and _VOWELS & set(each)))

    def _candidates(self) -> Iterable[str]:
        for noun in self.nouns:
            yield from (fold(form) for form in self._forms[noun] if form[0].isupper() and _is_plain(form))
            yield fold(noun)
        yield from (fold(adjective) for adjective in self.adjectives)

    def _stems(self) -> Iterable[str]:
        """Stems of verbs ("warn"), and nouns without their last e ("Schul", "Erd")."""
        yield from (fold(verb.removesuffix("n").removesuffix("e")) for verb in self.verbs)
        yield from (fold(noun[:-1]) for noun in self.nouns if noun.endswith("e"))

    def noun_heads(self) -> Iterable[str]:
        """Folded forms of nouns that may end a compound."""
        yield from listed("bound_heads.txt")
        for noun in self.nouns:
            folded = fold(noun)
            if self._behind[folded] >= _COMPOUNDS_NEEDED_BEFORE.get(len(folded), 0):
                yield from self._usable({noun, *self._forms[noun]}, SHORTEST_HEAD)

    def other_heads(self) -> Iterable[str]:
        """Folded forms of verbs and adjectives that may end a compound."""
        for lemma in self.adjectives | self.verbs:
            yield from self._usable({lemma, *self._forms[lemma]}, _SHORTEST_SMALL_HEAD)

    def _usable(self, forms: Iterable[str], shortest: int) -> Iterable[str]:
        folded = {fold(form) for form in forms if _is_plain(form) and form[1:].islower()}
        return (form for form in folded - listed("not_head.txt") if len(form) >= shortest)

    def missing_forms(self) -> Iterable[tuple[str, str]]:
        """Lemmas and forms of nouns that the dictionary lacks, for it knows one lemma a form and "Brandes" is also a name.

        Compounds tell: when most that end in "brand" have "…brandes", then "Brand" has "Brandes".
        """
        votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        compounds: Counter[str] = Counter()
        for noun in self.nouns:
            heads = {cut: noun[cut:].capitalize() for cut in range(SHORTEST_FIRST, len(noun) - SHORTEST_HEAD + 1)}
            heads = {cut: head for cut, head in heads.items() if head in self.nouns}
            forms = [form for form in self._forms[noun] if form[0].isupper()] if heads else []
            for cut, head in heads.items() if len(forms) > 1 else ():
                compounds[head] += 1
                votes[head].update({form[cut:].capitalize() for form in forms if form[:cut] == noun[:cut]})
        for head, counted in votes.items():
            needed = max(_FEWEST_VOTES, compounds[head] * _SHARE_OF_VOTES)
            yield from ((head, form) for form, count in counted.items() if count >= needed and self._may_inflect(head, form))
        yield from ((row[0], form) for row in map(str.split, lines("irregular.tsv")) for form in row[1:])

    def _may_inflect(self, head: str, form: str) -> bool:
        known = self._forms[head]
        return form not in known and not form.endswith(("er", "ern")) and len(form) > len(head) and fold(form)[:2] == fold(head)[:2]

    def opaque(self, cutter: Cutter) -> Iterable[str]:
        """The cuts that `cutter` makes wrongly, as `pair_of` writes them: in listed words, prefixed verbs, and forms of words without a cut."""
        for noun in self.nouns:
            if fold(noun) in listed("opaque.txt") or self._is_of_verb(noun, cutter):
                yield from _all_cuts(cutter, {noun, *self._forms[noun]})
            elif len(noun) <= _LONGEST_SIMPLE and not cutter.heads(fold(noun)):
                yield from _all_cuts(cutter, self._forms[noun])
        for verb in self.verbs:
            if self._is_prefixed(verb):
                yield from _all_cuts(cutter, {verb, *self._forms[verb]})
        for adjective in self.adjectives:
            if adjective.endswith(_MAKE_ADJECTIVES):
                yield from _all_cuts(cutter, {adjective, *self._forms[adjective]})

    def _is_prefixed(self, verb: str) -> bool:
        starts = (verb[:length] for length in range(2, len(verb) - 3))
        return any(fold(start) in self._prefixes and verb[len(start) :] in self.verbs for start in starts)

    def _is_of_verb(self, noun: str, cutter: Cutter) -> bool:
        """Whether the noun is made of a verb that is prefixed or no compound: "Beschimpfung" is no "Impfung", "Verbraucher" no "Raucher"."""
        return any(self._is_prefixed(verb) or not cutter.heads(fold(verb)) for verb in self._verbs_of(noun))

    def _verbs_of(self, noun: str) -> list[str]:
        """The verbs of which "-ung" and "-er" make this noun: "Handlung" and "Händler" differ, so vowels are not changed back."""
        for ending in ("ung", "er"):
            stem = noun.lower().removesuffix(ending)
            if noun.endswith(ending):
                longer = f"{stem[:-1]}e{stem[-1]}n" if stem[-1:] in ("l", "r") else ""
                return [verb for verb in (f"{stem}en", f"{stem}n", longer) if verb in self.verbs]
        return []


def _all_cuts(cutter: Cutter, forms: Iterable[str]) -> Iterable[str]:
    words = {fold(form) for form in forms}
    return (pair_of(word, head) for word in words for head in cutter.heads(word))


def _is_plain(word: str) -> bool:
    return len(word) >= 3 and word.isalpha()

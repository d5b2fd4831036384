"""All the forms of a German word: from the dictionary where it knows the word, else from the word's head, else from its ending."""

from __future__ import annotations

from functools import cache, lru_cache

from pipeline.lexicon import verbs
from pipeline.lexicon.compounds import splits
from pipeline.lexicon.lists import lines
from pipeline.lexicon.paradigms import Paradigm
from pipeline.lexicon.store import german_words
from pipeline.lexicon.verbs import ADJECTIVE_ENDINGS
from pipeline.text.folding import fold

SHORTEST_LENDER = 4
# A head behind something that is no word ("Taurusrakete") is believed from this length on, and behind so much: "Scholz" is no wood.
_SHORTEST_LENDER_BEHIND_UNKNOWN = 5
_SHORTEST_UNKNOWN = 3
_VOWELS = "aeiouyäöü"
# Adjectives that the lexicon lists with a capital, too, but that name nobody: "Nukleare Abschreckung" also stands as "der nuklearen".
_NEVER_NOUNS = ("ische", "are", "äre", "bare", "same", "hafte", "öse")


@lru_cache(maxsize=10_000)
def paradigm(word: str) -> Paradigm:
    """The forms of `word`, itself among them. A word with a capital is a noun; a small one a verb or adjective if there is one, else a noun."""
    return known(word) or _lent(word) or _unknown(word)


def known(word: str) -> Paradigm | None:
    """The forms of a word of the lexicon; None for others."""
    if word[:1].isupper():
        return _noun(word)
    small = _lemmas(word, small=True)
    if any(fold(each) == fold(word) for each in small) or (small and not _lemmas(word, small=False)):
        return verbs.paradigm_of_small(word, small, german_words())
    return _attributive(word) or _noun(word)


def _attributive(word: str) -> Paradigm | None:
    """The forms of an adjective that is given inflected ("nukleare", beside which the lexicon has "Nukleare"), with those of a real noun."""
    adjective = verbs.same_degree(word, german_words())
    if not adjective:
        return None
    noun = _noun(word)
    nouns = noun.forms if noun and not {form.lower() for form in noun.forms} <= adjective else frozenset()
    return Paradigm(frozenset(adjective) | nouns, "lexicon")


@cache
def sharp_s() -> dict[str, str]:
    """The other word of each pair that differs in ß and ss only, in both directions, small."""
    pairs = [line.split() for line in lines("sharp_s.tsv")]
    return {one: other for sharp, double in pairs for one, other in ((sharp, double), (double, sharp))}


def _lemmas(word: str, *, small: bool) -> tuple[str, ...]:
    """The lemmas that are spelled like `word` when both are folded, else those that it is a form of."""
    entries = [entry for entry in german_words().entries(word) if entry.form[0].islower() == small]
    guarded = word.lower() in sharp_s()
    if guarded:
        entries = [entry for entry in entries if entry.form.lower() == word.lower()]
    spelled = {each for entry in entries for each in entry if fold(each) == fold(word) and each[0].islower() == small}
    base = {each for each in spelled if german_words().forms_of(each) and (not guarded or each.lower() == word.lower())}
    return tuple(sorted(base or {entry.lemma for entry in entries}))


def _noun(word: str) -> Paradigm | None:
    lemmas = _lemmas(word, small=False)
    forms = {word} if word[0].isupper() else set()
    for lemma in lemmas:
        if lemma[0].isupper():
            forms |= {lemma, *_noun_forms(lemma)}
    adjective = {each.capitalize() for each in verbs.same_degree(word.lower(), german_words()) if word[0].isupper()}
    if any(each.endswith(_NEVER_NOUNS) for each in adjective):
        return Paradigm(frozenset(forms | adjective), "lexicon")
    nominalised = _nominalised(word[0].upper() + word[1:], bool(lemmas))
    forms |= nominalised
    if not forms or not (lemmas or nominalised):
        return None
    if len(forms) == 1:
        forms |= {word + "s"} if word[-1] not in "sxzß" else set()
    return Paradigm(frozenset(forms), "lexicon", noun=True)


def _noun_forms(lemma: str) -> set[str]:
    """What the lexicon lists under a noun, mended.

    Plurals that have become lemmas of their own datives are joined again; agents listed as plurals ("Stifter" of "Stift") are left out, and so
    are old datives that are another word ("Floße", which Swiss spelling makes "Flosse"), and plurals of another word beside an own one with
    umlaut ("Raten" are no "Räte").
    """
    forms = {each for each in german_words().forms_of(lemma) if each[0].isupper()}
    agents = {each for each in forms if each == lemma + "er" and each + "s" in german_words().forms_of(each)}
    datives = {each + "n" for each in forms if each.endswith(("e", "er")) and each != lemma and each + "n" in german_words().forms_of(each)}
    umlaut = _has_umlaut_plural(lemma, forms)
    others = {each for each in (lemma + "e", lemma + "en") if umlaut and _is_of_another(each, lemma)}
    return (forms | datives) - agents - {each + "n" for each in agents} - others


def _has_umlaut_plural(lemma: str, forms: set[str]) -> bool:
    return not any(each in lemma for each in "äöü") and any(each in form for form in forms for each in "äöü")


def _is_of_another(form: str, lemma: str) -> bool:
    return any(entry.form[0].isupper() and fold(entry.lemma) != fold(lemma) for entry in german_words().entries(form))


def _nominalised(word: str, listed: bool) -> set[str]:
    """The forms of an adjective or participle used as a noun ("Verletzter"); empty when `word` is none. `listed`: the lexicon has the noun."""
    for ending in sorted(ADJECTIVE_ENDINGS, key=len, reverse=True):
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < _SHORTEST_UNKNOWN:
            continue
        as_noun = verbs.has(stem + "em", german_words())
        if as_noun or (verbs.is_adjective(stem.lower(), german_words()) and (not listed or _lemma_is_small(word))):
            return {stem + each for each in ADJECTIVE_ENDINGS}
    return set()


def _lemma_is_small(word: str) -> bool:
    return any(entry.form == word and entry.lemma[0].islower() for entry in german_words().entries(word))


def _lent(word: str) -> Paradigm | None:
    """The paradigm of the longest known head, first behind what may begin a compound, then behind anything."""
    beginning, hyphen, last = word.rpartition("-")
    if hyphen and last:
        return paradigm(last).behind(beginning + hyphen, last)
    cuts = range(_SHORTEST_UNKNOWN, len(word) - SHORTEST_LENDER + 1)
    plausible = [cut for cut in cuts if splits(fold(word[:cut]))]
    others = [cut for cut in cuts if len(word) - cut >= _SHORTEST_LENDER_BEHIND_UNKNOWN]
    for cut in (*plausible, *others):
        lender = word[cut:]
        lent = known(lender.capitalize() if word[0].isupper() else lender)
        if lent:
            return lent.behind(word[:cut], lender.capitalize() if lent.noun else lender)
    return None


def _unknown(word: str) -> Paradigm:
    """A word without a known head takes what any noun or name may take, but never "er", which makes another word."""
    if word[-1:].lower() in _VOWELS:
        endings: tuple[str, ...] = ("", "s", "n") if word.endswith("e") else ("", "s")
    else:
        endings = ("", "es", "e", "en") if word[-1:] in "sxzß" else ("", "s", "es", "e", "en")
    if word.islower() and word.endswith("ieren"):
        stem = word.removesuffix("en")
        return Paradigm(frozenset(verbs.regular_forms(stem)), "-ieren")
    kept = frozenset(word + ending for ending in endings if not ending or not verbs.has(word + ending, german_words()))
    return Paradigm(kept, "unknown word: regular endings", noun=word[:1].isupper())


def small_word(form: str) -> str:
    """The lemma of the other word that a noun's form is when it is written small ("kriegen"); "" when it is none."""
    return next((entry.lemma for entry in german_words().entries(form) if entry.form == form.lower() and entry.lemma[0].islower()), "")


def small_verb(form: str) -> str:
    """The verb that a word written small is the infinitive or a plural of ("starten"); "" when it is none."""
    lemma = small_word(form) if form[:1].islower() and form.endswith("n") else ""
    return lemma if lemma and verbs.is_verb(lemma, german_words()) else ""


@lru_cache(maxsize=10_000)
def noun_twins(word: str) -> frozenset[str]:
    """The folded forms of the verb or adjective `word` that are another word's, a noun's, when they begin with a capital: "floh" of fliehen.

    Not the word as it is given, for a noun may be meant that was written small ("kraft"), nor adjectives made nouns ("Verletzte").
    """
    found = paradigm(word)
    if found.noun or not word[:1].islower():
        return frozenset()
    forms = {fold(form): form for form in found.forms} | {verb: verb for verb, _ in found.separated}
    return frozenset(
        folded
        for folded, form in forms.items()
        if folded != fold(word) and _is_noun(form) and not (verbs.same_degree(form, german_words()) or _is_participle(form, found.forms))
    )


def _is_noun(form: str) -> bool:
    return any(entry.form[0].isupper() and entry.form[1:].islower() for entry in german_words().entries(form))


def _is_participle(form: str, forms: frozenset[str]) -> bool:
    """Whether `form` is an inflected participle ("getötete") of the verb with these forms; the lexicon has not all of them as adjectives."""
    stems = (form.removesuffix(ending) for ending in ADJECTIVE_ENDINGS if form.endswith(ending))
    return any("ge" in stem and stem.endswith(("t", "en")) and stem in forms for stem in stems)

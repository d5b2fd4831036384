"""The forms of German words that are written small: verbs with their participles and particles, adjectives, and what has one form only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipeline.lexicon.lists import listed
from pipeline.lexicon.paradigms import Paradigm
from pipeline.lexicon.store import Lexicon
from pipeline.text.folding import fold

ADJECTIVE_ENDINGS = ("e", "em", "en", "er", "es")
# What a verb adds to its stem when its past is regular; the dictionary often has the participle under an adjective only ("evakuiert").
_REGULAR_ENDINGS = ("en", "e", "st", "t", "te", "ten", "tet", "test", "end")
# Those of them that are no participle at the end of a clause; of verbs in -ieren both look alike ("marschierten").
_FINITE_ENDINGS = tuple(each for each in _REGULAR_ENDINGS if each != "end")
_PARTICIPLES_END_IN = ("t", "n", "d")
_FEWEST_FORMS_OF_VERB = 5
_SHORTEST_ADJECTIVE = 3
_SHORTEST_FINITE = 2
_PRESENT = re.compile("end(?:e[mnrs]?)?$")
_MAKES_ADJECTIVES = ("isch", "lich", "bar", "sam", "haft")


def paradigm_of_small(word: str, lemmas: Iterable[str], words: Lexicon) -> Paradigm:
    """All forms of the verbs or adjectives `lemmas`, with `word` itself."""
    forms: set[str] = {word}
    separated: set[tuple[str, str]] = set()
    for lemma in lemmas:
        if is_verb(lemma, words) or _parts_rarely(lemma, words):
            forms |= verb_forms(lemma, words)
            apart, joined = _separable(lemma, words)
            separated |= apart
            forms |= joined
        else:
            forms |= _inflected(lemma, words)
    return Paradigm(frozenset(forms), "lexicon", separated=frozenset(separated))


def is_verb(lemma: str, words: Lexicon) -> bool:
    """Whether the lexicon has `lemma` as an infinitive."""
    return lemma.endswith("n") and not is_adjective(lemma, words) and len(words.forms_of(lemma)) >= _FEWEST_FORMS_OF_VERB


def is_adjective(lemma: str, words: Lexicon) -> bool:
    """Whether the lexicon has `lemma` with the endings that only adjectives and participles take, or with an ending that makes adjectives."""
    if all(has(lemma + ending, words) for ending in ("em", "es")):
        return True
    return lemma.endswith(_MAKES_ADJECTIVES) and words.forms_of(lemma) != () and has(lemma + "en", words)


def has(form: str, words: Lexicon) -> bool:
    """Whether the lexicon has exactly this word, capital letters and umlauts included."""
    return any(entry.form == form for entry in words.entries(form))


def _inflected(lemma: str, words: Lexicon) -> set[str]:
    forms = {lemma, *(each for each in words.forms_of(lemma) if each.islower())}
    if is_adjective(lemma, words):
        forms |= {lemma.removesuffix("e") + ending for ending in ADJECTIVE_ENDINGS}
    return forms


def same_degree(word: str, words: Lexicon) -> set[str]:
    """All the inflected forms beside the inflected adjective or participle `word`, which is written small; empty for other words.

    Of some adjectives in -isch the lexicon has this form with a capital only ("Nordkoreanische").
    """
    for ending in sorted(ADJECTIVE_ENDINGS, key=len, reverse=True):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST_ADJECTIVE and is_adjective(stem, words):
            return {stem + each for each in ADJECTIVE_ENDINGS} if has(word, words) or stem.endswith("isch") else set()
    return set()


def verb_forms(lemma: str, words: Lexicon) -> set[str]:
    """The forms of a verb in one word, participles inflected; without those that are rather another noun ("test", "teste")."""
    forms = {lemma, *words.forms_of(lemma)}
    stem = lemma.removesuffix("n").removesuffix("e")
    if lemma.endswith("ieren") or stem + "te" in forms:
        forms |= {stem + ending for ending in _REGULAR_ENDINGS}
    if lemma.endswith("ieren"):
        forms |= regular_forms(stem)
    forms |= _regular_participle(stem, forms, words)
    forms |= {form + ending for form in forms if is_adjective(form, words) for ending in ADJECTIVE_ENDINGS}
    forms |= _strong_past(stem, forms)
    return forms - {each for each in (stem, stem + "e") if _is_noun(each, words)}


def _regular_participle(stem: str, forms: set[str], words: Lexicon) -> set[str]:
    """The participle of a regular verb that the lexicon lists apart from it ("geflüchtet"); empty for verbs that have none with "ge"."""
    between = "e" if stem.endswith(("t", "d")) else ""
    participle = f"ge{stem}{between}t"
    return {participle} if f"{stem}{between}te" in forms and has(participle, words) else set()


def _strong_past(stem: str, forms: set[str]) -> set[str]:
    """The singular of the past beside its other forms ("brachen", "brachst"): of those that are adjectives, too, the lexicon tells nothing else."""
    pasts = {form.removesuffix("en") for form in forms if form.endswith("en")} - {stem}
    return {past for past in pasts if past + "st" in forms or past + "est" in forms}


def regular_forms(stem: str) -> set[str]:
    """All forms of a verb in -ieren, whose participle has no "ge"."""
    return {stem + ending for ending in _REGULAR_ENDINGS} | {
        stem + between + ending for between in ("t", "end") for ending in ADJECTIVE_ENDINGS
    }


def _is_noun(form: str, words: Lexicon) -> bool:
    return any(entry.form[0].isupper() and entry.form[1:].islower() for entry in words.entries(form))


def _separable(lemma: str, words: Lexicon) -> tuple[set[tuple[str, str]], set[str]]:
    """The forms that stand apart from the particle, and those in one word that the lexicon may lack; both empty for other verbs."""
    apart: set[tuple[str, str]] = set()
    joined: set[str] = set()
    for particle, base in _particles(lemma, words):
        regular = {base.removesuffix("n").removesuffix("e") + ending for ending in _FINITE_ENDINGS}
        finite = {form for form in verb_forms(base, words) if form in regular or not _is_participle(form, base, words)}
        # The lexicon may have "ausfällt" and no "fällt" of the same verb.
        finite |= {each for each in _behind(particle, lemma, words) if each in regular or not _is_participle(each, base, words)}
        apart |= {(fold(form), fold(particle)) for form in finite}
        joined |= {particle + form for form in verb_forms(base, words)} | {f"{particle}zu{base}"}
    return apart, joined


def _behind(particle: str, lemma: str, words: Lexicon) -> set[str]:
    """What the lexicon's forms of the verb have behind the particle, but for participles and infinitives with "ge" and "zu" between."""
    found = (form.removeprefix(particle) for form in words.forms_of(lemma) if form.startswith(particle))
    return {each for each in found if len(each) >= _SHORTEST_FINITE and not each.startswith(("ge", "zu")) and not _PRESENT.search(each)}


def _particles(lemma: str, words: Lexicon) -> Iterator[tuple[str, str]]:
    """The particle and the verb behind it, if the lexicon shows that they part ("abzustürzen", "abgestürzt")."""
    forms = words.forms_of(lemma)
    for particle in listed("separable.txt"):
        base = lemma.removeprefix(particle)
        if base != lemma and is_verb(base, words) and any(form.startswith((particle + "zu", particle + "ge")) for form in forms):
            yield particle, base


def _parts_rarely(lemma: str, words: Lexicon) -> bool:
    """Whether `lemma` is a separable verb of which the lexicon has hardly a form ("absinken", "abzusinken")."""
    return not is_adjective(lemma, words) and any(True for _ in _particles(lemma, words))


def _is_participle(form: str, base: str, words: Lexicon) -> bool:
    """Whether the form is a participle, inflected or not; a strong past may be an adjective, too, but not end like one ("brach", "brachen")."""
    stems = {form, *(form.removesuffix(each) for each in ADJECTIVE_ENDINGS)}
    return form != base and any(each.endswith(_PARTICIPLES_END_IN) and is_adjective(each, words) for each in stems)

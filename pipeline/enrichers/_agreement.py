"""Later mentions of a person by the family name alone: "Kim Jong Un", then "Kim"."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.enrichers._announcing import is_role
from pipeline.enrichers._function_words import OPENERS
from pipeline.enrichers._gazetteer import Subject, Words
from pipeline.text.folding import fold


def family_mentions(words: Words, persons: list[Subject], taken: set[tuple[int, int]]) -> Iterator[tuple[Subject, int]]:
    """Each person with the number of a word that is their family name. Names that two of `persons` share are left out, as are words
    in `taken` (identity of the words, number) and words that stand beside another name."""
    families = _families(persons)
    text, starts = words.text, words.starts
    for at, form in enumerate(words.forms):
        subject = families.get(form)
        inflected = subject is None and form.endswith("s")
        if inflected:
            subject = families.get(form[:-1])
        if subject is None or (id(words), at) in taken or not text[starts[at]].isupper():
            continue
        if not _part_of_another_name(words, at, subject, inflected, form):
            yield subject, at


def _families(persons: list[Subject]) -> dict[str, Subject]:
    owners: dict[str, set[str]] = {}
    subjects: dict[str, Subject] = {}
    for person in persons:
        for family in person.families:
            folded = fold(family.split()[-1]) if " " in family else fold(family)
            owners.setdefault(folded, set()).add(person.id)
            subjects[folded] = person
    return {family: subjects[family] for family, ids in owners.items() if len(ids) == 1 and len(family) > 1}


def _part_of_another_name(words: Words, at: int, subject: Subject, inflected: bool, form: str) -> bool:
    """Whether a neighbour is a capitalised word that is neither a role nor one that often opens a sentence ("Hunter Biden", "Kim Ju Ae")."""
    comes_first = fold(subject.name.split()[0]) in (form, form[:-1])
    if comes_first:
        return not inflected and at + 1 < len(words.forms) and _is_capital_beside(words, at, at + 1)
    if at in words.joined:
        return True
    if not at or not _is_capital_beside(words, at - 1, at - 1):
        return False
    before = words.forms[at - 1]
    return not (before in OPENERS or is_role(before))


def _is_capital_beside(words: Words, left: int, looked_at: int) -> bool:
    """Whether only a blank stands between words `left` and `left + 1`, and word `looked_at` begins with a capital."""
    return words.text[words.ends[left] : words.starts[left + 1]] == " " and words.text[words.starts[looked_at]].isupper()

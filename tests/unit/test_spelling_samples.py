"""Keywords and words of texts, one by one: which word is a spelling of which keyword."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.lexicon.compounds import heads, rest_is_word
from pipeline.lexicon.store import german_cutter, lexicon
from pipeline.rules.compiled import Spelling
from pipeline.rules.spelling import spelling
from pipeline.text.folding import fold

SAMPLES = Path(__file__).parent / "samples" / "spelling.tsv"


def is_spelled(token: str, found: Spelling) -> bool:
    """What matching does with one word of a text, in a few lines: the whole word, then as a compound."""
    folded, loud = fold(token), token.isupper()
    if found.strict:
        return token in found.strict
    if not loud and (token.lower() in found.never):
        return False
    if folded in found.forms:
        return token[0].isupper() or folded not in found.capital
    if any(head in found.heads and (token[0].isupper() or head not in found.capital) for head in heads(folded)):
        return True
    return any(folded.startswith(each) and rest_is_word(folded[len(each) :]) for each in found.modifiers)


def rows() -> list[tuple[str, str, str, bool]]:
    """Keyword, options, word, whether it is one."""
    found = []
    for line in SAMPLES.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            keyword, yes, no, options = (*line.split("\t"), "", "")[:4]
            found += [(keyword, options, word, True) for word in yes.split()]
            found += [(keyword, options, word, False) for word in no.split()]
    return found


def compiled(keyword: str, options: str) -> Spelling:
    given = options.split()
    language = next((each for each in given if len(each) == 2), "de")
    kinds = tuple(each.removeprefix("derive=") for each in given if each.startswith("derive="))
    return spelling(keyword, (language,), head=True if "head" in given else None, modifier="modifier" in given, derive=kinds)  # type: ignore[arg-type]


@pytest.fixture(scope="module", autouse=True)
def lexicons_are_built() -> None:
    """Builds outside the time that a single test has."""
    german_cutter()
    for language in {next((each for each in row[1].split() if len(each) == 2), "de") for row in rows()}:
        lexicon(language)


def test_there_are_more_than_six_hundred_samples() -> None:
    assert len(rows()) > 600


@pytest.mark.parametrize("keyword", sorted({row[0] for row in rows()}))
def test_every_word_gets_the_stated_answer(keyword: str) -> None:
    wrong = [
        f"{keyword} {options}: {word} should {'' if expected else 'not '}match"
        for each, options, word, expected in rows()
        if each == keyword and is_spelled(word, compiled(each, options)) != expected
    ]
    assert not wrong

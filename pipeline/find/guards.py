"""What forbids a word that looks like one of a rule's: case, twins, ß and ss. Each answers in words, for people who ask why."""

from __future__ import annotations

from pipeline.find.numbers import number_refusal
from pipeline.lexicon import german as dictionary
from pipeline.lexicon.compounds import is_head
from pipeline.rules.spellings import Spelled
from pipeline.text.folding import fold
from pipeline.text.tokens import Analysed
from pipeline.text.unveiling import seen_through

_LEAST_OPEN_LETTERS = 3


def refusal(spelling: Spelled, form: str, surface: str, *, head: bool = False, swiss: bool = False) -> str:
    """Why `surface`, whose folded form is (or as `head` ends with) `form`, is not the word meant; "" when it is."""
    if spelling.strict:
        if _clean(surface) not in spelling.strict:
            return f"{surface!r} is not written exactly as {' or '.join(sorted(spelling.strict))}"
        return ""
    if form in spelling.capital and not surface[:1].isupper():
        return f"{surface!r} begins with a small letter, and so it is another word"
    if spelling.never and not swiss:
        return _sharp_s_refusal(spelling, surface, head)
    return ""


def _sharp_s_refusal(spelling: Spelled, surface: str, head: bool) -> str:
    clean = _clean(surface)
    if clean.isupper():
        return ""
    lower = clean.lower()
    twin = next((each for each in spelling.never if lower == each or (head and lower.endswith(each))), "")
    return f"{surface!r} is another word: ß and ss tell {twin!r} apart from it" if twin else ""


def open_refusal(spelling: Spelled, read: Analysed, token: int, joined: str, *, german: bool) -> str:
    """Why a word and the next, with a blank between them, are not one written apart; "" when they are. `joined` is both, folded."""
    first, second = read.surface(token), read.surface(token + 1)
    if first.isdecimal() or second.isdecimal():
        return number_refusal(read, token, read.ends[token + 1], german=german)
    if min(len(first), len(second)) < _LEAST_OPEN_LETTERS:
        return f"{first!r} is too short to be the first part of a compound"
    if first[0].islower() and second[0].isupper():
        return f"{first!r} with a small letter before {second!r} is an adjective or a particle"
    if german and not is_head(joined, joined[len(joined) - len(fold(second)) :]):
        return f"{first!r} is no first part of a compound"
    return _small_refusal(second) if german and spelling.noun else ""


def hyphen_refusal(read: Analysed, spelling: Spelled, token: int, end: int) -> str:
    """Why a noun with hyphens that ends at `end` in the token ends in a verb instead ("Raketen-starten"); "" when it does not.

    A small noun may stand there as well ("Raketen-test"), and behind a hyphen at the end of a line; so only infinitives and plurals tell.
    """
    parts = read.parts.get(token, ()) if spelling.noun else ()
    for before, (_, first, last) in zip(parts, parts[1:], strict=False):
        if last == end and "\n" not in read.text[before[2] : first] and (verb := dictionary.small_verb(_clean(read.text[first:last]))):
            return f"{read.text[first:last]!r} begins with a small letter behind the hyphen, and so it is the verb {verb}"
    return ""


def ellipsis_refusal(read: Analysed, spelling: Spelled, token: int) -> str:
    """Why the word that completes a row of nouns ("Raketen- und Atomtests") is another word; "" when it is not.

    What begins with a hyphen ("Raketenstarts und -tests") is small as a rule.
    """
    return _small_refusal(read.surface(token)) if spelling.noun and not read.hyphen_before(token) else ""


def _small_refusal(surface: str) -> str:
    clean = _clean(surface)
    other = dictionary.small_word(clean) if clean[:1].islower() else ""
    return f"{surface!r} begins with a small letter, and so it is another word: {other}" if other else ""


def _clean(surface: str) -> str:
    return surface if surface.isalpha() else seen_through(surface, plain=False)[0]

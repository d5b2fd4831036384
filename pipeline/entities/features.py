"""What the model is told about each token: strings, each with a weight for every label.

Three kinds, so that each can be looked up once for all its occurrences: what a word says about its own label and those of its neighbours, what two
or three neighbours say together, and what the gazetteers found ("hints").
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pipeline.enrichers._announcing import announced
from pipeline.entities.signs import elsewhere, ending_noun, is_first_name, shape, signs
from pipeline.text.folding import fold

# Stands before the first token of a sentence and behind the last one.
BOUNDARY = "^"
# Words that were seen last while training; a tagger keeps its own sums.
_CACHED_WORDS = 30_000
_AFFIX_LENGTHS = (1, 2, 3, 4)
_LONGEST_COUNTED = 12
Features = list[str]


class Word(NamedTuple):
    """What one word says: about its own label, its direct neighbours' and the next ones'; `small` and `group` are what conjunctions are made of."""

    here: tuple[str, ...]
    near: tuple[str, ...]
    far: tuple[str, ...]
    small: str
    group: str


def word_of(form: str, language: str) -> Word:
    """All that can be said about a word without its sentence. `language` is that of the model."""
    if form == BOUNDARY:
        return Word((), ("w=^",), ("w=^",), BOUNDARY, BOUNDARY)
    small, seen, known = form.lower(), shape(form), signs(form, language)
    abroad = f"{elsewhere(form)}|{known}"
    given = "f" if is_first_name(form) else ""
    near = ["w=" + small, "s=" + seen, "l=" + known, "e=" + small[-3:], "a=" + abroad]
    near += ["f"] if given else []
    near += [f"an={kind}"] if (kind := announced(fold(form))) else []
    far = ("w=" + small, "k=" + seen + known)
    group = seen[:4] + known + given if form[0].isalpha() else form[0]
    return Word(tuple(_here(form, small, seen, known, language)), tuple(near), far, small, group)


def _here(form: str, small: str, seen: str, known: str, language: str) -> Features:
    found = ["1", "w=" + small, "s=" + seen, "l=" + known, "k=" + seen + known, "a=" + elsewhere(form), f"ak={elsewhere(form)}|{known}"]
    found += ["f", "f|" + known] if is_first_name(form) else []
    found += [f"an={kind}"] if (kind := announced(fold(form))) else []
    found += [f"l1={each}" for each in known.split("|")] if "|" in known else []
    found += [f"p={small[:length]}" for length in _AFFIX_LENGTHS if len(small) > length]
    found += [f"e={small[-length:]}" for length in _AFFIX_LENGTHS if len(small) > length]
    found.append(f"n={min(len(form), _LONGEST_COUNTED)}")
    if len(parts := [part for part in form.split("-") if part]) > 1:
        first, last = parts[0], parts[-1]
        found += [f"hf={first.lower()}", f"hfl={signs(first, language)}", f"hl={last.lower()}", f"hll={signs(last, language)}"]
        found.append(f"he={last.lower()[-3:]}")
    if language == "de" and (head := ending_noun(form)):
        found.append("c=" + head)
    return found


def between(before: str, here: str, after: str) -> tuple[str, ...]:
    """What the groups of a word and its neighbours say together."""
    return (f"<{before}>{here}", f"{here}<{after}>", f"<{before}>{here}<{after}>")


def with_left(small: str, group: str) -> str:
    """What the word before says about a word of this group."""
    return f"<{small}={group}"


def with_right(group: str, small: str) -> str:
    """What the word behind says about a word of this group."""
    return f">{group}={small}"


def hinted(hint: str, small: str, group: str) -> tuple[str, ...]:
    """What a gazetteer's hint says about the token it stands on."""
    return (f"g={hint}", f"g={hint}|{group}", f"g={hint}|{small}")


_seen_before = lru_cache(maxsize=_CACHED_WORDS)(word_of)


def features_of(words: Sequence[str], hints: Sequence[str], language: str) -> list[Features]:
    """All features of each token of a sentence; `hints` has "" for tokens that no gazetteer knows."""
    seen = [_seen_before(word, language) for word in (BOUNDARY, BOUNDARY, *words, BOUNDARY, BOUNDARY)]
    told = ("", *hints, "")
    return [_features_at(seen[at : at + 5], told[at : at + 3]) for at in range(len(words))]


def _features_at(around: Sequence[Word], hints: Sequence[str]) -> Features:
    second_left, left, word, right, second_right = around
    found = list(word.here)
    found += ["-1" + each for each in left.near] + ["+1" + each for each in right.near]
    found += ["-2" + each for each in second_left.far] + ["+2" + each for each in second_right.far]
    found += between(left.group, word.group, right.group)
    found += (with_left(left.small, word.group), with_right(word.group, right.small))
    found += hinted(hints[1], word.small, word.group) if hints[1] else ()
    found += [f"-1g={hints[0]}"] if hints[0] else []
    found += [f"+1g={hints[2]}"] if hints[2] else []
    return found

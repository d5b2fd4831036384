"""What the gazetteers know of a text, told to the model: a hint for each token of a name, "" for all others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from pipeline.enrichers._gazetteer import Found, Gazetteer, Sense, Words, words_of
from pipeline.entities.tokens import Tokens


def hints_for(tokens: Tokens, words: Words, found: Sequence[Found], language: int) -> list[str]:
    """Kinds of the names that stand at the tokens, with B- at their beginning; a question mark says that all senses need company.

    `words` and `found` are of the same text as `tokens`; `language` is the bit of the text's language.
    """
    hints = [""] * len(tokens.forms)
    for each in found:
        senses = [sense for sense in each.senses if _is_spelled(sense, words, each, language)]
        if senses:
            _mark(hints, tokens, words.starts[each.first], words.ends[each.last - 1], _kinds(senses))
    return hints


def _is_spelled(sense: Sense, words: Words, found: Found, language: int) -> bool:
    if sense.languages and not sense.languages & language:
        return False
    surface = words.text[words.starts[found.first] : words.ends[found.last - 1]]
    return not sense.exact or surface == sense.exact or (found.inflected and surface[:-1] == sense.exact)


def _kinds(senses: Sequence[Sense]) -> str:
    kinds = "/".join(sorted({sense.subject.type for sense in senses}))
    return kinds + "?" if all(sense.doubtful or sense.remote for sense in senses) else kinds


def _mark(hints: list[str], tokens: Tokens, start: int, end: int, kinds: str) -> None:
    first, last = bisect_right(tokens.starts, start) - 1, bisect_right(tokens.starts, end - 1) - 1
    if first < 0:
        return
    if first == last and (tokens.starts[first] != start or tokens.ends[first] != end):
        kinds = "in:" + kinds
    several = "+" if last > first else ""
    for at in range(first, last + 1):
        hints[at] = f"{'B' if at == first else 'I'}-{kinds}{several}"


def hints_in(words: Sequence[str], gazetteer: Gazetteer, language: int) -> list[str]:
    """The hints for the words of a labelled sentence."""
    text, tokens = joined(words)
    found = words_of(text)
    return hints_for(tokens, found, gazetteer.find(found), language)


def joined(words: Sequence[str]) -> tuple[str, Tokens]:
    """The words with blanks between them, and where each stands."""
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    return " ".join(words), Tokens(list(words), starts, [start + len(word) for start, word in zip(starts, words, strict=True)])

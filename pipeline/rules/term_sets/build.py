"""Makes `pipeline/lexicon/words/shipped_forms.tsv`: the forms of all words of the shipped sets in all languages but German.

    python -m pipeline.rules.term_sets.build

Run it when a set has changed, and after an update of simplemma. It reads the dictionaries of all languages of the sets, which takes a minute on a
machine that has built none yet. The same sets and the same simplemma give the same file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from pipeline.lexicon import foreign, lists
from pipeline.lexicon.shipped import FILE, Shipped, line
from pipeline.lexicon.store import dictionary_of
from pipeline.rules.model import Clause, Constituents, Group, Near, Phrase, Term, Within
from pipeline.rules.term_sets import shipped
from pipeline.text.tokens import analyse

PATH = Path(lists.__file__).parent / "words" / FILE
# The German lexicon is on every machine anyway.
_NOT_NEEDED = ("", "de")


def heading() -> str:
    """The comment that begins the file: where it comes from, with the version of simplemma."""
    return (
        f"# The forms of all words of the shipped term sets, from the dictionaries of simplemma {version('simplemma')}.\n"
        "# Licences: that of simplemma (MIT) and those of the word lists it is made from, see NOTICE. Made by: python -m pipeline.rules.term_sets.build\n"
        "# Language, word, whether it needs a capital, origin, how all its forms begin, how each goes on. - stands for nothing.\n"
    )


def words() -> list[tuple[str, str]]:
    """Each word of the shipped sets with the code of its language's dictionary, sorted; those of German and of languages without one left out."""
    found: set[tuple[str, str]] = set()
    for each in shipped().values():
        for language, clauses in each.terms.items():
            code = dictionary_of(language)
            if code not in _NOT_NEEDED:
                found |= {(code, word) for text in _texts(clauses) for word in _words_of(text)}
    return sorted(found)


def _texts(clauses: Iterable[Clause]) -> Iterator[str]:
    for clause in clauses:
        match clause:
            case Term(text) | Phrase(text) | Constituents(text):
                yield text
            case Near(near):
                yield from _texts(near)
            case Within(_, inner):
                yield from _texts((inner,))
            case Group(any, all, none):
                yield from _texts((*any, *all, *none))


def _words_of(text: str) -> Iterator[str]:
    read = analyse(text)
    return (read.surface(token) for token in range(len(read.forms)))


def of_dictionary(language: str, word: str) -> Shipped:
    """What the dictionary says of the word, whatever the file says."""
    return Shipped(language, word, foreign.looked_up(word, language), foreign.is_also_small(word, language))


def main() -> None:
    """Writes the file."""
    PATH.write_text(heading() + "".join(line(of_dictionary(*each)) + "\n" for each in words()), encoding="utf-8")


if __name__ == "__main__":
    main()

"""From simplemma's dictionaries to files that are mapped into memory, and so cost every process next to nothing.

German is asked for while articles are matched, and so gets tries, which answer in microseconds; other languages only while rules are compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

import marisa_trie

from pipeline.lexicon.blocks import is_word, pairs, write_blocks
from pipeline.lexicon.cutting import Cutter
from pipeline.lexicon.vocabulary import Vocabulary
from pipeline.text.folding import fold

SEPARATOR = "\t"
ENTRIES, PARADIGMS = "entries.marisa", "paradigms.marisa"
FIRSTS, HEADS, VERBS, OPAQUE = "firsts.marisa", "heads.marisa", "verbs.marisa", "opaque.marisa"


def build(language: str, folder: Path) -> None:
    """Writes the files of `language` into `folder`; for German words by their folded spelling, forms by lemma, and the parts of compounds."""
    if language != "de":
        write_blocks(language, folder)
        return
    lemma_of = _read(language)
    _write(folder / ENTRIES, _entries(lemma_of))
    vocabulary = Vocabulary(lemma_of)
    firsts = _write(folder / FIRSTS, vocabulary.firsts())
    nouns, others = set(vocabulary.noun_heads()), set(vocabulary.other_heads())
    heads = _write(folder / HEADS, (head[::-1] for head in nouns | others))
    verbs = _write(folder / VERBS, (head[::-1] for head in others - nouns))
    _write(folder / OPAQUE, vocabulary.opaque(Cutter(firsts, heads, verbs)))
    known = ((lemma, form) for form, lemma in lemma_of.items())
    _write(folder / PARADIGMS, (f"{lemma}{SEPARATOR}{form}" for lemma, form in chain(known, vocabulary.missing_forms())))


def _read(language: str) -> dict[str, str]:
    """The dictionary, form to lemma. Equal lemmas are one object, which saves half of the memory."""
    same: dict[str, str] = {}
    return {form: same.setdefault(lemma, lemma) for form, lemma in pairs(language) if is_word(form) and is_word(lemma)}


def _entries(lemma_of: Mapping[str, str]) -> Iterable[str]:
    for form, lemma in lemma_of.items():
        yield f"{fold(form)}{SEPARATOR}{form}{SEPARATOR}{lemma}"
    for lemma in set(lemma_of.values()) - lemma_of.keys():
        yield f"{fold(lemma)}{SEPARATOR}{lemma}{SEPARATOR}{lemma}"


def _write(path: Path, keys: Iterable[str]) -> marisa_trie.Trie:
    trie = marisa_trie.Trie(keys)
    trie.save(str(path))
    return trie

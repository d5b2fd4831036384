"""spaCy pipelines in place of the shipped model, language by language: the extra `lagebild[spacy]`, and whatever pipeline is installed.

enrichers:
  - name: entities
    options: {spacy: {fr: fr_core_news_sm}}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.entities.tag import Name, token_ranges
from pipeline.entities.tokens import Tokens
from pipeline.errors import BadConfiguration, Problem

_TYPES = {"PER": "PER", "PERSON": "PER", "persName": "PER", "ORG": "ORG", "orgName": "ORG", "LOC": "LOC", "GPE": "LOC", "FAC": "LOC"}
_TYPES |= {"placeName": "LOC", "geogName": "LOC", "MISC": "OTH", "WORK_OF_ART": "OTH", "PRODUCT": "OTH", "EVENT": "OTH"}
# spaCy tells no probability. Its small pipelines are right in about four of five names on their own test sets.
_CONFIDENCE = 0.8
_SENTENCES_AT_ONCE = 64


class SpacyTagger:
    """Names by the entity recogniser of an installed pipeline; everything else in it is switched off."""

    def __init__(self, language: str, pipeline: str) -> None:
        self.language = language
        self.recogniser = f"spacy:{pipeline}"
        self._nlp, self._doc = _loaded(language, pipeline)

    def names(self, tokens: Tokens, hints: Sequence[str], sentences: Sequence[tuple[int, int]]) -> list[Name]:
        """The names among the tokens, in order; all sentences in one batch. `hints` are not used."""
        ranges = token_ranges(tokens, sentences) if tokens.forms else []
        docs = [self._doc(self._nlp.vocab, words=tokens.forms[first:last]) for first, last in ranges]
        found = []
        for (first, _), doc in zip(ranges, self._nlp.pipe(docs, batch_size=_SENTENCES_AT_ONCE), strict=True):
            found += [
                Name(first + each.start, first + each.end, kind, _CONFIDENCE) for each in doc.ents if (kind := _TYPES.get(each.label_))
            ]
        return found


def _loaded(language: str, pipeline: str) -> tuple[Any, Any]:
    try:
        import spacy
        from spacy.tokens import Doc
    except ImportError:
        raise _missing(language, "spaCy is not installed: pip install 'lagebild[spacy]'") from None
    try:
        nlp = spacy.load(pipeline)
    except OSError:
        raise _missing(language, f"the pipeline {pipeline!r} is not installed: python -m spacy download {pipeline}") from None
    if "ner" not in nlp.pipe_names:
        raise _missing(language, f"the pipeline {pipeline!r} has no component 'ner': name one that has, such as {language}_core_news_sm")
    needed = {"ner", "tok2vec", "transformer"}
    nlp.select_pipes(enable=[name for name in nlp.pipe_names if name in needed])
    return nlp, Doc


def _missing(language: str, what: str) -> BadConfiguration:
    return BadConfiguration([Problem("enrichers.entities.options.spacy", 1, 1, f"{language}: {what}")])

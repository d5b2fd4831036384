"""A baseline of another kind: a small spaCy pipeline for names, trained on the same sentences as the model. Needs the extra `lagebild[spacy]`.

A blank pipeline with a convolutional network over hashed embeddings (96 wide, 4 deep), as spaCy's own small pipelines have; no pretrained vectors.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from pipeline.entities.corpora import TYPES, Sentence, Span, spans_of
from pipeline.entities.score import Recogniser
from pipeline.entities.speed import Reader

INSTALL = "pip install 'lagebild[spacy]'"
_ROUNDS = 10
_DROPOUT = 0.2
_BATCH = (16, 64)
_SENTENCES_AT_ONCE = 64
_MODEL = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "width": 96,
        "depth": 4,
        "embed_size": 2000,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
        "pretrained_vectors": None,
    },
}


def is_installed() -> bool:
    """Whether spaCy can be imported."""
    return find_spec("spacy") is not None


def name() -> str:
    """What the baseline is called in tables of scores, with the version of spaCy."""
    return f"small spaCy {version('spacy')}"


def trained_pipeline(sentences: Sequence[Sentence], language: str, seed: int) -> Any:
    """A pipeline trained on the sentences alone; on one machine the same for the same sentences and seed. Takes minutes."""
    import spacy

    spacy.util.fix_random_seed(seed)
    nlp = spacy.blank(language)
    nlp.add_pipe("ner", config={"model": _MODEL})
    examples = [_example(nlp, each) for each in sentences]
    optimizer = nlp.initialize(lambda: examples)
    order = random.Random(seed)
    for _ in range(_ROUNDS):
        order.shuffle(examples)
        for batch in spacy.util.minibatch(examples, spacy.util.compounding(*_BATCH, 1.001)):
            nlp.update(batch, sgd=optimizer, drop=_DROPOUT)
    return nlp


def _example(nlp: Any, sentence: Sentence) -> Any:
    from spacy.tokens import Doc
    from spacy.tokens import Span as Marked
    from spacy.training import Example

    right = Doc(nlp.vocab, words=list(sentence.words))
    right.ents = [Marked(right, each.first, each.last, label=each.type) for each in spans_of(sentence.labels) if each.type in TYPES]
    return Example(Doc(nlp.vocab, words=list(sentence.words)), right)


def recogniser_of(nlp: Any) -> Recogniser:
    """The pipeline as a recogniser of the words of a sentence."""
    from spacy.tokens import Doc

    def recognise(sentence: Sentence) -> Iterator[Span]:
        for each in nlp(Doc(nlp.vocab, words=list(sentence.words))).ents:
            yield Span(each.start, each.end, each.label_)

    return recognise


def reader_of(nlp: Any) -> Reader:
    """The pipeline as a reader of whole texts, in batches."""

    def read(texts: Sequence[str]) -> int:
        return sum(len(doc.ents) for doc in nlp.pipe(texts, batch_size=_SENTENCES_AT_ONCE))

    return read

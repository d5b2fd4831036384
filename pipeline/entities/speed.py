"""How fast recognisers read whole texts: tokens of the corpus in a CPU second, warm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import process_time

from pipeline.article import Article, Language, Source
from pipeline.enrichers._gazetteer import Gazetteer, language_bit, words_of
from pipeline.entities.asking import as_text
from pipeline.entities.corpora import Sentence
from pipeline.entities.hints import hints_for
from pipeline.entities.tag import TagsNames
from pipeline.entities.tokens import tokens_of
from pipeline.plugins import Enricher
from pipeline.text.tokens import analyse

# Says how many names it found in the texts.
Reader = Callable[[Sequence[str]], int]

# About as long as a newspaper article.
SENTENCES_A_TEXT = 20
_ROUNDS = 4


def tokens_a_second(read: Reader, sentences: Sequence[Sentence]) -> float:
    """The tokens of the sentences by the CPU seconds, of all threads, that the fastest of four rounds took; the first fills the caches."""
    texts = list(_texts(sentences))
    tokens = sum(len(each.words) for each in sentences)
    taken = []
    for _ in range(_ROUNDS):
        began = process_time()
        read(texts)
        taken.append(process_time() - began)
    return tokens / min(taken)


def _texts(sentences: Sequence[Sentence]) -> Iterator[str]:
    for first in range(0, len(sentences), SENTENCES_A_TEXT):
        yield " ".join(as_text(each.words)[0] for each in sentences[first : first + SENTENCES_A_TEXT])


def reads_with_model(tagger: TagsNames, gazetteer: Gazetteer, language: str) -> Reader:
    """The model with the hints of the lists and nothing else, as a reader of texts: what a spaCy pipeline does, too."""

    def read(texts: Sequence[str]) -> int:
        found = 0
        for text in texts:
            tokens, words = tokens_of(text), words_of(text)
            hints = hints_for(tokens, words, gazetteer.find(words), language_bit(language))
            found += len(tagger.names(tokens, hints, analyse(text).sentences))
        return found

    return read


def reads_texts(enricher: Enricher, language: str) -> Reader:
    """The enricher as a reader of texts, each an article of its own."""

    def read(texts: Sequence[str]) -> int:
        made = (Article(id="text", source=Source(id="corpus"), body=text, language=Language(code=language)) for text in texts)
        return sum(len(enricher.enrich(each).entities) for each in made)

    return read

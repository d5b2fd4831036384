"""A stream of generated news with known truth: which article copies which, and which holds the keyword.

Anyone can make the same stream from the seed, so figures can be compared and a ledger can be checked. Articles have about 2,600 characters in German
or English; words are drawn with falling frequency, so some are in every text and most are rare. Not literature: the texts have the statistics that
language detection, signatures and rules look at, and no meaning.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from pipeline.article import Article, Clock, Dates, Source, identity
from pipeline.bench.reprints import reprint, vocabulary
from pipeline.bench.words import BY_LANGUAGE, FIRST_NAMES, LAST_NAMES, PLACES, Words

CHARACTERS = 2_600
SITE = "corpus.example"
STARTED_AT = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
# Re-prints that the story decision is expected to find; the others of `reprints.VARIANTS` are for measuring its limits.
FINDABLE = ("framed", "3 % edited", "every 4th sentence dropped", "last 30 % cut", "first 40 %")
_REMEMBERED = 2_000  # copies are made of one of this many latest originals
_SKEW = 2.0  # the exponent that makes the first words of a list frequent

Kind = Literal["original", "repeat", "reprint", "revision"]


@dataclass(frozen=True)
class Shares:
    """How much of the stream is of each kind; the rest are originals. `keyword` is the share of originals and revisions with the keyword."""

    repeats: float = 0.05
    reprints: float = 0.15
    revisions: float = 0.05
    keyword: float = 0.02
    english: float = 0.25


@dataclass(frozen=True)
class GeneratedArticle:
    """One article of the stream. `copy_of` is the GUID of the article it repeats, re-prints or revises; "" for an original.

    A repeat has GUID and text of an article before it and is to be dropped; a revision has its GUID and a longer text, and `revision` counts
    from 0; a re-print has a GUID of its own and belongs to the story of the other. `keyword` says whether title or body hold it.
    """

    number: int
    guid: str
    language: str
    title: str
    body: str
    published_at: datetime
    kind: Kind = "original"
    copy_of: str = ""
    variant: str = ""
    revision: int = 0
    keyword: bool = False

    @property
    def article_id(self) -> str:
        return identity(SITE, self.guid, "")

    def collected(self, fetched_at: datetime, source_id: str = "corpus") -> Article:
        """The article as a connector would deliver it."""
        return Article(
            id=self.article_id,
            source=Source(id=source_id, name="Generated news", connector="corpus", site=SITE),
            guid=self.guid,
            url=f"https://{SITE}/{self.guid}",
            canonical_url=f"https://{SITE}/{self.guid}",
            title=self.title,
            body=self.body,
            dates=Dates(published_raw=self.published_at.isoformat()),
            clock=Clock(fetched_at=fetched_at),
        )


class Slots(Mapping[str, str]):
    """Fills the slots of sentence patterns; every look-up draws anew."""

    def __init__(self, words: Words, german: bool, draw: random.Random, keyword: str) -> None:
        self._words, self._german, self._random, self._keyword = words, german, draw.random, keyword
        self._nouns = [(article, head) for article, heads in words.heads.items() for head in heads]
        self._fill: dict[str, Callable[[], str]] = {
            "nom": lambda: self._noun("nominative"),
            "acc": lambda: self._noun("accusative"),
            "dat": lambda: self._noun("dative"),
            "act": lambda: self._one(words.acts),
            "time": lambda: self._one(words.times),
            "place": lambda: self._one(PLACES),
            "person": lambda: f"{self._one(FIRST_NAMES)} {self._one(LAST_NAMES)}",
            "office": lambda: self._one(words.offices),
            "adverb": lambda: self._one(words.adverbs),
            "opinion": lambda: self._one(words.opinions),
            "unit": lambda: self._one(words.units),
            "number": lambda: str(int(2 + 998 * self._random() ** 2)),
            "year": lambda: str(2027 + int(20 * self._random())),
            "keyword": lambda: keyword,
        }

    def __getitem__(self, slot: str) -> str:
        return self._fill[slot]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._fill)

    def __len__(self) -> int:
        return len(self._fill)

    def _one(self, words: tuple[str, ...]) -> str:
        return words[int(len(words) * self._random() ** _SKEW)]

    def _noun(self, case: str) -> str:
        article, head = self._nouns[int(len(self._nouns) * self._random())]
        modifier, adjective = self._one(self._words.modifiers), self._one(self._words.adjectives)
        if not self._german:
            return f"{article} {adjective} {modifier} {head}"
        return f"{_DECLINED[case][article].replace('-', adjective)} {modifier}{head}"

    def sentence(self, patterns: tuple[str, ...]) -> str:
        """One filled pattern, starting with a capital."""
        text = patterns[int(len(patterns) * self._random())].format_map(self)
        return text[0].upper() + text[1:]


# The definite article and the ending of the adjective, which stands for "-".
_DECLINED = {
    "nominative": {"der": "der -e", "die": "die -e", "das": "das -e"},
    "accusative": {"der": "den -en", "die": "die -e", "das": "das -e"},
    "dative": {"der": "dem -en", "die": "der -en", "das": "dem -en"},
}


class _Generator:
    def __init__(self, seed: int, shares: Shares, keyword: str) -> None:
        self._draw = random.Random(seed)
        self._seed, self._shares, self._keyword = seed, shares, keyword
        self._slots = {language: Slots(words, language == "de", self._draw, keyword) for language, words in BY_LANGUAGE.items()}
        self._originals: list[GeneratedArticle] = []
        self._editors_words = {language: self._vocabulary(language) for language in BY_LANGUAGE}

    def _vocabulary(self, language: str) -> list[str]:
        return vocabulary([self._slots[language].sentence(BY_LANGUAGE[language].sentences) for _ in range(300)])

    def article(self, number: int, at: datetime) -> GeneratedArticle:
        """The next article of the stream."""
        share, shares = self._draw.random(), self._shares
        if self._originals and share < shares.repeats + shares.reprints + shares.revisions:
            earlier = self._draw.choice(self._originals)
            if share < shares.repeats:
                return replace(earlier, number=number, kind="repeat", copy_of=earlier.guid)
            if share < shares.repeats + shares.reprints:
                return self._reprint(earlier, number, at)
            return self._revision(earlier, number, at)
        article = self._original(number, at)
        self._remember(article)
        return article

    def _original(self, number: int, at: datetime) -> GeneratedArticle:
        language = "en" if self._draw.random() < self._shares.english else "de"
        words, slots = BY_LANGUAGE[language], self._slots[language]
        sentences = [f"{slots['place']} – {slots.sentence(words.sentences)}"]
        length = len(sentences[0])
        wanted = CHARACTERS * (0.6 + 0.8 * self._draw.random())
        while length < wanted:
            sentences.append(slots.sentence(words.sentences))
            length += len(sentences[-1]) + 1
        if self._draw.random() < self._shares.keyword:
            sentences.insert(self._draw.randrange(len(sentences) + 1), slots.sentence(words.keyword_sentences))
        return self._checked(
            GeneratedArticle(
                number=number,
                guid=f"g{self._seed}-{number}",
                language=language,
                title=slots.sentence(words.titles),
                body=_paragraphs(sentences),
                published_at=at,
            )
        )

    def _reprint(self, earlier: GeneratedArticle, number: int, at: datetime) -> GeneratedArticle:
        variant = self._draw.choice(FINDABLE)
        return self._checked(
            replace(
                earlier,
                number=number,
                guid=f"g{self._seed}-{number}",
                body=reprint(earlier.body, variant, number, self._editors_words[earlier.language]),
                published_at=at,
                kind="reprint",
                copy_of=earlier.guid,
                variant=variant,
                revision=0,
            )
        )

    def _revision(self, earlier: GeneratedArticle, number: int, at: datetime) -> GeneratedArticle:
        """A paragraph more, as in a live blog; some bring the keyword."""
        words, slots = BY_LANGUAGE[earlier.language], self._slots[earlier.language]
        added = [slots.sentence(words.sentences) for _ in range(3)]
        if self._draw.random() < self._shares.keyword:
            added.append(slots.sentence(words.keyword_sentences))
        revision = earlier.revision + 1
        revised = replace(earlier, number=number, body=f"{earlier.body}\n\n{' '.join(added)}", published_at=at, revision=revision)
        self._originals[self._originals.index(earlier)] = revised = self._checked(revised)
        return replace(revised, kind="revision", copy_of=earlier.guid)

    def _checked(self, article: GeneratedArticle) -> GeneratedArticle:
        return replace(article, keyword=self._keyword in article.title or self._keyword in article.body)

    def _remember(self, article: GeneratedArticle) -> None:
        if len(self._originals) < _REMEMBERED:
            self._originals.append(article)
        else:
            self._originals[article.number % _REMEMBERED] = article


def generate(
    seed: int,
    count: int,
    shares: Shares | None = None,
    keyword: str = "Raketentest",
    started_at: datetime = STARTED_AT,
    seconds_apart: float = 1.0,
) -> Iterator[GeneratedArticle]:
    """`count` articles in the order they appear, `seconds_apart` from each other. The same arguments give the same stream."""
    generator = _Generator(seed, shares or Shares(), keyword)
    for number in range(count):
        yield generator.article(number, started_at + timedelta(seconds=number * seconds_apart))


def _paragraphs(sentences: list[str], size: int = 5) -> str:
    return "\n\n".join(" ".join(sentences[start : start + size]) for start in range(0, len(sentences), size))

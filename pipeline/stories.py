"""Near-duplicates gathered into stories: what one article is decided to be, from those seen before it in its language.

`StoryTable` is the memory of one partition. `decide` looks and changes nothing, `apply` takes a record in; both are functions of the records applied
so far, in their order, so a table that was restored from the topic decides as the one that lived through it. Time is record time.

Two texts are of one story when their estimated Jaccard similarity is at least `SIMILARITY`, or when their lengths differ by more than
`LENGTH_RATIO` and the longer one contains at least `CONTAINMENT` of the shorter (a teaser and the full text). Texts that are too short for
a signature belong to no story. Across languages nothing is compared.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.article import Position, Signature, Story
from pipeline.story_window import Row, Window, Words
from pipeline.text.signature import MINIMA, SCHEME, SEED, containment, minima, smallest
from pipeline.topology import STORY_WINDOW_SECONDS

SIMILARITY = 0.5
LENGTH_RATIO = 1.5
CONTAINMENT = 0.7
# Fewer common minima say too little about containment: of 10 expected, 7 to 13 are found.
CONTAINMENT_MINIMA = 8
ARTICLES_PER_LANGUAGE = 300_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NOTHING = Window(1)


class StoryRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was decided about one revision of an article: the value in the topic `stories`, under `key`.

    `at` is the record time of the decision (aware UTC), `collected` the collected record it was decided for, `members` how many articles the
    story had then, `story` None for a text without a signature. `language` is the routing language, which revisions share.
    """

    article_id: str
    revision: int
    language: str
    at: datetime
    collected: Position
    story: Story | None = None
    members: int = 0
    signature: Signature | None = None
    tokens: int = 0

    @property
    def key(self) -> str:
        return f"{self.article_id}:{self.revision}"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that has not been taken in yet."""

    article_id: str
    revision: int
    language: str
    at: datetime
    story: Story | None
    members: int
    signature: Signature | None
    tokens: int

    def record(self, collected: Position) -> StoryRecord:
        """The record that makes the decision last, with the position of the collected record it was made for."""
        return StoryRecord(collected=collected, **msgspec.structs.asdict(self))


class StoryTable:
    """The stories of one partition, within `window_seconds` of record time and at most `articles_per_language` rows (revisions count)."""

    def __init__(self, window_seconds: int = STORY_WINDOW_SECONDS, articles_per_language: int = ARTICLES_PER_LANGUAGE) -> None:
        self._window_microseconds = window_seconds * 1_000_000
        self._articles_per_language = articles_per_language
        self._windows: dict[str, Window] = {}
        self._uncompared: dict[tuple[str, int], Signature] = {}  # signatures of other schemes: kept for `stored`
        self._topics: dict[str, str] = {}
        self.evicted_by_age = 0
        self.evicted_by_number = 0

    def __len__(self) -> int:
        return sum(map(len, self._windows.values()))

    @property
    def state_bytes(self) -> int:
        """The size of the arrays; the ids come on top, with about 90 bytes an article."""
        return sum(window.state_bytes for window in self._windows.values())

    def decide(self, article_id: str, revision: int, language: str, signature: Signature | None, tokens: int, at: datetime) -> Verdict:
        """What the article is to be. A decision that was applied before comes back as it was.

        A revision stays in the story of its article. Otherwise the nearest text decides, among equals the earliest; an article without one
        opens a story.
        """
        window = self._windows.get(language, _NOTHING)
        oldest_at = max(window.newest_at, _microseconds(at)) - self._window_microseconds
        story: Story | None = None
        members = 0
        for number in window.with_article(article_id):
            if window.row(number).revision == revision:
                return _verdict(self._record(language, number))
            if story is None and window.row(number).at >= oldest_at and (story := _story(window, number)):
                members = window.row(next(window.with_story(story.opened_by))).members
        if story is None and signature is not None:
            joined = _joined(window, signature, oldest_at) if _comparable(signature) else None
            story = joined or Story(id=story_id(article_id), opened_by=article_id, opened_at=at)
            members = story.position
        return Verdict(
            article_id=article_id,
            revision=revision,
            language=language,
            at=at,
            story=story,
            members=members,
            signature=signature,
            tokens=tokens,
        )

    def stored(self, article_id: str, revision: int) -> StoryRecord | None:
        """The record applied for this revision, while it is in the window: redelivery must emit the same story again."""
        for language, window in self._windows.items():
            for number in window.with_article(article_id):
                if window.row(number).revision == revision:
                    return self._record(language, number)
        return None

    def apply(self, record: StoryRecord) -> None:
        """Takes a record in and lets go of what the window no longer holds. Of several records of one revision the first counts."""
        window = self._windows.get(record.language)
        if window is None:
            window = self._windows[record.language] = Window(self._articles_per_language)
        if any(window.row(number).revision == record.revision for number in window.with_article(record.article_id)):
            return
        at = _microseconds(record.at)
        window.newest_at = max(window.newest_at, at)
        while len(window) and window.row(window.first).at < window.newest_at - self._window_microseconds:
            self._let_go(window)
            self.evicted_by_age += 1
        while len(window) >= self._articles_per_language:
            self._let_go(window)
            self.evicted_by_number += 1
        signature = record.signature
        if signature is None:
            window.append(_row(record), self._words(window, record), None, None)
        elif _comparable(signature):
            window.append(_row(record), self._words(window, record), minima(signature), smallest(signature))
        else:
            self._uncompared[record.article_id, record.revision] = signature
            window.append(_row(record), self._words(window, record), None, None)

    def _let_go(self, window: Window) -> None:
        row = window.row(window.first)
        if not row.comparable:
            self._uncompared.pop((window.text(window.first).article_id, row.revision), None)
        window.drop_oldest()

    def _words(self, window: Window, record: StoryRecord) -> Words:
        """The strings of a record; those that other rows have are shared with them."""
        topic = self._topics.setdefault(record.collected.topic, record.collected.topic)
        story = record.story
        if story is None:
            return Words(record.article_id, None, "", topic)
        if story.opened_by == record.article_id:
            return Words(record.article_id, record.article_id, story.nearest, topic)
        opened_by = next((window.text(number).opened_by for number in window.with_story(story.opened_by)), story.opened_by)
        nearest = next((window.text(number).article_id for number in window.with_article(story.nearest)), story.nearest)
        return Words(record.article_id, opened_by, nearest, topic)

    def _record(self, language: str, number: int) -> StoryRecord:
        window = self._windows[language]
        row, words = window.row(number), window.text(number)
        return StoryRecord(
            article_id=words.article_id,
            revision=row.revision,
            language=language,
            at=_instant(row.at),
            collected=Position(words.topic, row.partition, row.offset),
            story=_story(window, number),
            members=row.members,
            signature=_signature(window, number) if row.comparable else self._uncompared.get((words.article_id, row.revision)),
            tokens=row.tokens,
        )


def story_id(article_id: str) -> str:
    """The id of the story that this article opens."""
    return hashlib.sha256(f"story\x00{article_id}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _joined(window: Window, signature: Signature, oldest_at: int) -> Story | None:
    """The signed text's place in the story of the nearest text, if one is near enough."""
    own = minima(signature)
    numbers = window.alike(own, smallest(signature))
    if not numbers:
        return None
    slots = window.slots(numbers)
    agreeing = (window.minima[slots] == own).sum(axis=1)
    near = _near(agreeing, window.rows["shingles"][slots], signature.shingles) & (window.rows["at"][slots] >= oldest_at)
    if not near.any():
        return None
    best = int(np.where(near, agreeing, -1).argmax())  # the first, hence the earliest, of equals
    row, words = window.row(numbers[best]), window.text(numbers[best])
    opened_by = words.opened_by or words.article_id
    similarity = int(agreeing[best]) / MINIMA
    return Story(
        id=story_id(opened_by),
        position=window.row(next(window.with_story(opened_by))).members + 1,
        opened_by=opened_by,
        opened_at=_instant(row.opened_at),
        nearest=words.article_id,
        similarity=similarity,
        containment=round(containment(similarity, row.shingles, signature.shingles), 4),
    )


def _near(agreeing: npt.NDArray[np.intp], shingles: npt.NDArray[np.int32], own_shingles: int) -> npt.NDArray[np.bool_]:
    """Which texts are of one story with ours, by the number of agreeing minima and their numbers of shingles."""
    shorter, longer = np.minimum(shingles, own_shingles), np.maximum(shingles, own_shingles)
    similarity = agreeing / MINIMA
    contained = similarity * (shorter + longer) / (1 + similarity) / shorter
    of_unlike_length = (longer > LENGTH_RATIO * shorter) & (contained >= CONTAINMENT) & (agreeing >= CONTAINMENT_MINIMA)
    near: npt.NDArray[np.bool_] = (similarity >= SIMILARITY) | of_unlike_length
    return near


def _comparable(signature: Signature) -> bool:
    return (signature.scheme, signature.seed) == (SCHEME, SEED)


def _verdict(record: StoryRecord) -> Verdict:
    return Verdict(**{name: getattr(record, name) for name in Verdict.__struct_fields__})


def _row(record: StoryRecord) -> Row:
    story, signature = record.story or Story(id=""), record.signature
    return Row(
        at=_microseconds(record.at),
        opened_at=_microseconds(story.opened_at or record.at),
        offset=record.collected.offset,
        similarity=story.similarity,
        containment=story.containment,
        revision=record.revision,
        members=record.members,
        position=story.position,
        partition=record.collected.partition,
        shingles=signature.shingles if signature else 0,
        tokens=record.tokens,
        signed_tokens=signature.tokens if signature else 0,
        comparable=signature is not None and _comparable(signature),
    )


def _story(window: Window, number: int) -> Story | None:
    row, words = window.row(number), window.text(number)
    if words.opened_by is None:
        return None
    return Story(
        id=story_id(words.opened_by),
        position=row.position,
        opened_by=words.opened_by,
        opened_at=_instant(row.opened_at),
        nearest=words.nearest,
        similarity=row.similarity,
        containment=row.containment,
    )


def _signature(window: Window, number: int) -> Signature:
    """The signature of a row, rebuilt."""
    row, slot = window.row(number), window.slot(number)
    values = np.concatenate([window.minima[slot], window.smallest[slot, : row.shingles]]).astype("<u4").tobytes()
    return Signature(scheme=SCHEME, seed=SEED, values=values, shingles=row.shingles, tokens=row.signed_tokens)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND

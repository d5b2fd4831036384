"""Canaries: articles of our own that go the way of all articles up to the alerter, so that the way is known to be open, and how long it takes.

The marker is the id of their source; `name` of the source says for whom they fly: a connector, or a connector and one of its sources. They match the
built-in rule of theirs and no other, they end in the stage enrich (nothing of them is indexed, shown or kept as evidence, so no back-test meets them), and
the alerter writes down that it heard them instead of opening an episode. The rule tells of their absence.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from pipeline.article import Article, Clock, Dates, Language, Match, Source, identity
from pipeline.matched import Matched
from pipeline.outcome import Dropped, Exit, Outcome
from pipeline.sources import CANARIES_ID, CANARY_RULE_ID

_SITE = "canary.invalid"
_TEXTS = {
    "de": (
        "Kanarienvogel: {name}",
        "Diesen Artikel hat Lagebild selbst geschrieben, um den Weg zum Alarm zu prüfen. Niemand sieht ihn. {at}",
    ),
    "en": ("Canary: {name}", "Lagebild wrote this article itself to try the way to the alert. Nobody sees it. {at}"),
}


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a record in `sources.canaries`, under the canary's name: the last one that the alerter met, and when.

    It was sent at `sent_at`, the rules were applied at `matched_at`, and the alerter took it in at `heard_at`.
    """

    article_id: str
    sent_at: datetime
    matched_at: datetime
    heard_at: datetime

    @property
    def seconds(self) -> float:
        """From source to alert."""
        return round(max((self.heard_at - self.sent_at).total_seconds(), 0.0), 3)


def is_canary(source_id: str) -> bool:
    """Whether what has this source is a canary."""
    return source_id == CANARIES_ID


def number(at: datetime, every_seconds: float) -> int:
    """Which canary flies at `at`, counted from 1970: with one interval, everybody counts alike."""
    return int(at.timestamp() // every_seconds)


def article(name: str, connector: str, every_seconds: float, language: str, now: datetime) -> Article:
    """The canary that flies now. Within one interval it is the same article, so a restart makes a repeat of it and no second one."""
    count = number(now, every_seconds)
    at = datetime.fromtimestamp(count * every_seconds, UTC)
    title, body = (each.format(name=name, at=f"{at:%Y-%m-%d %H:%M:%S} UTC") for each in _TEXTS["de" if language == "de" else "en"])
    guid = f"{name}:{every_seconds:g}:{count}"
    return Article(
        id=identity(_SITE, guid, ""),
        source=Source(id=CANARIES_ID, name=name, connector=connector, site=_SITE),
        guid=guid,
        title=title,
        body=body,
        dates=Dates(published_raw=at.isoformat()),
        language=Language(declared=language),
        clock=Clock(fetched_at=now, collected_at=now),
    )


def own_matches(article: Article) -> tuple[Match, ...]:
    """The matches of a canary that count: a team's rule, however wide, must not ring for one."""
    return tuple(each for each in article.matches if each.rule_id == CANARY_RULE_ID)


def ended(article: Article, stage: str, now: datetime) -> Outcome:
    """What became of a canary in `stage`: it is no news, and was left out on purpose."""
    return Outcome(
        article_id=article.id,
        position=article.position,
        exit=Exit.DROPPED,
        stage=stage,
        at=now,
        reason=Dropped.CANARY,
        detail=article.source.name,
        revision=article.revision,
    )


def heard(matched: Matched, now: datetime) -> Heard:
    """What the alerter writes of the match of a canary that it meets at `now`."""
    sent_at = matched.clock.fetched_at or matched.matched_at
    return Heard(article_id=matched.article_id, sent_at=sent_at, matched_at=matched.matched_at, heard_at=max(now, sent_at))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Heard)


def encode(found: Heard) -> bytes:
    return _encoder.encode(found)


def decode(value: bytes) -> Heard:
    """The record in `value`. Raises `msgspec.DecodeError` or `msgspec.ValidationError` on anything else."""
    return _decoder.decode(value)

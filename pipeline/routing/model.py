"""What the team's files say about telling people, besides the rules: receivers, routes, time intervals, inhibitions, rosters, silences, defaults.

All immutable, and the whole survives a round trip through JSON. Lengths of time are in seconds. What is read from ICS files stands in here as
events, so that no process but the one that applies the rules needs the files. Wall-clock times are naive and belong to the zone beside them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from pipeline.episode import Matcher, Silence
from pipeline.rules.model import Digest, Severity

DAY_SECONDS = 86_400
DAY_MINUTES = 1_440
EVERY_WEEKDAY = (0, 1, 2, 3, 4, 5, 6)
ZONE = "Europe/Berlin"

Equal = Literal["story", "situation", "source", "country", "place", "tag", "rule"]


class Receiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a receiver of the configuration is told. Without such an entry a receiver has the defaults of this record.

    `max_per_hour` 0 is no limit; what exceeds it waits for a storm digest. `hours` names time intervals outside which messages wait. Alerts of
    the severity `despite_limit` or a higher one pass the limit, those of `despite_hours` pass the hours ("" is none). `fallback` is who is told
    instead when this channel has taken nothing for `fallback_after_seconds`.
    """

    language: Literal["de", "en", ""] = ""
    max_per_hour: int = 0
    despite_limit: Severity | Literal[""] = "critical"
    hours: tuple[str, ...] = ()
    despite_hours: Severity | Literal[""] = ""
    fallback: tuple[str, ...] = ()
    fallback_after_seconds: int = 60


class Route(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node of the tree, as Alertmanager has it: it takes an alert when all `matchers` hold and, with `hours`, one of them is now.

    The first child that takes it decides; one with `proceed` (`continue` in the files) lets its later siblings have a look as well. Where no
    child takes it, `to` is told, or what the parent says when that is empty.
    """

    matchers: tuple[Matcher, ...] = ()
    to: tuple[str, ...] = ()
    proceed: bool = False
    hours: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()


class Times(msgspec.Struct, frozen=True):
    """From minute `start` of the day to minute `end`, exclusive; when `end` is not later, to that minute of the next day."""

    start: int
    end: int


class Dates(msgspec.Struct, frozen=True):
    """From `first` to `last`, both included."""

    first: date
    last: date


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of an ICS file, with its recurrence. `starts_local` is wall-clock time in `zone`, and so are `extra` and `without`.

    `recurrence` is the text of RRULE, checked and bounded on reading. `who` are the summary and the attendees.
    """

    starts_local: datetime
    minutes: int
    zone: str = ZONE
    all_day: bool = False
    recurrence: str = ""
    extra: tuple[datetime, ...] = ()
    without: tuple[datetime, ...] = ()
    who: tuple[str, ...] = ()


class Interval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A time of the week. No `times` is the whole day, no `dates` every date. What passes midnight belongs to the day on which it began.

    `holidays` are all-day events; `on_holidays` says whether those days are outside ("never"), alone inside ("only") or like others ("too").
    """

    zone: str = ZONE
    weekdays: tuple[int, ...] = EVERY_WEEKDAY
    times: tuple[Times, ...] = ()
    dates: tuple[Dates, ...] = ()
    holidays: tuple[Event, ...] = ()
    on_holidays: Literal["never", "only", "too"] = "never"


class Inhibition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """While an open episode that has rung fits `source`, those that fit `target` and share all of `equal` with it ring nobody.

    `for_seconds` bounds it from the last time the source rang; 0 is as long as the episode is open.
    """

    name: str
    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[Equal, ...] = ()
    for_seconds: int = 0


class Roster(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is on duty. `people` says which receivers a summary or an attendee stands for. `default` is told when nobody is on duty."""

    file: str = ""
    shifts: tuple[Event, ...] = ()
    people: dict[str, tuple[str, ...]] = {}
    default: tuple[str, ...] = ()


class Routing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All of it as one record: it travels over the topic `rules` under the key `routing`.

    `default` is told when neither a rule nor the tree names anybody. `zone` and `language` are those of texts for receivers that name none.
    `said` names which of these two the files say. `digest` is when alerts are told that wait for a digest although their rule has none.
    """

    default: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    receivers: dict[str, Receiver] = {}
    intervals: dict[str, tuple[Interval, ...]] = {}
    inhibitions: tuple[Inhibition, ...] = ()
    rosters: dict[str, Roster] = {}
    silences: tuple[Silence, ...] = ()
    most_silence_seconds: int = 7 * DAY_SECONDS
    silence_notice_seconds: int = 900
    storm_collects_seconds: int = 600
    despite_hours: Severity | Literal[""] = ""
    digest: Digest = Digest(cron="0 7 * * *")
    zone: str = ZONE
    language: Literal["de", "en"] = "de"
    said: tuple[str, ...] = ()

    def completed(self, default: tuple[str, ...], zone: str, language: Literal["de", "en"]) -> Routing:
        """The same with what the configuration says where the files say nothing: who is told by default, the zone and the language of texts."""
        return msgspec.structs.replace(
            self,
            default=self.default or default,
            zone=self.zone if "zone" in self.said else zone,
            language=self.language if "language" in self.said else language,
        )

    def receiver(self, name: str) -> Receiver:
        """What the files say about the receiver `name`, the defaults where they say nothing."""
        return self.receivers.get(name) or Receiver()

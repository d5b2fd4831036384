"""One function for each kind of file beside the rules: what it says, as the part of `Routing` that it fills."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from pipeline.episode import Silence
from pipeline.routing import cron, ics, reading
from pipeline.routing.model import Dates, Equal, Event, Inhibition, Interval, Receiver, Roster, Route, Routing
from pipeline.routing.reading import Reading, Top
from pipeline.routing.silences import FROM_FILES, objections
from pipeline.rules.model import Digest
from pipeline.rules.reading import Block, Names

_HEAD = ("schema", "kind", "title", "description")
FILES: dict[str, Names] = {
    "routes": Names((*_HEAD, "default", "routes")),
    "receivers": Names((*_HEAD, "receivers")),
    "silences": Names((*_HEAD, "silences")),
    "time_intervals": Names((*_HEAD, "time_intervals")),
    "inhibitions": Names((*_HEAD, "inhibitions")),
    "rosters": Names((*_HEAD, "rosters")),
    "defaults": Names(
        (*_HEAD, *str.split("max_silence silence_notice storm_collects despite_hours digest tz language notify group")),
        elsewhere={**dict.fromkeys(("max_per_hour", "on_update", "escalate", "updates"), "notify"), "by": "group"},
    ),
}
_ROUTE = Names(("match", "to", "continue", "hours", "routes"))
_RECEIVER = Names(str.split("name language max_per_hour despite_limit hours despite_hours fallback fallback_after"))
_SILENCE = Names(str.split("id match author reason starts ends tz"))
_INTERVAL = Names(str.split("name tz weekdays times dates holidays on_holidays"))
_INHIBITION = Names(("name", "source", "target", "equal", "for"))
_ROSTER = Names(("name", "file", "tz", "people", "default"))
_DIGEST = Names(("cron", "tz", "empty"))
_MOST_DEEP = 8
_EQUAL: tuple[Equal, ...] = get_args(Equal)


def routes(top: Top, reads: Reading) -> Routing:
    return Routing(default=reads.refers(top, "default", "receiver or roster"), routes=_routes(top, reads, 1))


def _routes(block: Block, reads: Reading, depth: int) -> tuple[Route, ...]:
    if depth > _MOST_DEEP:
        block.complain("routes", f"routes are nested deeper than {_MOST_DEEP} levels")
        return ()
    return tuple(_route(block.block("routes", _ROUTE, number), reads, depth) for number in range(len(block.items("routes"))))


def _route(block: Block, reads: Reading, depth: int) -> Route:
    if "to" not in block and "routes" not in block:
        block.complain(None, "a route needs `to`: who is told, or `routes` below it")
    return Route(
        matchers=reading.matchers(block, "match"),
        to=reads.refers(block, "to", "receiver or roster"),
        proceed=block.flag("continue"),
        hours=reads.refers(block, "hours", "interval"),
        routes=_routes(block, reads, depth + 1),
    )


def receivers(top: Top, reads: Reading) -> Routing:
    found = {}
    for block in _blocks(top, "receivers", _RECEIVER):
        name = reads.declares(block, "receiver")
        languages: tuple[Literal["de", "en"], ...] = ("de", "en")
        found[name] = Receiver(
            language=block.choice("language", languages, "de") if "language" in block else "",
            max_per_hour=block.number("max_per_hour", 0, 0, 100_000),
            despite_limit=reading.severity(block, "despite_limit", Receiver().despite_limit),
            hours=reads.refers(block, "hours", "interval"),
            despite_hours=reading.severity(block, "despite_hours", ""),
            fallback=reads.refers(block, "fallback", "receiver or roster"),
            fallback_after_seconds=block.seconds("fallback_after", Receiver().fallback_after_seconds),
        )
        reads.references.append(reading.Reference("receiver", name, (*block.path, "name")))
    return Routing(receivers=found)


def silences(top: Top, reads: Reading) -> Routing:
    return Routing(silences=tuple(_silence(block, reads) for block in _blocks(top, "silences", _SILENCE)))


def _silence(block: Block, reads: Reading) -> Silence:
    zone = reading.zone(block)
    starts_at = reading.moment(block, "starts", zone)
    return Silence(
        id=FROM_FILES + reads.declares(block, "silence", "id"),
        matchers=reading.matchers(block, "match", required=True),
        author=block.text("author", required=True),
        reason=block.text("reason", required=True),
        starts_at=starts_at,
        ends_at=reading.moment(block, "ends", zone),
        created_at=starts_at,
    )


def silence_problems(silences_: tuple[Silence, ...], routing: Routing) -> list[tuple[str, str]]:
    """The id and what is wrong, for silences of the files: whether they are over already is not a fault."""
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    return [(each.id.removeprefix(FROM_FILES), words) for each in silences_ for words in objections(each, routing, long_ago)]


def time_intervals(top: Top, reads: Reading, folder: Path) -> Routing:
    found: dict[str, tuple[Interval, ...]] = {}
    names: dict[str, None] = {}
    for block in _blocks(top, "time_intervals", _INTERVAL):
        name = block.text("name", required=True, pattern=reading.NAME, say=reading.SAY_NAME)
        if name not in names:
            reads.declared[("interval", name)] = (*block.path, "name")
        names[name] = None
        found[name] = (*found.get(name, ()), _interval(block, folder))
    return Routing(intervals=found)


def _interval(block: Block, folder: Path) -> Interval:
    zone = reading.zone(block)
    options: tuple[Literal["never", "only", "too"], ...] = ("never", "only", "too")
    if "on_holidays" in block and "holidays" not in block:
        block.complain("on_holidays", "`on_holidays` needs `holidays`: the ICS file that says which days they are", at_key=True)
    holidays = tuple(each for each in _calendar(block, "holidays", folder, zone) if each.all_day)
    if "holidays" in block and not holidays and not block.source.problems:
        block.complain("holidays", f"the calendar {block.values['holidays']!r} has no events that last whole days")
    return Interval(
        zone=zone,
        weekdays=reading.weekdays(block, "weekdays"),
        times=reading.times(block, "times"),
        dates=_dates(block),
        holidays=holidays,
        on_holidays=block.choice("on_holidays", options, "never"),
    )


def _dates(block: Block) -> tuple[Dates, ...]:
    found = []
    for number, text in enumerate(block.texts("dates", single=True)):
        first, _, last = text.partition(" to ")
        start, end = reading.day(first), reading.day(last or first)
        if start is None or end is None or end < start:
            message = f"{text!r} is no date: write 2026-12-24 or '2026-12-24 to 2026-12-26'"
            block.source.problems.append(block.source.problem((*block.path, "dates", number), message))
        else:
            found.append(Dates(start, end))
    return tuple(found)


def inhibitions(top: Top, reads: Reading) -> Routing:
    found = []
    for block in _blocks(top, "inhibitions", _INHIBITION):
        name = reads.declares(block, "inhibition")
        equal = block.each("equal", block.texts("equal", single=True), "|".join(_EQUAL), f"something to be equal: use {', '.join(_EQUAL)}")
        found.append(
            Inhibition(
                name=name,
                source=reading.matchers(block, "source", required=True, without=("owner", "kind")),
                target=reading.matchers(block, "target", required=True),
                equal=tuple(each for each in _EQUAL if each in equal),
                for_seconds=block.seconds("for", 0),
            )
        )
    return Routing(inhibitions=tuple(found))


def rosters(top: Top, reads: Reading, folder: Path) -> Routing:
    found = {}
    for block in _blocks(top, "rosters", _ROSTER):
        name = reads.declares(block, "roster")
        zone = reading.zone(block)
        if "default" not in block:
            block.complain(None, "a roster needs `default`: who is told when nobody is on duty")
        if "file" not in block:
            block.complain(None, "a roster needs `file`: the ICS file with the shifts")
        people_values = block.values.get("people", {})
        people = block.block("people", Names(tuple(people_values) if isinstance(people_values, dict) else ()))
        found[name] = Roster(
            file=block.text("file"),
            shifts=_calendar(block, "file", folder, zone),
            people={each: reads.refers(people, each, "receiver") for each in people.values},
            default=reads.refers(block, "default", "receiver"),
        )
    return Routing(rosters=found)


def _calendar(block: Block, name: str, folder: Path, zone: str) -> tuple[Event, ...]:
    file = block.text(name)
    if not file:
        return ()
    try:
        return ics.read(folder, file, zone)
    except ics.BadCalendar as error:
        block.complain(name, str(error))
        return ()


def defaults(top: Top, reads: Reading) -> Routing:
    plain = Routing()
    languages: tuple[Literal["de", "en"], ...] = ("de", "en")
    for name in FILES["defaults"].works:
        if name in top and name not in _HEAD:
            reads.declared[("default", name)] = (name,)
    return Routing(
        most_silence_seconds=top.seconds("max_silence", plain.most_silence_seconds),
        silence_notice_seconds=top.seconds("silence_notice", plain.silence_notice_seconds),
        storm_collects_seconds=top.seconds("storm_collects", plain.storm_collects_seconds),
        despite_hours=reading.severity(top, "despite_hours", ""),
        digest=_digest(top) if "digest" in top else plain.digest,
        zone=reading.zone(top),
        language=top.choice("language", languages, "de"),
    )


def _digest(top: Top) -> Digest:
    block = top.block("digest", _DIGEST)
    found = Digest(cron=block.text("cron", required=True), tz=reading.zone(block), empty=block.flag("empty"))
    objection = cron.objection(found.cron, found.tz) if found.cron else ""
    if objection:
        block.complain("cron", objection)
        return Routing().digest
    return found


def _blocks(top: Top, name: str, names: Names) -> list[Block]:
    if name not in top:
        top.complain(None, f"the file needs `{name}`: a list")
    return [top.block(name, names, number) for number in range(len(top.items(name)))]

"""The files beside the rules: what works, what is refused and where, all at once, and what only all files together can show."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pipeline.episode import Matcher
from pipeline.located import read_text
from pipeline.routing.cross_check import rule_objections
from pipeline.routing.declare import Part, joined, part
from pipeline.routing.model import Receiver, Route, Routing, Times
from pipeline.rules.model import Digest, Escalate, Notify

FOLDER = Path(__file__).parent
RECEIVERS = ("lage", "mail", "telegram", "nachtpult")

HOLIDAYS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Weihnachten\r\n"
    "RRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
DUTY = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Berlin:20261120T080000\r\n"
    "DTEND;TZID=Europe/Berlin:20261120T200000\r\nSUMMARY:Meyer\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
GOOD = {
    "routes.yml": """\
schema: news-alerts/v1
kind: routes
default: [lage]
routes:
  - match: {severity: [high, critical], tag: dprk, not: {source: satire}}
    to: [bereitschaft]
    continue: true
    routes:
      - {match: {country: KR}, to: telegram, hours: [nachts]}
  - {match: {rule: de-*}, to: [mail]}
""",
    "receivers.yml": """\
schema: news-alerts/v1
kind: receivers
receivers:
  - name: telegram
    language: en
    max_per_hour: 12
    despite_limit: never
    hours: [werktags, nachts]
    despite_hours: critical
    fallback: [mail]
    fallback_after: 90s
""",
    "zeiten.yml": """\
schema: news-alerts/v1
kind: time_intervals
time_intervals:
  - {name: werktags, weekdays: [mon-fri], times: ["07:00-19:00"], holidays: feiertage.ics}
  - {name: nachts, tz: America/New_York, times: ["22:00-06:00"]}
  - {name: nachts, weekdays: [sa, so], dates: ["2026-12-24 to 2026-12-26"]}
""",
    "dienst.yml": """\
schema: news-alerts/v1
kind: rosters
rosters:
  - {name: bereitschaft, file: dienst.ics, people: {Meyer: telegram}, default: [lage]}
""",
    "stille.yml": """\
schema: news-alerts/v1
kind: silences
silences:
  - id: wartung
    match: {source: tagesblatt}
    author: Kim
    reason: Umbau der Seite
    starts: 2026-11-20T12:00
    ends: 2026-11-20T18:00+00:00
""",
    "ruhe.yml": """\
schema: news-alerts/v1
kind: inhibitions
inhibitions:
  - {name: gross, source: {rule: grosslage}, target: {severity: low}, equal: [country, place], for: 6h}
""",
    "vorgaben.yml": """\
schema: news-alerts/v1
kind: defaults
max_silence: 2d
storm_collects: 5m
despite_hours: critical
digest: {cron: "0 6 * * *", tz: Europe/Vienna}
language: en
notify: {max_per_hour: 7}
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "feiertage.ics").write_text(HOLIDAYS)
    (tmp_path / "dienst.ics").write_text(DUTY)
    return tmp_path


def parts(texts: dict[str, str], folder: Path) -> dict[str, Part]:
    found = {}
    for name, text in texts.items():
        source = read_text(text, name)
        each = part(source, folder)
        assert each is not None, source.problems
        found[name] = each
    return found


def problems(text: str, folder: Path = FOLDER) -> list[str]:
    source = read_text(text, "x.yml")
    assert part(source, folder) is None
    return [str(each) for each in sorted(source.problems)]


def file(kind: str, body: str) -> str:
    return f"schema: news-alerts/v1\nkind: {kind}\n{body}"


def test_every_kind_reaches_the_record(folder: Path) -> None:
    routing, found = joined(parts(GOOD, folder), RECEIVERS)
    assert found == []
    assert routing.default == ("lage",)
    first, second = routing.routes
    assert first.matchers == (
        Matcher(field="tag", values=("dprk",)),
        Matcher(field="severity", values=("high", "critical")),
        Matcher(field="source", values=("satire",), negative=True),
    )
    assert first.proceed and first.routes == (
        Route(matchers=(Matcher(field="country", values=("KR",)),), to=("telegram",), hours=("nachts",)),
    )
    assert second.to == ("mail",) and not second.proceed
    assert routing.receivers["telegram"] == Receiver(
        language="en",
        max_per_hour=12,
        despite_limit="",
        hours=("werktags", "nachts"),
        despite_hours="critical",
        fallback=("mail",),
        fallback_after_seconds=90,
    )
    assert routing.intervals["werktags"][0].times == (Times(420, 1_140),) and routing.intervals["werktags"][0].holidays[0].all_day
    assert [each.weekdays for each in routing.intervals["nachts"]] == [tuple(range(7)), (5, 6)]
    assert routing.rosters["bereitschaft"].people == {"Meyer": ("telegram",)} and len(routing.rosters["bereitschaft"].shifts) == 1
    assert routing.inhibitions[0].for_seconds == 6 * 3_600 and routing.inhibitions[0].equal == ("country", "place")
    silence = routing.silences[0]
    assert (silence.id, silence.author, silence.starts_at) == ("file:wartung", "Kim", datetime(2026, 11, 20, 11, tzinfo=UTC))
    assert (routing.most_silence_seconds, routing.storm_collects_seconds, routing.silence_notice_seconds) == (172_800, 300, 900)
    assert (routing.despite_hours, routing.language, routing.digest) == ("critical", "en", Digest(cron="0 6 * * *", tz="Europe/Vienna"))


def test_the_record_survives_a_round_trip_through_json(folder: Path) -> None:
    routing, _ = joined(parts(GOOD, folder))
    assert msgspec.json.decode(msgspec.json.encode(routing), type=Routing) == routing
    assert msgspec.json.decode(msgspec.json.encode(Routing()), type=Routing) == Routing()


def test_defaults_for_rules_are_handed_on_as_they_are_written(folder: Path) -> None:
    assert parts(GOOD, folder)["vorgaben.yml"].rule_defaults == {"notify": {"max_per_hour": 7}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: routen\n", "x.yml:1:7: `kind` is 'routen'; it must be one of"),
        ("- a\n", "x.yml:1:1: the file needs names with values"),
        ("kind: routes\nroutes: []\n", "the file needs `schema`"),
        (file("routes", "rutes: []\n"), "x.yml:3:1: unknown name 'rutes' in the file. Did you mean 'routes'?"),
        (file("routes", "routes:\n  - {match: {severity: hoch}, to: a}\n"), "'hoch' is no severity"),
        (file("routes", "routes:\n  - {match: {kind: [frist]}, to: a}\n"), "Did you mean 'first'?"),
        (file("routes", "routes:\n  - {match: {land: DE}, to: a}\n"), "unknown name 'land' in `match`"),
        (file("routes", "routes:\n  - {match: {rule: a}}\n"), "a route needs `to`"),
        (file("routes", "routes:\n  - {match: {rule: []}, to: a}\n"), "`rule` is empty"),
        (file("routes", "routes: " + "[{routes: " * 9 + "[{to: a}]" + "}]" * 9 + "\n"), "nested deeper than 8 levels"),
        (file("receivers", "receivers:\n  - {name: a, max_per_hour: viele}\n"), "`max_per_hour` must be a whole number"),
        (file("receivers", "receivers:\n  - {name: a}\n  - {name: a}\n"), "x.yml:5:12: 'a' stands here twice"),
        (file("receivers", "receivers:\n  - {name: a, fallback_after: 1 minute}\n"), "a time of at most a year"),
        (file("receivers", "receivers:\n  - {name: a, despite_hours: kritisch}\n"), "must be one of info"),
        (file("receivers", "receivers: {a: b}\n"), "`receivers` must be a list"),
        (file("receivers", ""), "the file needs `receivers`: a list"),
        (file("time_intervals", "time_intervals:\n  - {name: a, times: ['7-19']}\n"), "'7-19' is no time of the day"),
        (file("time_intervals", "time_intervals:\n  - {name: a, times: ['25:00-26:00']}\n"), "no time of the day"),
        (file("time_intervals", "time_intervals:\n  - {name: a, weekdays: [mon-fre]}\n"), "'mon-fre' is no weekday"),
        (file("time_intervals", "time_intervals:\n  - {name: a, dates: [24.12.2026]}\n"), "'24.12.2026' is no date"),
        (file("time_intervals", "time_intervals:\n  - {name: a, tz: Berlin}\n"), "there is no time zone 'Berlin'"),
        (file("time_intervals", "time_intervals:\n  - {name: a, tz: ../../etc/passwd}\n"), "there is no time zone"),
        (file("time_intervals", "time_intervals:\n  - {name: a, holidays: fehlt.ics}\n"), "the calendar 'fehlt.ics' cannot be read"),
        (file("time_intervals", "time_intervals:\n  - {name: a, holidays: dienst.ics}\n"), "no events that last whole days"),
        (file("time_intervals", "time_intervals:\n  - {name: a, on_holidays: only}\n"), "`on_holidays` needs `holidays`"),
        (file("rosters", "rosters:\n  - {name: a, file: ../geheim.ics, default: [b]}\n"), "lies outside the folder"),
        (file("rosters", "rosters:\n  - {name: a, file: dienst.ics}\n"), "a roster needs `default`"),
        (file("rosters", "rosters:\n  - {name: a, default: [b]}\n"), "a roster needs `file`"),
        (file("silences", "silences:\n  - {id: a, author: b, reason: c, starts: heute, ends: 2026-11-20}\n"), "`starts` is 'heute'"),
        (file("silences", "silences:\n  - {id: a, author: b, reason: c, starts: 2026-11-20, ends: 2026-11-21}\n"), "`match` is missing"),
        (file("silences", "silences:\n  - {id: a, match: {rule: x}, starts: 2026-11-20, ends: 2026-11-21}\n"), "needs `author`"),
        (file("inhibitions", "inhibitions:\n  - {name: a, source: {owner: x}, target: {rule: y}}\n"), "`owner` cannot be used here"),
        (file("inhibitions", "inhibitions:\n  - {name: a, source: {rule: x}, target: {}}\n"), "`target` says nothing"),
        (
            file("inhibitions", "inhibitions:\n  - {name: a, source: {rule: x}, target: {rule: y}, equal: [ort]}\n"),
            "'ort' is not something to be equal",
        ),
        (file("defaults", "digest: {cron: '0 0 31 2 *'}\n"), "never fires"),
        (file("defaults", "digest: {cron: '61 0 * * *'}\n"), "'61' is no minute"),
        (file("defaults", "max_per_hour: 3\n"), "`max_per_hour` belongs under `notify`"),
        (file("defaults", "language: fr\n"), "must be one of de, en"),
    ],
)
def test_a_fault_is_named_at_its_place(text: str, expected: str, folder: Path) -> None:
    assert expected in "\n".join(problems(text, folder))


def test_all_faults_of_a_file_are_named_at_once() -> None:
    found = problems(file("receivers", "receivers:\n  - {name: '', language: fr, fallback_after: x}\n  - {nam: b}\n"))
    assert len(found) == 5


BETWEEN = [
    (
        {"a.yml": file("routes", "default: [lge]\n")},
        "a.yml:3:11: there is no receiver 'lge': name one of the configuration. Did you mean 'lage'?",
    ),
    ({"a.yml": file("receivers", "receivers:\n  - {name: mial}\n")}, "a.yml:4:12: there is no receiver 'mial'"),
    ({"a.yml": file("receivers", "receivers:\n  - {name: mail, hours: nacht}\n")}, "a.yml:4:25: there is no time interval 'nacht'"),
    (
        {
            "a.yml": file("receivers", "receivers:\n  - {name: mail, fallback: [lage]}\n"),
            "b.yml": file("receivers", "receivers:\n  - {name: lage, fallback: [telegram]}\n  - {name: telegram, fallback: [mail]}\n"),
        },
        "b.yml:4:5: the fallbacks go in a circle: lage → telegram → mail → lage",
    ),
    (
        {"a.yml": file("routes", "default: [lage]\n"), "b.yml": file("routes", "default: [mail]\n")},
        "b.yml:3:10: 'default' is already said in a.yml",
    ),
    (
        {"a.yml": file("receivers", "receivers:\n  - {name: mail}\n"), "b.yml": file("receivers", "receivers:\n  - {name: mail}\n")},
        "b.yml:4:12: 'mail' is already said in a.yml",
    ),
    (
        {"a.yml": file("defaults", "language: de\n"), "b.yml": file("defaults", "language: en\n")},
        "b.yml:3:11: 'language' is already said in a.yml",
    ),
    (
        {"a.yml": file("rosters", "rosters:\n  - {name: dienst, file: dienst.ics, default: [dienst]}\n")},
        "'dienst' is a roster: here a receiver must stand",
    ),
    (
        {
            "a.yml": file("defaults", "max_silence: 1h\n"),
            "b.yml": file(
                "silences", "silences:\n  - {id: s, match: {rule: x}, author: k, reason: r, starts: 2026-11-20, ends: 2026-11-21}\n"
            ),
        },
        "b.yml:4:10: 's': the silence lasts longer than the 60 minutes that are allowed",
    ),
    (
        {
            "b.yml": file(
                "silences", "silences:\n  - {id: s, match: {rule: x}, author: k, reason: r, starts: 2026-11-20, ends: 2026-11-20}\n"
            )
        },
        "the silence ends before it begins",
    ),
]


@pytest.mark.parametrize(("texts", "expected"), BETWEEN)
def test_a_fault_between_files_is_named_at_its_place(texts: dict[str, str], expected: str, folder: Path) -> None:
    _, found = joined(parts(texts, folder), RECEIVERS)
    assert [each for each in map(str, found) if expected in each], found


def test_receivers_are_not_checked_without_the_configuration(folder: Path) -> None:
    _, found = joined(parts({"a.yml": file("routes", "default: [irgendwer]\n")}, folder))
    assert found == []


def test_what_a_rule_says_is_checked_against_the_files(folder: Path) -> None:
    routing, _ = joined(parts(GOOD, folder))
    good = Notify(route=("bereitschaft", "lage"), hours=("werktags",), escalate=Escalate(after_seconds=60, to=("mail",)))
    assert list(rule_objections(good, routing, RECEIVERS)) == []
    bad = Notify(route=("lag",), hours=("werktag",), escalate=Escalate(after_seconds=60, to=("mial",)), digest=Digest(cron="0 0 30 2 *"))
    found = list(rule_objections(bad, routing, RECEIVERS))
    assert [path for path, _ in found] == [("route", 0), ("escalate", "to", 0), ("hours", 0), ("digest", "cron")]
    assert "Did you mean 'lage'?" in found[0][1] and "Did you mean 'werktags'?" in found[2][1]


def test_what_the_files_do_not_say_the_configuration_says() -> None:
    silent = Routing().completed(("desk",), "Asia/Tokyo", "en")
    assert (silent.default, silent.zone, silent.language) == (("desk",), "Asia/Tokyo", "en")
    spoken = Routing(default=("duty",), zone="Europe/Paris", language="de", said=("zone", "language"))
    assert spoken.completed(("desk",), "Asia/Tokyo", "en") == spoken

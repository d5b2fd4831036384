"""`lagebild alerts silence | silences | unsilence`: what nobody wants to hear for a while, who wants that, why, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from pipeline import say, topology
from pipeline.commands import times
from pipeline.commands.alerts_saying import WAIT_SECONDS, By, Wait, answered, who_says
from pipeline.commands.refusals import errors_answered
from pipeline.commands.terminal import DEFAULT_CONFIG, AsJson, Config, counted, out, print_json, reading, settings_with_kafka, table
from pipeline.decisions import is_running
from pipeline.episode import Matcher
from pipeline.errors import LagebildError
from pipeline.inquiry import gathering
from pipeline.inquiry.words import silence_words
from pipeline.located import nearest
from pipeline.routing.drill import is_exercise
from pipeline.routing.silences import in_words
from pipeline.rules.reserved import RESERVED
from pipeline.settings import Settings
from pipeline.silencing import SCOPES
from pipeline.silencing import this as scope_of
from pipeline.text import country_codes

Values = list[str] | None


def add_to(app: typer.Typer) -> None:
    app.command("silence", help="Silence an episode, its rule or story, or whatever fits rules, tags, sources, …; recorded all the same.")(
        silence
    )
    app.command("silences", help="The silences that hold now; --all also those that are over.")(silences)
    app.command("unsilence", help="End a silence.")(unsilence)


def silence(
    episode: Annotated[str, typer.Argument(metavar="[EPISODE]", help="An episode's id, or its beginning.")] = "",
    this: Annotated[str, typer.Option("--this", help=f"What of the episode: {', '.join(SCOPES)}.")] = "episode",
    rule: Annotated[Values, typer.Option(help="Alerts of this rule; may be repeated.")] = None,
    tag: Annotated[Values, typer.Option(help="Alerts with this tag.")] = None,
    severity: Annotated[Values, typer.Option(help="Alerts of this severity.")] = None,
    owner: Annotated[Values, typer.Option(help="Alerts of rules of this owner.")] = None,
    story: Annotated[Values, typer.Option(help="Alerts about this story.")] = None,
    source: Annotated[Values, typer.Option(help="Alerts from this source.")] = None,
    country: Annotated[Values, typer.Option(help="Alerts from sources of this country.")] = None,
    kind: Annotated[Values, typer.Option(help="Messages of this kind: update, repeat, …")] = None,
    but_not: Annotated[
        Values, typer.Option("--but-not", metavar="FIELD=VALUE", help="Except these, for example severity=critical.")
    ] = None,
    length: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 3d.")] = "",
    reason: Annotated[str, typer.Option(help="Why: others ask why nobody was told.")] = "",
    config: Config = DEFAULT_CONFIG,
    by: By = "",
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    named = {"rule": rule, "tag": tag, "severity": severity, "owner": owner, "story": story}
    matchers = _matchers(named | {"source": source, "country": country, "kind": kind}, but_not or [])
    if not length or not reason:
        raise typer.BadParameter("a silence needs an end and a reason: --for 2h --reason …")
    if not episode and all(each.negative for each in matchers):
        raise typer.BadParameter("say what is to be silent: an episode, or --rule, --tag, --source, …")
    with errors_answered(as_json):
        name = who_says(by)
        lasting = times.length(length)
        settings = settings_with_kafka(config, "lagebild alerts silence")
        _judge(settings, matchers, lasting)
        episode_id = ""
        if episode:
            with reading("the episode") as progress:
                found = gathering.ledger(settings, progress).episode(episode)
            episode_id = found.id
            if matchers:
                matchers = (scope_of(this, found), *matchers)
        scope = this if episode and not matchers else ""
        command = say.silencing(name, datetime.now(UTC), lasting, reason, matchers, episode_id=episode_id, scope=scope, via="command")
        answered(settings, [command], wait, as_json)


def active_rules(settings: Settings, progress: gathering.Progress) -> frozenset[str]:
    """The ids of the rules that workers follow."""
    active: dict[str, bool] = {}
    for record in gathering.Reading(settings, progress).records(topology.RULES):
        active[(record.key or b"").decode("utf-8", "replace")] = record.value is not None
    return frozenset(rule_id for rule_id, is_there in active.items() if is_there and rule_id not in RESERVED)


def _judge(settings: Settings, matchers: tuple[Matcher, ...], lasting: timedelta) -> None:
    """Nothing when all that is named exists and the silence ends in time. Raises LagebildError: a silence of nothing would hold back nothing."""
    named = {field: [value for each in matchers if each.field == field for value in each.values] for field in ("rule", "source", "country")}
    wrong = [_unknown_source(each, settings) for each in named["source"]] + [_unknown_country(each, settings) for each in named["country"]]
    if any(wrong):
        raise LagebildError(next(filter(None, wrong)))
    with reading("the rules") as progress:
        known = active_rules(settings, progress) if named["rule"] else frozenset(named["rule"])
        longest = timedelta(seconds=gathering.routing(settings, progress).most_silence_seconds)
    for each in named["rule"]:
        if each not in known:
            raise LagebildError(f"there is no active rule {each!r}.{nearest(each, known)} `lagebild rules list --active` names them")
    if lasting > longest:
        raise LagebildError(
            f"a silence lasts {in_words(longest)} at most (`max_silence` in a file of `kind: defaults`): end it sooner, or change the rule"
        )


def _unknown_country(code: str, settings: Settings) -> str:
    """What is wrong with a country; a code that a source of the configuration has is right, whatever the standard says."""
    return "" if code in {each.country for each in settings.sources} else country_codes.objection(code)


def _unknown_source(name: str, settings: Settings) -> str:
    """What is wrong with the name of a source, "" when the configuration has it, or names no sources at all."""
    known = [each.id for each in settings.sources]
    if not known or name in known or is_exercise(name):
        return ""
    return f"there is no source {name!r}.{nearest(name, known)} `lagebild feeds list` names them"


def _matchers(named: dict[str, Values], but_not: list[str]) -> tuple[Matcher, ...]:
    found = [Matcher(field=name, values=tuple(values)) for name, values in named.items() if values]  # type: ignore[arg-type]
    for each in but_not:
        name, equals, value = each.partition("=")
        if name not in named or not equals or not value:
            raise typer.BadParameter(f"{each!r} is no exception: write FIELD=VALUE with one of {', '.join(named)}")
        found.append(Matcher(field=name, values=(value,), negative=True))  # type: ignore[arg-type]
    return tuple(found)


def silences(
    config: Config = DEFAULT_CONFIG,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: AsJson = False,
) -> None:
    with errors_answered(as_json):
        settings = settings_with_kafka(config, "lagebild alerts silences")
        now = datetime.now(UTC)
        with reading("silences") as progress:
            known = gathering.all_silences(settings, progress)
        shown = sorted((each for each in known.values() if everything or is_running(each, now)), key=lambda each: (each.ends_at, each.id))
        if as_json:
            print_json(shown)
            return
        zone = settings.time_zone
        rows = [
            (
                each.id[:16],
                silence_words(each),
                each.author,
                each.reason,
                times.shown(each.starts_at, zone),
                times.shown(each.ended_at or each.ends_at, zone) + (f", ended by {each.ended_by}" if each.ended_by else ""),
                each.suppressed,
            )
            for each in shown
        ]
        columns = ["id", "silent", "author", "reason", "from", "until", "messages"]
        out.print(table(counted(len(rows), "silence"), columns, rows, right=[6], whole=[0]))


def unsilence(
    silence_id: Annotated[str, typer.Argument(metavar="SILENCE", help="The silence's id, or its beginning.")],
    config: Config = DEFAULT_CONFIG,
    by: By = "",
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    with errors_answered(as_json):
        name = who_says(by)
        settings = settings_with_kafka(config, "lagebild alerts unsilence")
        with reading("silences") as progress:
            found = gathering.ledger(settings, progress, with_files=True).silence(silence_id)
        command = say.command("end_silence", name, datetime.now(UTC), silence_id=found.id, via="command")
        answered(settings, [command], wait, as_json)

"""The shift's page: everything that whoever comes next has to know, on paper too. Without a script: it prints as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.console.desk import Desk
from pipeline.console.view_decisions import answer_view
from pipeline.console.words import WORDS
from pipeline.episode import Audit, Episode, Notification, Silence
from pipeline.inquiry.choosing import is_open
from pipeline.inquiry.layout import as_html
from pipeline.inquiry.ledger import Ledger, by_time
from pipeline.inquiry.report import Report, Row, report
from pipeline.routing.model import Routing
from pipeline.routing.roster import on_duty, who
from pipeline.rules.model import SEVERITIES
from pipeline.sources import SourceHealth

HOURS = 12.0
MOST_HOURS = 24.0 * 31


@dataclass(frozen=True)
class Known:
    """What the page is made of, copied so that nobody waits while it is written. `open_episodes` are those that were open before the time as well."""

    report: Report
    ledger: Ledger
    open_episodes: tuple[Row, ...]
    running: tuple[Silence, ...]
    duty: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]


@dataclass(frozen=True)
class _Writing:
    """The words and the clock of one page."""

    words: Mapping[str, str]
    zone: str

    def say(self, name: str, **values: object) -> str:
        text = self.words.get(name, name)
        for key, value in values.items():
            text = text.replace(f"{{{key}}}", str(value))
        return text

    def at(self, instant: datetime | None) -> str:
        if instant is None:
            return self.say("handover_never")
        local = instant.astimezone(ZoneInfo(self.zone))
        return f"{local:%d.%m. %H:%M}" if self.words is WORDS["de"] else f"{local:%d %b %H:%M}"


def known(desk: Desk, now: datetime, hours: float = HOURS) -> Known:
    """What happened in the last `hours`, and how things stand. Takes the desk's lock."""
    since = now - timedelta(hours=min(max(hours, 0.1), MOST_HOURS))
    with desk.lock:
        ledger = desk.ledger()
        health: dict[str, SourceHealth] = dict(desk.health)
        versions = tuple(desk.versions)
        routing: Routing = desk.routing
    made = report(ledger, health, versions, since, now, now)
    rows = {each.episode.id: each for each in made.episodes}
    still = [rows.get(each.id) or Row(each, ledger.told(each.id)) for each in ledger.episodes.values() if _is_alert(each) and is_open(each)]
    duty = tuple((name, who(roster, now), on_duty(roster, now)) for name, roster in sorted(routing.rosters.items()))
    return Known(made, ledger, tuple(sorted(still, key=_order)), ledger.running(now), duty)


def _is_alert(episode: Episode) -> bool:
    """Whether people were told of it: what waits for its trigger or runs in shadow is nobody's work."""
    return episode.step > 0 and not episode.shadow and episode.state != "pending" and not episode.exercise


def _order(row: Row) -> tuple[bool, int, datetime]:
    """Those that nobody has seen first, then the more severe ones."""
    severity = row.episode.severity
    return bool(row.episode.acknowledged_by), -(SEVERITIES.index(severity) if severity in SEVERITIES else 0), row.episode.opened_at


def handover(known: Known, language: str, zone: str, theme: str = "auto", hours: float = HOURS) -> str:
    """The page's HTML in `language` (de or en), its times in `zone`."""
    writing = _Writing(WORDS[language], zone)
    say = writing.say
    made = known.report
    span = say("handover_span", since=writing.at(made.since), until=writing.at(made.until), zone=zone)
    settled = [each for each in made.episodes if _is_alert(each.episode) and not is_open(each.episode)]
    parts = [
        _section(writing, "handover_open", *_episodes(known.open_episodes, known, writing)),
        _section(writing, "handover_duty", ("handover_roster", "handover_who"), [_duty(*each, writing) for each in known.duty], "handover_no_roster"),
        _section(writing, "silences", ("handover_what", "handover_who", "handover_reason", "handover_until", "handover_count"),
                 [_silence(each, known, writing) for each in known.running]),
        _section(writing, "handover_sources", ("source_head", "handover_state", "handover_last_article", "handover_error"),
                 [(each.name or each.source_id, say(each.state), writing.at(each.last_article_at), each.last_error or each.unreadable_note) for each in made.sources]),
        _section(writing, "handover_rules", ("handover_when", "rule", "handover_what", "handover_by"),
                 [(writing.at(each.at), each.rule_id, f"{say('change_' + each.what)} {each.version[:8]}".strip(), each.by) for each in made.rules]),
        _section(writing, "handover_failed", ("handover_when", "handover_receiver", "handover_alert", "handover_error"),
                 [(writing.at(each.created_at), each.receiver, each.message.headline, each.last_error) for each in made.failed]),
        _section(writing, "handover_settled", *_episodes(settled, known, writing)),
        _section(writing, "handover_decisions", ("handover_when", "handover_who", "handover_what", "handover_alert", "handover_outcome"),
                 [(writing.at(each.at), each.command.by, say(f"act_{each.command.kind}"), each.headline or each.rule_id, _outcome(each, writing)) for each in made.audit]),
    ]  # fmt: skip
    links = "".join(
        f'<a class="quiet" href="?lang={language}&amp;hours={number}"{_current(number == hours)}>{as_html(say("handover_last", n=number))}</a>'
        for number in (8, 12, 24)
    )
    return "\n".join(
        (
            f'<!doctype html>\n<html lang="{language}" data-theme="{theme}">\n<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">',
            f"<title>{as_html(say('handover_title'))} · {as_html(span)}</title>",
            '<link rel="icon" href="/static/mark.svg" type="image/svg+xml">',
            '<link rel="stylesheet" href="/static/page.css"><link rel="stylesheet" href="/static/acting.css">',
            '<link rel="stylesheet" href="/static/handover.css"></head>',
            f'<body class="handover"><header><h1>{as_html(say("handover_title"))}</h1><p>{as_html(span)}</p>',
            f'<nav class="switches" aria-label="{as_html(say("handover_title"))}">{links}'
            f'<a class="quiet" href="/?lang={language}">{as_html(say("handover_back"))}</a><span>{as_html(say("handover_print"))}</span></nav></header>',
            "<main>",
            *parts,
            "</main></body></html>\n",
        )
    )


def _current(is_it: bool) -> str:
    return ' aria-current="true"' if is_it else ""


def _section(writing: _Writing, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], none: str = "handover_none") -> str:
    head = f"<section><h2>{as_html(writing.say(title))} <span>{len(rows) or ''}</span></h2>"
    if not rows:
        return f'{head}<p class="none">{as_html(writing.say(none))}</p></section>'
    heads = "".join(f'<th scope="col">{as_html(writing.say(each))}</th>' for each in columns)
    body = "".join(f"<tr>{''.join(f'<td><bdi>{as_html(cell)}</bdi></td>' for cell in row)}</tr>" for row in rows)
    return f"{head}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></section>"


def _episodes(rows: Iterable[Row], known: Known, writing: _Writing) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    columns = ("handover_opened", "rule", "handover_alert", "handover_state", "handover_told", "handover_notes")
    return columns, [_episode(each, known, writing) for each in rows]


def _episode(row: Row, known: Known, writing: _Writing) -> tuple[str, ...]:
    episode, say = row.episode, writing.say
    articles, sources = max(episode.article_count, 1), max(len(episode.sources), 1)
    size = say("reports_one") if articles == 1 else say("handover_size", n=articles, s=sources)
    rule = f"{episode.rule_title or episode.rule_id}\n{say('severity_' + episode.severity)}"
    alert = f"{episode.message.headline}\n{size}"
    state = [
        say("state_seen", who=episode.acknowledged_by, at=writing.at(episode.acknowledged_at))
        if episode.acknowledged_by
        else say("handover_unacknowledged"),
        say("assigned", who=episode.assigned_to) if episode.assigned_to else "",
        say("verdict_said", verdict=say(episode.verdict), who=episode.verdict_by) if episode.verdict else "",
    ]
    told = [_told(each, writing) for each in by_time(row.told)]
    notes = [f"{writing.at(each.at)} {each.by}: {each.text}" for each in episode.notes]
    return (
        writing.at(episode.opened_at),
        rule,
        alert,
        "\n".join(filter(None, state)),
        "\n".join(told) or (_voice(row, writing) if row.spoken_for_by else say("told_nobody")),
        "\n".join(notes),
    )


def _voice(row: Row, writing: _Writing) -> str:
    leader = row.leader
    if leader is None:
        return writing.say("told_by_lost_situation")
    return writing.say(
        "told_by_situation", headline=leader.message.headline, rule=leader.rule_title or leader.rule_id, at=writing.at(leader.opened_at)
    )


def _outcome(audit: Audit, writing: _Writing) -> str:
    """What became of a decision, as the page says it; the reasons that people wrote stay theirs."""
    answer, say = answer_view(audit), writing.say
    if answer.refused:
        return say("said_refused", why=writing.words.get(f"refused_{answer.refused_code}", answer.refused))
    if answer.unchanged:
        return say("said_unchanged")
    verdict = say(answer.verdict or "verdict_back") if answer.kind == "verdict" else ""
    until = say("silence_ends", at=writing.at(answer.until)) if answer.until else ""
    return " · ".join(filter(None, (verdict, answer.to, until, answer.text)))


def _told(notification: Notification, writing: _Writing) -> str:
    """One message, in the words of the page."""
    cause = notification.verdict.partition(":")[0]
    why = notification.last_error if notification.state == "failed" else writing.words.get(f"verdict_{cause}", cause)
    at = writing.at(notification.sent_at if notification.state == "sent" else notification.next_at)
    return f"{notification.receiver}: {writing.say(f'told_{notification.state}', at=at, n=notification.attempts, why=why)}"


def _silence(silence: Silence, known: Known, writing: _Writing) -> tuple[str, ...]:
    about = ", ".join(
        f"{writing.say('field_' + each.field)} {writing.say('matcher_not') + ' ' if each.negative else ''}{' / '.join(each.values)}"
        for each in silence.matchers
    )
    return about, silence.author, silence.reason, writing.at(silence.ends_at), str(silence.suppressed or "")


def _duty(name: str, people: tuple[str, ...], receivers: tuple[str, ...], writing: _Writing) -> tuple[str, str]:
    return name, ", ".join(people) or writing.say("handover_duty_nobody", names=", ".join(receivers) or "–")

"""What a report says, in the order in which a shift is handed over: headings, sentences and tables of plain text. Pure; `layout` writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pipeline.episode import Notification
from pipeline.inquiry.report import Report, Row
from pipeline.inquiry.words import part_words, silence_words, stamp, state_words, told_words, within
from pipeline.routing.why import unrung


@dataclass(frozen=True)
class Section:
    """A heading, a sentence where there is something to say, and a table. Cells are plain text; a line break in one is kept."""

    title: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    remark: str = ""


def sections(report: Report, zone: str) -> tuple[Section, ...]:
    """The whole report, its times in `zone`."""
    makers = (_summary, _episodes, _failed, _silences, _sources, _rules, _decisions)
    return tuple(make(report, zone) for make in makers)


def _summary(report: Report, zone: str) -> Section:
    counts = report.counts
    verdicts = ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in ("confirmed", "denied", "false_alarm", "without_verdict"))
    rows = [
        ("episodes", f"{len(report.episodes) - report.exercises}, of which {counts['opened']} were opened in this time; {verdicts}"),
        ("left to do", f"{report.still_open} are open, {counts['unacknowledged']} rang and nobody has acknowledged them"),
        (
            "messages",
            f"{counts['sent']} taken, {counts['failed']} failed, {counts['suppressed']} held back on purpose, {counts['pending']} on their way",
        ),
        ("silences", f"{len(report.running)} running at the end"),
        ("sources", f"{len(report.sources)} silent or failing"),
        ("rules", f"{len(report.rules)} changes"),
    ]
    if report.exercises:
        rows.insert(1, ("exercises", str(report.exercises)))
    remark = f"{report.unreadable} records could not be read and are left out." if report.unreadable else ""
    return Section("Summary", ("", ""), tuple(rows), remark)


def _episodes(report: Report, zone: str) -> Section:
    columns = ("opened", "severity", "rule", "headline", "state", "articles / sources", "who was told", "notes")
    rows = tuple(_episode(each, report, zone) for each in report.episodes)
    return Section("Episodes", columns, rows, "" if rows else "Nothing rang and nothing matched.")


def _episode(row: Row, report: Report, zone: str) -> tuple[str, ...]:
    episode = row.episode
    after = row.acknowledged_after_seconds
    state = state_words(episode) + (f" after {within(after)}" if after is not None else "")
    silences = {each.id: each for each in report.silences}
    told = "\n".join((*_voice(row, zone), *(told_words(each, silences, zone) for each in row.told))) or f"nobody: {_untold(row, zone)}"
    notes = "\n".join(f"{stamp(each.at, zone)} {each.by}: {each.text}" for each in episode.notes)
    size = f"{episode.article_count} / {len(episode.sources)}"
    joined = "↳ " if row.spoken_for_by else ""
    headline = f"{joined}{episode.message.headline}\n{episode.id}"
    return stamp(episode.opened_at, zone), episode.severity, episode.rule_id, headline, state, size, told, notes


def _voice(row: Row, zone: str) -> tuple[str, ...]:
    if not row.spoken_for_by:
        return ()
    more = ", with these messages about it:" if row.told else ", with no message about what it brought so far"
    return (f"{part_words(row.spoken_for_by, row.leader, zone)}, which speaks for it{more}",)


def _untold(row: Row, zone: str) -> str:
    episode = row.episode
    if not episode.step:
        return unrung(episode, partial(stamp, zone=zone))
    return "the rule is in shadow" if episode.shadow else "it rang, and no message is recorded: no route led to a receiver"


def _failed(report: Report, zone: str) -> Section:
    """What failed, and the episodes of which the table says that nobody was told."""
    rows = [(stamp(each.created_at, zone), each.receiver, each.rule_id, _lost(each, report)) for each in report.failed]
    untold = [each for each in report.episodes if not each.told and not each.spoken_for_by]
    rows += [(stamp(each.episode.opened_at, zone), "nobody", each.episode.rule_id, _reason(each, zone)) for each in untold]
    held = report.counts.get("suppressed", 0)
    remark = f"Held back on purpose, or to be told with others: {held}; the table of episodes says why." if held else ""
    columns = ("made", "receiver", "rule", "why")
    return Section("Messages that reached nobody", columns, tuple(rows), " ".join(each for each in (_none(tuple(rows)), remark) if each))


def _lost(failed: Notification, report: Report) -> str:
    why = failed.last_error or "no reason known"
    others = any(row.reached for row in report.episodes if row.episode.id == failed.episode_id)
    return f"{why} (others were told of the episode {failed.episode_id[:10]})" if others else f"{why} (episode {failed.episode_id[:10]})"


def _reason(row: Row, zone: str) -> str:
    return f"{_untold(row, zone)} (episode {row.episode.id[:10]})"


def _silences(report: Report, zone: str) -> Section:
    rows = tuple(
        (
            silence_words(each) + (" (still running)" if each.id in report.running else ""),
            each.author,
            each.reason,
            stamp(each.starts_at, zone),
            stamp(each.ended_at or each.ends_at, zone) + (f", ended by {each.ended_by}" if each.ended_by else ""),
            str(each.suppressed),
        )
        for each in report.silences
    )
    return Section("Silences", ("silent", "author", "reason", "from", "until", "messages"), rows, _none(rows))


def _sources(report: Report, zone: str) -> Section:
    rows = tuple(
        (each.name or each.source_id, each.state, stamp(each.last_article_at, zone), each.last_error or each.unreadable_note)
        for each in report.sources
    )
    as_of = f"as of {stamp(report.made_at, zone)}."
    columns = ("source", "state", "last article", "error")
    return Section("Sources that are silent or failing", columns, rows, as_of.capitalize() if rows else f"None, {as_of}")


def _rules(report: Report, zone: str) -> Section:
    rows = tuple((stamp(each.at, zone), each.rule_id, each.what, each.version[:12], each.by) for each in report.rules)
    return Section("Rules that changed", ("at", "rule", "what", "version", "by"), rows, _none(rows))


def _decisions(report: Report, zone: str) -> Section:
    rows = tuple(
        (
            stamp(each.at, zone),
            each.command.by,
            each.command.kind.replace("_", " "),
            each.headline or each.rule_id or each.command.silence_id[:10],
            each.outcome,
        )
        for each in report.audit
    )
    return Section("Decisions", ("at", "by", "what", "about", "outcome"), rows, _none(rows))


def _none(rows: tuple[tuple[str, ...], ...]) -> str:
    return "" if rows else "None."

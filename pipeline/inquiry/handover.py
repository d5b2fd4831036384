"""What a report says, in the order in which a shift is handed over: headings, sentences and tables of plain text. Pure; `layout` writes it down."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.inquiry.report import Report, Row
from pipeline.inquiry.words import silence_words, stamp, state_words, told_words, within


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
    told = "\n".join(told_words(each, silences, zone) for each in row.told) or "nobody"
    notes = "\n".join(f"{stamp(each.at, zone)} {each.by}: {each.text}" for each in episode.notes)
    size = f"{episode.article_count} / {len(episode.sources)}"
    headline = f"{episode.message.headline}\n{episode.id}"
    return stamp(episode.opened_at, zone), episode.severity, episode.rule_id, headline, state, size, told, notes


def _failed(report: Report, zone: str) -> Section:
    rows = tuple((stamp(each.created_at, zone), each.receiver, each.rule_id, each.last_error) for each in report.failed)
    return Section("Messages that reached nobody", ("made", "receiver", "rule", "why"), rows, _none(rows))


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

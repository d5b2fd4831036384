"""The report of a back-test as people read it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from pipeline.backtest.difference import Difference
from pipeline.backtest.figures import RuleFigures, Shown
from pipeline.backtest.run import Report
from pipeline.commands.terminal import err, out, printable, table
from pipeline.commands.times import shown as time_shown
from pipeline.matched import Mark

_MOST_CHANGES = 20
_MOST_WORDS = 10


def show(report: Report, zone: str) -> None:
    """Print everything: figures, words, samples, what would change, and what is not as expected."""
    _tell_span(report, zone)
    out.print(_figures(report.rules))
    for each in report.rules:
        if each.matches:
            _tell_rule(each, zone)
    if report.difference is not None:
        _tell_difference(report.difference, zone)
    for complaint in report.complaints:
        err.print(Text(f"not an article: {printable(complaint)}", style="yellow"))
    for failing in report.failing:
        err.print(Text(printable(failing), style="red"))
    for violated in report.violations:
        err.print(Text(f"not as expected: {violated}", style="red"))
    if report.tests:
        out.print(f"{report.tests - len(report.failing)} of {report.tests} tests of the rules pass.")


def _tell_span(report: Report, zone: str) -> None:
    if report.since is None or report.until is None:
        out.print("There is no article in this time.")
        return
    warm = f", after a start at {time_shown(report.warm_since, zone)} that is not counted" if report.warm_since else ""
    out.print(
        f"{report.articles:,} articles from {time_shown(report.since, zone)} to {time_shown(report.until, zone)} ({report.days:g} days){warm}; "
        f"{report.articles_a_second:,.0f} articles/s."
    )
    if report.unreadable:
        out.print(f"{report.unreadable:,} records could not be read.")


def _figures(rules: Sequence[RuleFigures]) -> object:
    rows = [
        (
            each.rule_id,
            each.status,
            each.matches,
            f"{each.matches_a_day:g}",
            each.episodes,
            f"{each.episodes_a_day:g}",
            each.messages,
            f"{each.messages_a_day:g}",
            _counted(each.decided),
            _counted(each.suppressed),
        )
        for each in sorted(rules, key=lambda each: (-each.messages, -each.matches, each.rule_id))
    ]
    columns = ["rule", "status", "matches", "a day", "episodes", "a day", "messages", "a day", "decided", "not sent because"]
    return table(f"{len(rows)} rules", columns, rows, right=[2, 3, 4, 5, 6, 7])


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _tell_rule(each: RuleFigures, zone: str) -> None:
    out.print()
    out.print(Text(f"{each.rule_id}: {printable(each.title)}", style="bold"))
    words = ", ".join(f"{word.surface} ({word.matches}, {word.mode})" for word in each.surfaces[:_MOST_WORDS])
    out.print(Text(f"  words: {printable(words)}"))
    if each.receivers:
        out.print(Text(f"  told: {_counted(each.receivers)}"))
    for match in each.sample:
        _tell_match(match, "  ", zone)


def _tell_match(match: Shown, mark: str, zone: str) -> None:
    line = Text(f"{mark}{time_shown(match.at, zone)} {printable(match.source)}: ")
    line.append_text(marked(match.title, match.title_marks))
    if match.why:
        line.append(f"   [{match.why}]", style="dim")
    out.print(line)
    if match.snippet.text and match.snippet.field != "title":
        sentence = Text(" " * (len(mark) + 2))
        sentence.append("… " if match.snippet.before else "")
        sentence.append_text(marked(match.snippet.text, match.snippet.marks))
        sentence.append(" …" if match.snippet.after else "")
        out.print(sentence)


def marked(text: str, marks: Sequence[Mark]) -> Text:
    """The text with the marked words in reverse; marks outside of it are passed over."""
    made, at = Text(), 0
    for each in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        if at <= each.start < each.end <= len(text):
            made.append(printable(text[at : each.start]))
            made.append(printable(text[each.start : each.end]), style="reverse")
            at = each.end
    made.append(printable(text[at:]))
    return made


def _tell_difference(difference: Difference, zone: str) -> None:
    out.print()
    rows = [
        ("matches", difference.matches_come, difference.matches_go, difference.matches_stay),
        ("episodes", difference.episodes_come, difference.episodes_go, difference.episodes_stay),
        ("messages", difference.messages_come, difference.messages_go, difference.messages_stay),
    ]
    out.print(table("Against the other rules", ["", "come", "go", "stay"], rows, right=[1, 2, 3]))
    for sign, matches in (("+", difference.coming), ("-", difference.going)):
        for match in matches[:_MOST_CHANGES]:
            _tell_match(match, f"{sign} {match.rule_id} ", zone)
    for sign, episodes in (("+", difference.episodes_coming), ("-", difference.episodes_going)):
        for episode in episodes[:_MOST_CHANGES]:
            text = f"{sign} episode {episode.episode_id[:10]} {episode.rule_id}, {episode.articles} articles: {printable(episode.headline)}"
            out.print(Text(text))
    for sign, messages in (("+", difference.messages_coming), ("-", difference.messages_going)):
        for message in messages[:_MOST_CHANGES]:
            instead = f" (otherwise {message.verdict})" if message.verdict else ""
            text = f"{sign} message {time_shown(message.at, zone)} to {message.receiver}, {message.kind}{instead}: {printable(message.headline)}"
            out.print(Text(text))

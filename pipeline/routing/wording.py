"""What routing itself says to people, in the languages that it speaks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.routing.wall_clock import local

_WORDS: dict[str, tuple[str, str]] = {
    "throttled.one": ("1 Alarm zurückgehalten seit {since}", "1 alert held back since {since}"),
    "receiver_limit.one": ("1 Alarm zurückgehalten seit {since}", "1 alert held back since {since}"),
    "outside_hours.one": ("Während Sie weg waren: 1 Alarm seit {since}", "While you were away: 1 alert since {since}"),
    "digest.one": ("1 Ereignis seit {since}", "1 event since {since}"),
    "silence_ended.one": ("Stille beendet: 1 Alarm unterdrückt seit {since}", "Silence over: 1 alert suppressed since {since}"),
    "silence_is.one": ("„{reason}“, von {author}. Bisher 1 Alarm unterdrückt.", "“{reason}”, by {author}. 1 alert suppressed so far."),
    "left_out.one": ("1 weiterer steht nicht in der Liste.", "1 more is not listed."),
    "throttled": ("{count} Alarme zurückgehalten seit {since}", "{count} alerts held back since {since}"),
    "receiver_limit": ("{count} Alarme zurückgehalten seit {since}", "{count} alerts held back since {since}"),
    "outside_hours": ("Während Sie weg waren: {count} Alarme seit {since}", "While you were away: {count} alerts since {since}"),
    "digest": ("{count} Ereignisse seit {since}", "{count} events since {since}"),
    "nothing": ("Nichts Neues seit dem letzten Mal", "Nothing new since the last time"),
    "silence_ended": ("Stille beendet: {count} Alarme unterdrückt seit {since}", "Silence over: {count} alerts suppressed since {since}"),
    "silence_ends": ("Eine Stille endet um {until}", "A silence ends at {until}"),
    "silence_was": ("„{reason}“, von {author}, beendet von {by}.", "“{reason}”, by {author}, ended by {by}."),
    "silence_is": (
        "„{reason}“, von {author}. Bisher {count} Alarme unterdrückt.",
        "“{reason}”, by {author}. {count} alerts suppressed so far.",
    ),
    "its_end": ("ihrem Ende", "its end"),
    "the_files": ("den Regeldateien", "the rule files"),
    "top": ("Häufigste Regeln: {rules}.", "Top rules: {rules}."),
    "left_out": ("{count} weitere stehen nicht in der Liste.", "{count} more are not listed."),
    "not_acknowledged": ("Seit {since} hat niemand quittiert.", "Nobody has acknowledged since {since}."),
    "stands_in": (
        "{receiver} nimmt seit {since} nichts an; dies kommt stattdessen hierher.",
        "{receiver} has taken nothing since {since}; this comes here instead.",
    ),
    "channel_failed": (
        "Ein Kanal nimmt nichts an: {channels}. Der Alarm unten hat ihn noch nicht erreicht.",
        "A channel takes no messages: {channels}. The alert below has not reached it yet.",
    ),
    "channels_failed": (
        "Mehrere Kanäle nehmen nichts an: {channels}. Der Alarm unten hat sie noch nicht erreicht.",
        "Several channels take no messages: {channels}. The alert below has not reached them yet.",
    ),
    "heartbeat": ("Lagebild läuft", "Lagebild is running"),
    "heartbeat_state": (
        "{unsent} Nachrichten warten, die älteste seit {seconds} s; gestörte Kanäle: {failing}.",
        "{unsent} messages wait, the oldest for {seconds} s; failing channels: {failing}.",
    ),
    "exercise": ("ÜBUNG", "EXERCISE"),
    "exercise_text": (
        "Dies ist eine Übung, angestoßen von {by}. Bitte quittieren. Kennwörter: {words}.",
        "This is an exercise, started by {by}. Please acknowledge. Passwords: {words}.",
    ),
    "first": ("neu", "new"),
    "update": ("gewachsen", "grown"),
    "grown": ("gewachsen: {before} → {now} Quellen", "grown: {before} → {now} sources"),
    "reopened": ("wieder eröffnet", "reopened"),
    "corrected": ("berichtigt", "corrected"),
    "withdrawn": ("zurückgezogen", "withdrawn"),
    "resolved": ("beendet", "resolved"),
    "repeat": ("nicht quittiert", "not acknowledged"),
    "escalation": ("nicht quittiert", "not acknowledged"),
    "acknowledged": ("quittiert von {by}", "acknowledged by {by}"),
    "confirmed": ("bestätigt", "confirmed"),
    "denied": ("dementiert", "denied"),
    "false_alarm": ("Fehlalarm", "false alarm"),
}
_MOST_RULES = 5


def say(name: str, language: str, **values: object) -> str:
    """The words called `name`, those for one thing when `count` is 1; "" for a name that has none. Any language but German is English."""
    german, english = (_WORDS.get(f"{name}.one") if values.get("count") == 1 else None) or _WORDS.get(name, ("", ""))
    return (german if language == "de" else english).format(**values)


def clock(at: datetime, zone: str, now: datetime) -> str:
    """`14:02`, or with its date where that is another one than that of `now`."""
    here = local(at, zone)
    return here.strftime("%H:%M" if here.date() == local(now, zone).date() else "%Y-%m-%d %H:%M")


def top_rules(titles: Sequence[str], language: str) -> str:
    """The rules that are named most often, with how often, as a sentence; "" when there is but one alert."""
    counts: dict[str, int] = {}
    for each in titles:
        counts[each] = counts.get(each, 0) + 1
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_MOST_RULES]
    return say("top", language, rules=", ".join(f"{title} ({count})" for title, count in ranked)) if len(titles) > 1 else ""

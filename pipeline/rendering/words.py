"""The words around an alert, in the reader's language: German and English. Nothing of an article is ever used as a pattern here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TIME_ZONE = "Europe/Berlin"

# Each row: name, German, English.
_TABLE = (
    ("why.first", "ALARM", "ALERT"),
    ("why.new_facts", "NEUE ANGABEN", "NEW FACTS"),
    ("why.new_text", "NEUER TEXT", "NEW TEXT"),
    ("why.milestone", "ES WERDEN MEHR", "GROWING"),
    ("why.reopened", "WIEDER DA", "AGAIN"),
    ("why.corrected", "BERICHTIGT", "CORRECTED"),
    ("why.withdrawn", "ZURÜCKGEZOGEN", "WITHDRAWN"),
    ("why.resolved", "BEENDET", "RESOLVED"),
    ("why.not_acknowledged", "NIEMAND HAT BESTÄTIGT", "NOT ACKNOWLEDGED"),
    ("why.escalation", "ESKALATION: NIEMAND HAT BESTÄTIGT", "ESCALATION: NOT ACKNOWLEDGED"),
    ("why.repeat", "ERINNERUNG: NIEMAND HAT BESTÄTIGT", "REMINDER: NOT ACKNOWLEDGED"),
    ("why.digest", "ÜBERSICHT", "DIGEST"),
    ("why.storm", "MELDUNGSFLUT", "STORM"),
    ("why.silence_ended", "NACH DER STUMMSCHALTUNG", "AFTER THE SILENCE"),
    ("why.channel_failed", "KANAL GESTÖRT", "CHANNEL FAILED"),
    ("why.silent", "ES BLEIBT STILL", "SILENT"),
    ("why.drill", "ÜBUNG", "DRILL"),
    ("why.heartbeat", "LEBENSZEICHEN", "HEARTBEAT"),
    ("severity.critical", "kritisch", "critical"),
    ("severity.high", "hoch", "high"),
    ("severity.medium", "mittel", "medium"),
    ("severity.low", "niedrig", "low"),
    ("severity.info", "Hinweis", "info"),
    ("note.duplicate", "Möglicherweise schon einmal gesendet.", "Possibly sent before."),
    ("note.late", "Kommt verspätet.", "Comes late."),
    ("note.old", "Alte Meldung vom {date}.", "Old report of {date}."),
    ("note.old_unknown", "Alte Meldung.", "Old report."),
    ("note.teaser", "Nur im Anrisstext gefunden: Mehr war nicht zu lesen.", "Matched in the summary only: no more could be read."),
    ("note.drill", "Nur eine Übung, kein Ereignis.", "This is an exercise, not an event."),
    ("note.template", "Die Vorlage {name} der Regel ist fehlerhaft: {problem}", "The rule's template {name} is faulty: {problem}"),
    ("note.shortened", "Gekürzt.", "Shortened."),
    ("note.link_too_long", "Die Adresse des Artikels ist zu lang für diesen Kanal.", "The article's address is too long for this channel."),
    ("held.one", "1 Alarm zurückgehalten:", "1 alert held back:"),
    ("held.many", "{count} Alarme zurückgehalten, zuletzt diese:", "{count} alerts held back, the last ones:"),
    ("items.digest.one", "1 Ereignis:", "1 event:"),
    ("items.digest.many", "{count} Ereignisse:", "{count} events:"),
    ("items.left_out", "… und {count} weitere", "… and {count} more"),
    ("new", "Neu", "New"),
    ("rule", "Regel", "Rule"),
    ("terms", "Treffer", "Matched"),
    ("source", "Quelle", "Source"),
    ("published", "Veröffentlicht", "Published"),
    ("unknown", "unbekannt", "unknown"),
    ("first_seen", "Zuerst gesehen", "First seen"),
    ("silent_since", "Still seit", "Silent since"),
    ("took", "Dauer bis zur Meldung", "Time to this message"),
    ("extent", "Umfang", "Extent"),
    ("situation", "Lage", "Situation"),
    ("situation.episodes", "{count} Ereignisse", "{count} events"),
    ("first_source", "Zuerst gemeldet von", "First reported by"),
    ("article", "Artikel", "Article"),
    ("address", "Adresse", "Address"),
    ("link.story", "Alle Artikel dazu", "Whole story"),
    ("link.kibana", "Kibana", "Kibana"),
    ("link.episode", "Ereignis", "Episode"),
    ("link.acknowledge", "Bestätigen", "Acknowledge"),
    ("link.silence", "Stummschalten", "Silence"),
    ("link.runbook", "Anleitung", "Runbook"),
    ("ids", "Ereignis {episode} · Nachricht {notification}", "Episode {episode} · message {notification}"),
    ("articles.one", "1 Artikel", "1 article"),
    ("articles.many", "{count} Artikel", "{count} articles"),
    ("publishers.one", "von 1 Herausgeber", "from 1 publisher"),
    ("publishers.many", "von {count} Herausgebern", "from {count} publishers"),
    ("mode.inflected", "gebeugt", "inflected"),
    ("mode.head", "Grundwort eines Kompositums", "compound head"),
    ("mode.hyphen_part", "Teil mit Bindestrich", "hyphenated part"),
    ("mode.hyphenated", "mit Bindestrich", "hyphenated"),
    ("mode.open", "getrennt geschrieben", "written apart"),
    ("mode.ellipsis", "Ergänzungsstrich", "hanging hyphen"),
    ("mode.modifier", "Bestimmungswort eines Kompositums", "compound modifier"),
    ("mode.constituents", "Bestandteile", "constituents"),
    ("mode.phrase", "Wortfolge", "phrase"),
    ("mode.near", "nahe beieinander", "near each other"),
    ("mode.wildcard", "Platzhalter", "wildcard"),
    ("mode.regex", "Muster", "pattern"),
    ("mode.separated", "trennbares Verb", "separable verb"),
)
_WORDS = {"de": {name: german for name, german, _ in _TABLE}, "en": {name: english for name, _, english in _TABLE}}


class Words:
    """The words of one language, and how it writes instants, numbers and durations."""

    def __init__(self, language: object = "de", time_zone: object = TIME_ZONE) -> None:
        """A language that is neither German nor English gets English; a zone that does not exist is read as UTC, which every time names."""
        name = str(language or "de").lower()[:2]
        self.language = name if name in _WORDS else "en"
        self._words = _WORDS[self.language]
        self._zone = _zone(str(time_zone or TIME_ZONE))

    def of(self, name: str, /, **values: object) -> str:
        """The words called `name`; "" for a name that has none. `values` are put into its places."""
        return self._words.get(name, "").format(**values)

    def count(self, name: str, count: object) -> str:
        """`count` of what `name` calls: `articles`, `publishers`, …"""
        return self.of(f"{name}.one" if count == 1 else f"{name}.many", count=self.number(count))

    def number(self, value: object) -> str:
        if not isinstance(value, int):
            return str(value)
        return f"{value:,}".replace(",", "." if self.language == "de" else ",")

    def instant(self, text: object, *, day: bool = False) -> str:
        """An ISO 8601 instant in the readers' zone, which is named; "" for what is none. `day`: only the date, as it was written."""
        try:
            at = datetime.fromisoformat(str(text or ""))
        except ValueError:
            return ""
        try:
            at = at if day else (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(self._zone)
        except OverflowError:
            return ""
        date = f"{at:%d.%m.}{at.year:04d}" if self.language == "de" else f"{at.year:04d}-{at:%m-%d}"
        return date if day else f"{date} {at:%H:%M:%S %Z}"

    def duration(self, seconds: object) -> str:
        """A time span in the largest two units that fit; "" for what is no number."""
        if not isinstance(seconds, int | float) or seconds != seconds or seconds < 0:
            return ""
        if seconds < 60:
            return f"{seconds:.1f} s".replace(".", "," if self.language == "de" else ".")
        whole = int(min(seconds, 10**10))
        for size, small, names in ((86_400, 3_600, ("d", "h")), (3_600, 60, ("h", "min")), (60, 1, ("min", "s"))):
            if whole >= size:
                rest = whole % size // small
                return f"{whole // size} {names[0]}" + (f" {rest} {names[1]}" if rest else "")
        return ""


def words_for(alert: Mapping[str, Any]) -> Words:
    """The words of the alert's readers."""
    return Words(alert.get("reader_language"), alert.get("time_zone"))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")

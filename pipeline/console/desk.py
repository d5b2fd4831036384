"""What the page knows of alerting beside the board: everything that a person may ask of one episode, rule or silence.

The feed's thread takes records in; requests ask from other threads, so both hold the lock for as long as they look. What cannot be read is passed
over here: the board counts it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from pipeline import sources, topology
from pipeline.alerts import Alerts
from pipeline.article import Match
from pipeline.broker import Record
from pipeline.episode import Audit, Episode, Notification, Silence
from pipeline.inquiry.ledger import Ledger
from pipeline.routing.model import Routing
from pipeline.routing.silences import known
from pipeline.rules.model import Rule
from pipeline.rules.reserved import MANIFEST, ROUTING
from pipeline.rules.versions import RuleVersion
from pipeline.sources import SourceHealth

MOST_MATCHES = 5_000
MOST_DECISIONS = 2_000
MOST_VERSIONS = 2_000


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as it stands in the topic of rules, without what it was compiled to; `since` is when it was put there."""

    rule: Rule
    version: str
    since: datetime


class _Carried(msgspec.Struct, frozen=True):
    """What is read of a compiled rule: its spellings are for those who match."""

    rule: Rule
    version: str = ""


class _MatchOnly(msgspec.Struct, frozen=True):
    match: Match
    article_id: str
    matched_at: datetime


class Seen(msgspec.Struct, frozen=True):
    """One match: which rule, which article, when, and by what."""

    match: Match
    article_id: str
    at: datetime


class Desk:
    """See the module's docstring. Whoever asks enters `lock` first."""

    def __init__(self, name_of: Callable[[str], str] = str) -> None:
        self.lock = threading.RLock()
        self.alerts = Alerts()
        self.rules: dict[str, Active] = {}
        self.routing = Routing()
        self.health: dict[str, SourceHealth] = {}
        self.audit: deque[Audit] = deque(maxlen=MOST_DECISIONS)
        self.versions: deque[RuleVersion] = deque(maxlen=MOST_VERSIONS)
        self.matches: OrderedDict[tuple[str, str], Seen] = OrderedDict()
        self._name_of = name_of
        self._decided: set[str] = set()
        self._changed: set[tuple[str, str, datetime]] = set()
        self._readers: Mapping[str, Callable[[Record, str], None]] = {
            topology.EPISODES: self._episode,
            topology.NOTIFICATIONS: self._notification,
            topology.SILENCES: self._silence,
            topology.AUDIT: self._audit,
            topology.RULES: self._rule,
            topology.RULE_VERSIONS: self._version,
            topology.MATCHES: self._match,
            topology.HEALTH: self._source,
        }

    def take(self, records: Iterable[Record]) -> None:
        with self.lock:
            for record in records:
                reader = self._readers.get(self._name_of(record.topic))
                if reader is None:
                    continue
                try:
                    reader(record, (record.key or b"").decode("utf-8", "replace"))
                except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
                    continue

    def silences(self) -> dict[str, Silence]:
        """Every silence by id: those of people, and those of the rule folder."""
        return known(self.alerts.silences, self.routing)

    def ledger(self) -> Ledger:
        """A copy for an inquiry; call it with the lock held, ask it without."""
        return Ledger(dict(self.alerts.episodes), dict(self.alerts.sent.notifications), self.silences(), tuple(self.audit))

    def forget(self, now: datetime, after: timedelta = timedelta(days=7)) -> None:
        """Let go of matches older than the topic keeps."""
        with self.lock:
            for key in [key for key, each in self.matches.items() if now - each.at > after]:
                del self.matches[key]

    def _episode(self, record: Record, key: str) -> None:
        if record.value is not None:
            self.alerts.put(msgspec.json.decode(record.value, type=Episode))
        elif (gone := self.alerts.episodes.get(key)) is not None:
            self.alerts.drop(gone)

    def _notification(self, record: Record, key: str) -> None:
        if record.value is not None:
            self.alerts.put(msgspec.json.decode(record.value, type=Notification))
        elif (gone := self.alerts.sent.notifications.get(key)) is not None:
            self.alerts.drop(gone)

    def _silence(self, record: Record, key: str) -> None:
        if record.value is not None:
            self.alerts.put(msgspec.json.decode(record.value, type=Silence))
        elif (gone := self.alerts.silences.get(key)) is not None:
            self.alerts.drop(gone)

    def _audit(self, record: Record, key: str) -> None:
        audit = msgspec.json.decode(record.value or b"", type=Audit)
        # A tail that was opened anew brings the same decisions once more.
        if audit.id not in self._decided:
            self._decided.add(audit.id)
            self.audit.append(audit)

    def _rule(self, record: Record, key: str) -> None:
        if key == MANIFEST:
            return
        if key == ROUTING:
            self.routing = msgspec.json.decode(record.value, type=Routing) if record.value is not None else Routing()
        elif record.value is None:
            self.rules.pop(key, None)
        else:
            carried = msgspec.json.decode(record.value, type=_Carried)
            self.rules[key] = Active(rule=carried.rule, version=carried.version, since=record.at)

    def _version(self, record: Record, key: str) -> None:
        version = msgspec.json.decode(record.value or b"", type=RuleVersion)
        place = (version.rule_id, version.version, version.at)
        if place not in self._changed:
            self._changed.add(place)
            self.versions.append(version)

    def _match(self, record: Record, key: str) -> None:
        found = msgspec.json.decode(record.value or b"", type=_MatchOnly)
        place = (found.match.rule_id, found.article_id)
        if not found.match.known or place not in self.matches:
            self.matches[place] = Seen(found.match, found.article_id, found.matched_at)
            self.matches.move_to_end(place)
        while len(self.matches) > MOST_MATCHES:
            self.matches.popitem(last=False)

    def _source(self, record: Record, key: str) -> None:
        if record.value is None:
            self.health.pop(key, None)
        else:
            found = sources.decode(record.value)
            self.health[found.source_id] = found

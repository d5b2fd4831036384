"""Rule sets over the topic `rules`: one record for each rule and one for the routing, then a manifest that says the set is complete.

The sum of the rules' hashes lets a worker know, at the cost of one change, whether it holds exactly the set the manifest names. Until it does it keeps the set it
had, so that half a change never matches anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from pipeline.errors import why_unreadable
from pipeline.routing.model import Routing
from pipeline.rules.compiled import CompiledRule, RuleSet
from pipeline.rules.reserved import MANIFEST as MANIFEST
from pipeline.rules.reserved import ROUTING as ROUTING


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the topic holds when it is complete. `version` counts up; `count` and `combined`, the sum of all hashes, are of the rules and the routing."""

    version: int
    count: int
    combined: str


class Record(msgspec.Struct, frozen=True):
    """A record for the topic; no value deletes the rule."""

    key: str
    value: bytes | None


_encoder = msgspec.json.Encoder(order="deterministic")
_rule_decoder = msgspec.json.Decoder(CompiledRule)
_routing_decoder = msgspec.json.Decoder(Routing)
_manifest_decoder = msgspec.json.Decoder(Manifest)
_MODULUS = 1 << 256


def _number(rule_id: str, version: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{rule_id}\x00{version}".encode()).digest(), "big")


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()[:16]


def combined(versions: Mapping[str, str]) -> str:
    """The hash of what is published, by id and version; the same in any order."""
    return f"{sum(_number(*each) for each in versions.items()) % _MODULUS:064x}"


def records(
    rules: Sequence[CompiledRule],
    published: Mapping[str, str] | None = None,
    version: int = 1,
    *,
    complete: bool = True,
    routing: Routing | None = None,
) -> list[Record]:
    """What to write so that the topic holds exactly `rules` and `routing`: changes, deletions, then the manifest; [] when it already does.

    `published` maps what is in the topic to its version (`RuleTable.versions`); None says that the topic is empty.
    `version` is the manifest's, greater than the last one. `complete` is `RuleTable.complete`: after a publisher that died half-way
    the manifest is written even when every rule is there already.
    """
    wanted = {compiled.rule.id: compiled for compiled in rules}
    before = published or {}
    versions = {rule_id: each.version for rule_id, each in wanted.items()}
    changes = [Record(rule_id, _encoder.encode(each)) for rule_id, each in sorted(wanted.items()) if before.get(rule_id) != each.version]
    if routing is not None:
        said = _encoder.encode(routing)
        versions[ROUTING] = _digest(said)
        changes += [Record(ROUTING, said)] if before.get(ROUTING) != versions[ROUTING] else []
    changes += [Record(each, None) for each in sorted(before.keys() - versions.keys())]
    if published is not None and complete and not changes:
        return []
    manifest = Manifest(version=version, count=len(versions), combined=combined(versions))
    return [*changes, Record(MANIFEST, _encoder.encode(manifest))]


class Ledger:
    """Which rules in which versions the topic holds, fed with its records in order; not the rules themselves."""

    def __init__(self) -> None:
        self.manifest: Manifest | None = None
        self.problem = ""
        self.taken = 0  # how many records
        self._versions: dict[str, str] = {}
        self._sum = 0

    @property
    def versions(self) -> dict[str, str]:
        """The id and version of every rule in the topic, and of the routing."""
        return dict(self._versions)

    @property
    def complete(self) -> bool:
        """Whether everything the manifest names has arrived; False before the first manifest."""
        return self.manifest is not None and self.manifest.count == len(self._versions) and self.manifest.combined == f"{self._sum:064x}"

    def apply(self, key: str, value: bytes | None) -> None:
        """Take one record of the topic in.

        A record that cannot be read leaves everything as it is and is named in `problem`: the manifest will not fit.
        """
        self.taken += 1
        try:
            if key == MANIFEST:
                self.manifest = _manifest_decoder.decode(value) if value is not None else None
            elif key == ROUTING:
                self._took_routing(_routing_decoder.decode(value) if value is not None else Routing())
                self._hold(key, _digest(value) if value is not None else "")
            else:
                compiled = _rule_decoder.decode(value) if value is not None else None
                self._took(key, compiled)
                self._hold(key, compiled.version if compiled is not None else "")
        except (msgspec.DecodeError, RecursionError) as error:
            self.problem = f"the record {key!r} of the topic of rules cannot be read ({why_unreadable(error)}): publish the rules again"
            return
        if self.complete:
            self._completed()

    def _took(self, rule_id: str, compiled: CompiledRule | None) -> None:
        """A rule has arrived, or is gone."""

    def _took_routing(self, routing: Routing) -> None:
        """The routing has arrived."""

    def _completed(self) -> None:
        """What the manifest names is there."""
        self.problem = ""

    def _hold(self, key: str, version: str) -> None:
        """Count `key` in with this version; an empty one is that of what is not there."""
        before = self._versions.pop(key, "")
        if before:
            self._sum = (self._sum - _number(key, before)) % _MODULUS
        if version:
            self._versions[key] = version
            self._sum = (self._sum + _number(key, version)) % _MODULUS


class RuleTable(Ledger):
    """The rules a worker holds. `current` is always a complete published set, at first an empty one; it changes when a record completes the next."""

    def __init__(self) -> None:
        super().__init__()
        self.current = RuleSet()
        self._held: dict[str, CompiledRule] = {}
        self._routing = Routing()
        self._changed: set[str] = set()

    def _took(self, rule_id: str, compiled: CompiledRule | None) -> None:
        before = self._held.pop(rule_id, None)
        if compiled is not None:
            self._held[rule_id] = compiled
        if before is not None or compiled is not None:
            self._changed.add(rule_id)

    def _took_routing(self, routing: Routing) -> None:
        self._routing = routing

    def _completed(self) -> None:
        super()._completed()
        assert self.manifest is not None
        new = [self._held[rule_id] for rule_id in self._changed if rule_id in self._held]
        removed = [rule_id for rule_id in self._changed if rule_id not in self._held]
        self.current = self.current.changed(new, removed, self.manifest.combined[:16], self._routing)
        self._changed = set()

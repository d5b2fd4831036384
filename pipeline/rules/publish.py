"""Rule sets over the topic `rules`: one record for each rule, then a manifest that says the set is complete.

The sum of the rules' hashes lets a worker know, at the cost of one change, whether it holds exactly the set the manifest names. Until it does it keeps the set it
had, so that half a change never matches anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from pipeline.errors import why_unreadable
from pipeline.rules.model import CompiledRule, RuleSet

MANIFEST = "manifest"  # no rule can have this id: `declare` refuses it


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the topic holds when it is complete. `version` counts up; `combined` is the sum of all rules' hashes."""

    version: int
    count: int
    combined: str


class Record(msgspec.Struct, frozen=True):
    """A record for the topic; no value deletes the rule."""

    key: str
    value: bytes | None


_encoder = msgspec.json.Encoder(order="deterministic")
_rule_decoder = msgspec.json.Decoder(CompiledRule)
_manifest_decoder = msgspec.json.Decoder(Manifest)
_MODULUS = 1 << 256


def _number(rule_id: str, version: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{rule_id}\x00{version}".encode()).digest(), "big")


def combined(versions: Mapping[str, str]) -> str:
    """The hash of a set of rules, by id and version; the same in any order."""
    return f"{sum(_number(*each) for each in versions.items()) % _MODULUS:064x}"


def records(
    rules: Sequence[CompiledRule], published: Mapping[str, str] | None = None, version: int = 1, *, complete: bool = True
) -> list[Record]:
    """What to write so that the topic holds exactly `rules`: changed rules, deletions, then the manifest; [] when it already does.

    `published` maps the ids of the rules in the topic to their versions (`RuleTable.versions`); None says that the topic is empty.
    `version` is the manifest's, greater than the last one. `complete` is `RuleTable.complete`: after a publisher that died half-way
    the manifest is written even when every rule is there already.
    """
    wanted = {compiled.rule.id: compiled for compiled in rules}
    before = published or {}
    changes = [Record(rule_id, _encoder.encode(each)) for rule_id, each in sorted(wanted.items()) if before.get(rule_id) != each.version]
    changes += [Record(rule_id, None) for rule_id in sorted(before.keys() - wanted.keys())]
    if published is not None and complete and not changes:
        return []
    versions = {rule_id: each.version for rule_id, each in wanted.items()}
    manifest = Manifest(version=version, count=len(versions), combined=combined(versions))
    return [*changes, Record(MANIFEST, _encoder.encode(manifest))]


class RuleTable:
    """The rules a worker holds, fed with the topic's records in order. `current` is always a complete published set, at first an empty one."""

    def __init__(self) -> None:
        self.current = RuleSet()
        self.manifest: Manifest | None = None
        self.problem = ""
        self._held: dict[str, CompiledRule] = {}
        self._changed: set[str] = set()
        self._sum = 0

    @property
    def versions(self) -> dict[str, str]:
        """The id and version of every rule in the topic."""
        return {rule_id: compiled.version for rule_id, compiled in self._held.items()}

    @property
    def complete(self) -> bool:
        """Whether everything the manifest names has arrived; False before the first manifest."""
        return self.manifest is not None and self.manifest.count == len(self._held) and self.manifest.combined == f"{self._sum:064x}"

    def apply(self, key: str, value: bytes | None) -> None:
        """Take one record of the topic in; `current` changes when it completes the set.

        A record that cannot be read leaves everything as it is and is named in `problem`: the manifest will not fit, and the old set stays.
        """
        try:
            if key == MANIFEST:
                self.manifest = _manifest_decoder.decode(value) if value is not None else None
            else:
                self._take(key, _rule_decoder.decode(value) if value is not None else None)
        except (msgspec.DecodeError, RecursionError) as error:
            self.problem = f"the record {key!r} of the topic of rules cannot be read ({why_unreadable(error)}): publish the rules again"
            return
        if self.complete:
            self._swap()

    def _take(self, rule_id: str, compiled: CompiledRule | None) -> None:
        before = self._held.pop(rule_id, None)
        if before is not None:
            self._sum = (self._sum - _number(rule_id, before.version)) % _MODULUS
        if compiled is not None:
            self._held[rule_id] = compiled
            self._sum = (self._sum + _number(rule_id, compiled.version)) % _MODULUS
        if before is not None or compiled is not None:
            self._changed.add(rule_id)

    def _swap(self) -> None:
        assert self.manifest is not None
        new = [self._held[rule_id] for rule_id in self._changed if rule_id in self._held]
        removed = [rule_id for rule_id in self._changed if rule_id not in self._held]
        self.current = self.current.changed(new, removed, self.manifest.combined[:16])
        self._changed = set()
        self.problem = ""

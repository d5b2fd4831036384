"""Every version of a rule that was active, as it was written: records of the topic `rules.versions`, which is kept for ever."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from pipeline.rules.model import Rule
from pipeline.rules.publish import Record
from pipeline.rules.reading_files import File
from pipeline.rules.reserved import RESERVED

_encoder = msgspec.json.Encoder(order="deterministic")


class RuleVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rule from `at` on, by whom it was applied, and the text of its file. A rule that was taken away has neither version nor text."""

    rule_id: str
    version: str = ""
    at: datetime
    by: str = ""
    text: str = ""
    rule: Rule | None = None


def versions(changes: Iterable[Record], files: Mapping[str, File], at: datetime, by: str) -> list[Record]:
    """One record for each rule that `changes` write or remove."""
    by_id = {file.rule.rule.id: file for file in files.values() if file.rule is not None}
    found = []
    for each in changes:
        if each.key in RESERVED:
            continue
        file = by_id.get(each.key) if each.value is not None else None
        version = RuleVersion(rule_id=each.key, at=at, by=by)
        if file is not None and file.rule is not None:
            version = RuleVersion(rule_id=each.key, version=file.rule.version, at=at, by=by, text=file.text, rule=file.rule.rule)
        found.append(Record(each.key, _encoder.encode(version)))
    return found


def who() -> str:
    """The name under which this process applies rules; empty when the system knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""

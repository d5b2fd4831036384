"""A new rule file, with comments that say what else it may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.errors import BadConfiguration, LagebildError
from pipeline.rules.load import load_text
from pipeline.rules.model import Severity

_DURATION = re.compile(r"([1-9][0-9]{0,5})(m|h|d)")
_MINUTES = {"m": 1, "h": 60, "d": 1_440}


class CannotCreate(LagebildError):
    """A rule file that cannot be written; the message says why and what to do."""


def written(
    rule_id: str,
    *,
    terms: Sequence[str] = (),
    query: str = "",
    title: str = "",
    severity: Severity = "medium",
    languages: Sequence[str] = (),
    owner: str = "",
    route: Sequence[str] = (),
    status: str = "live",
    expires_at: datetime | None = None,
    tests: Sequence[tuple[str, bool]] = (),
) -> str:
    """The text of the file. `tests` are examples with whether they must match. Raises BadConfiguration when it would not be a valid rule."""
    head = ["schema: news-alerts/v1", "kind: rule", f"id: {rule_id}", f"title: {_quoted(title or rule_id)}"]
    head += [f"status: {status:<20}# live, shadow (recorded, nobody is told), test, disabled"]
    head += [f"severity: {severity:<18}# info, low, medium, high, critical"]
    head += [f"owner: {_quoted(owner)}"] if owner else ["# owner: lagezentrum        # who cares for this rule"]
    if expires_at is not None:
        head.append(f"expires: {_quoted(expires_at.astimezone(UTC).isoformat(timespec='seconds'))}  # it matches nothing from then on")
    else:
        head.append("# expires: 2027-01-31        # it matches nothing from then on")
    text = "\n".join([*head, *_match(terms, query, languages), *_notify(route), *_tests(tests), ""])
    _, problems = load_text(text, f"{rule_id}.yaml")
    if problems:
        raise BadConfiguration(problems)
    return text


def expiry(duration: str, now: datetime) -> datetime | None:
    """The instant after a time such as 12h or 7d; None for `never`. Raises CannotCreate for anything else."""
    if duration == "never":
        return None
    found = _DURATION.fullmatch(duration)
    if not found or int(found[1]) * _MINUTES[found[2]] > 366 * 1_440:
        raise CannotCreate(f"{duration!r} is no time such as 90m, 12h or 7d, and not `never`")
    return now + timedelta(minutes=int(found[1]) * _MINUTES[found[2]])


def create(folder: Path, rule_id: str, text: str) -> Path:
    """The file, written. Raises CannotCreate when a rule of this id is there already: nothing is ever overwritten."""
    taken = next((each for suffix in (".yml", ".yaml") for each in folder.rglob(rule_id + suffix)), None)
    path = folder / f"{rule_id}.yaml"
    if taken is not None:
        raise CannotCreate(f"{taken} is there already: choose another id, or edit that file")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CannotCreate(f"{path} cannot be written: {error.strerror}") from None
    return path


def _match(terms: Sequence[str], query: str, languages: Sequence[str]) -> list[str]:
    lines = ["match:"]
    lines += [f"  langs: [{', '.join(languages)}]"] if languages else ["  # langs: [de]            # articles in these languages only"]
    if query:
        return [*lines, f"  query: {_quoted(query)}"]
    lines += ["  any:                     # one of these must be there; `all` and `none` beside it"]
    lines += [f"    - {_quoted(term)}" for term in terms]
    return [
        *lines,
        '    # - {phrase: "ballistische Rakete", slop: 1}',
        "    # - {near: [Rakete, testen], within: 5}",
        "    # - {set: missile-test}  # a concept in many languages",
        "  # none: [Modellrakete]",
        "  # where: {country: [KP], source.tier: [1, 2]}",
    ]


def _notify(route: Sequence[str]) -> list[str]:
    named = ", ".join(map(_quoted, route))
    return [
        "# trigger: {type: count, count: {over: 2h, gte: 5}}   # each article by itself, when left out",
        "notify:",
        f"  route: [{named}]" + ("" if named else "                # receivers; empty: by the labels, else the default ones"),
        "  # escalate: {after: 5m, to: [schichtleitung]}",
    ]


def _tests(tests: Sequence[tuple[str, bool]]) -> list[str]:
    if not tests:
        return ['tests: []                  # - {text: "Nordkorea meldet einen Raketentest.", match: true}']
    return ["tests:", *(f"  - {{text: {_quoted(text)}, match: {str(match).lower()}}}" for text, match in tests)]


def _quoted(text: str) -> str:
    """As a double-quoted YAML value: what JSON writes, YAML reads; letters as they are, and escaped what nobody sees."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in quoted)

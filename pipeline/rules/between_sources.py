"""What is no fault of a rule and yet keeps it from matching: sources that nobody has configured, and an end that is over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from pipeline.errors import Problem
from pipeline.located import nearest, read_text
from pipeline.rules.model import Clause, Filter, Group, Rule, Within
from pipeline.rules.reading_files import File
from pipeline.sources import OWN_IDS


def doubts(files: Mapping[str, File], sources: Collection[str] | None, now: datetime) -> list[Problem]:
    """Warnings about the rules of a folder, at their places. `sources` are the ids of the configured ones; without any, nobody checks them."""
    found = []
    for file in files.values():
        rule = file.rule.rule if file.rule is not None else None
        if rule is None:
            continue
        unknown = [each for each in dict.fromkeys(_asked(rule)) if each not in sources and each not in OWN_IDS] if sources else []
        over = rule.status == "live" and rule.expires_at is not None and rule.expires_at <= now
        if not unknown and not over:
            continue
        source = read_text(file.text, file.name)
        if over:
            message = "the rule is live and has expired: it matches nothing. Write a later day, or `status: disabled`"
            found.append(source.problem(("expires",), message))
        for each in unknown:
            places = [path for path, (start, end, _) in source.written.items() if path[:1] == ("match",) and each in source.text[start:end]]
            message = (
                f"there is no source {each!r} in the configuration.{nearest(each, sources or ())} Until there is one, it has no articles"
            )
            found.append(source.problem(places[-1] if places else ("match",), message))
    return sorted(set(found))


def _asked(rule: Rule) -> Iterator[str]:
    """The ids of sources that the rule names."""
    yield from rule.where.source.only
    yield from rule.where.source.never
    yield from _in(rule.match)


def _in(clause: Clause) -> Iterator[str]:
    match clause:
        case Filter("source", values):
            yield from values
        case Within(_, inner):
            yield from _in(inner)
        case Group(any, all, none):
            for each in (*any, *all, *none):
                yield from _in(each)

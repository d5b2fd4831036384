"""The tests that rules carry, one by one, with what matched: for people who look for the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from pipeline.article import Hit
from pipeline.located import read_text
from pipeline.rules.check import failing_tests, try_text
from pipeline.rules.compile import CannotMatch, compile_rule, rule_set
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.declare import declare
from pipeline.rules.model import RuleTest, TermSet, Where
from pipeline.rules.reading_files import File


@dataclass(frozen=True)
class Tested:
    """One test of a rule: `complaint` is empty when it passes."""

    rule_id: str
    number: int
    test: RuleTest
    hits: tuple[Hit, ...]
    complaint: str


def tested(files: Iterable[File], sets: Mapping[str, TermSet]) -> dict[str, tuple[Tested, ...]]:
    """The results by rule id, in order. Files that are no rule, or that cannot be compiled, are left out."""
    found = {}
    for file in files:
        compiled = file.rule or _compiled(file, sets)
        if compiled is not None:
            found[compiled.rule.id] = tuple(_result(compiled, number, test) for number, test in enumerate(compiled.rule.tests, start=1))
    return dict(sorted(found.items()))


def _compiled(file: File, sets: Mapping[str, TermSet]) -> CompiledRule | None:
    """The rule of a file whose tests fail: it is not active, and can be tested."""
    if file.part or file.terms or not file.text:
        return None
    rule = declare(read_text(file.text, file.name))
    if rule is None:
        return None
    try:
        return compile_rule(rule, sets)
    except CannotMatch:
        return None


def _result(compiled: CompiledRule, number: int, test: RuleTest) -> Tested:
    rule = compiled.rule
    one = msgspec.structs.replace(compiled, rule=msgspec.structs.replace(rule, tests=(test,)))
    complaints = [each.message.partition(" fails: ")[2] for each in failing_tests(one)]
    live = msgspec.structs.replace(compiled, rule=msgspec.structs.replace(rule, status="live", where=Where(), expires_at=None))
    matches = try_text(rule_set([live]), test.text, title=test.title, language=test.lang or next(iter(rule.langs), "und"))
    hits = tuple(hit for match in matches for hit in match.hits)
    return Tested(rule.id, number, test, hits, complaints[0] if complaints else "")

"""The tests that rules carry, one by one, with what matched: for people who look for the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pipeline.article import Hit
from pipeline.enriching import Recogniser
from pipeline.located import read_text
from pipeline.rules.check import tried
from pipeline.rules.compile import CannotMatch, compile_rule
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.declare import declare
from pipeline.rules.model import RuleTest, TermSet
from pipeline.rules.reading_files import File


@dataclass(frozen=True)
class Tested:
    """One test of a rule: `complaint` is empty when it passes."""

    rule_id: str
    number: int
    test: RuleTest
    hits: tuple[Hit, ...]
    complaint: str


def tested(files: Iterable[File], sets: Mapping[str, TermSet], recogniser: Recogniser | None = None) -> dict[str, tuple[Tested, ...]]:
    """The results by rule id, in order. Files that are no rule, or that cannot be compiled, are left out."""
    found = {
        each.rule.id: tuple(_result(each, number, test, recogniser) for number, test in enumerate(each.rule.tests, start=1))
        for each in compilable(files, sets)
    }
    return dict(sorted(found.items()))


def compilable(files: Iterable[File], sets: Mapping[str, TermSet]) -> Iterator[CompiledRule]:
    """Every rule of the files that can be compiled, those whose tests fail as well."""
    for file in files:
        if compiled := file.rule or _compiled(file, sets):
            yield compiled


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


def _result(compiled: CompiledRule, number: int, test: RuleTest, recogniser: Recogniser | None) -> Tested:
    found = tried(compiled, test, recogniser)
    hits = tuple(hit for match in found.matches for hit in match.hits)
    return Tested(compiled.rule.id, number, test, hits, found.complaint)

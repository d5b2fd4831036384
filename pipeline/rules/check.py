"""Trying rules out: the tests a rule carries, and any text against any rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pipeline.article import Article, Language, Match, Source
from pipeline.errors import Problem
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.compiled import CompiledRule, RuleSet
from pipeline.rules.match import analyse_fields, match
from pipeline.rules.model import Rule, RuleTest, TermSet, Where
from pipeline.text.hygiene import shown

Place = tuple[int, int]  # line, column


def try_text(rules: RuleSet, text: str, *, title: str = "", language: str = "und", country: str = "") -> tuple[Match, ...]:
    """What `rules` find in a text of `language` from a publisher in `country`; offsets refer to `shown(title)` and `shown(text)`."""
    article = Article(
        id="tried",
        source=Source(id="tried", country=country),
        title=shown(title),
        body=shown(text),
        language=Language(code=language, origin="declared"),
        revision=1,
    )
    return match(rules, article, analyse_fields(article))


def run_tests(rule: Rule, file: str = "", places: Sequence[Place] = (), sets: Mapping[str, TermSet] | None = None) -> list[Problem]:
    """Which of the rule's own tests fail; [] when all pass or there are none.

    Tests speak of texts: `where`, `expires_at` and the status are left out of account. A test that names no language is in the rule's first, or in
    German. `places` are the tests' lines and columns in `file`. Raises
    CannotMatch for a rule that cannot be compiled.
    """
    return failing_tests(compile_rule(rule, sets), file, places)


def failing_tests(compiled: CompiledRule, file: str = "", places: Sequence[Place] = ()) -> list[Problem]:
    """Like `run_tests`, for a rule that is compiled already."""
    rule = compiled.rule
    if not rule.tests:
        return []
    tried = msgspec.structs.replace(compiled, rule=msgspec.structs.replace(rule, status="live", where=Where(), expires_at=None))
    rules = rule_set([tried])
    problems = []
    for number, test in enumerate(rule.tests):
        complaint = _complaint(rules, test, test.lang or next(iter(rule.langs), "de"))
        if complaint:
            line, column = places[number] if number < len(places) else (1, 1)
            problems.append(Problem(file or f"{rule.id}.yml", line, column, f"test {number + 1} of rule {rule.id!r} fails: {complaint}"))
    return problems


def _complaint(rules: RuleSet, test: RuleTest, language: str) -> str:
    found = try_text(rules, test.text, title=test.title, language=language)
    quoted = f"{test.text[:80]!r}"
    terms = sorted({hit.term for each in found for hit in each.hits})
    if test.match and not found:
        return f"{quoted} should match and does not"
    if not test.match and found:
        surfaces = sorted({hit.surface for each in found for hit in each.hits})
        return f"{quoted} should not match and does, by {', '.join(surfaces)}"
    missing = [term for term in test.terms if term not in terms]
    if test.match and missing:
        return f"{quoted} should match by {', '.join(missing)}; it matched by {', '.join(terms)}"
    return ""

"""Trying rules out: the tests a rule carries, and any text against any rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from pipeline.article import Article, Entity, Language, Match, Source
from pipeline.enriching import Recogniser, packaged
from pipeline.errors import Problem
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.compiled import CompiledRule, RuleSet
from pipeline.rules.entities import asked_for, of_where, stated, told
from pipeline.rules.match import analyse_fields, match
from pipeline.rules.model import Rule, RuleTest, TermSet
from pipeline.text.hygiene import shown

Place = tuple[int, int]  # line, column


def try_text(
    rules: RuleSet, text: str, *, title: str = "", language: str = "und", country: str = "", entities: Sequence[Entity] = ()
) -> tuple[Match, ...]:
    """What `rules` find in a text of `language` from a publisher in `country`, that names `entities`; offsets refer to `shown(title)` and `shown(text)`."""
    article = msgspec.structs.replace(article_of(text, title, language, country), entities=tuple(entities))
    return match(rules, article, analyse_fields(article))


def article_of(text: str, title: str, language: str, country: str = "") -> Article:
    """The article that stands for a text that is tried."""
    return Article(
        id="tried",
        source=Source(id="tried", country=country),
        title=shown(title),
        body=shown(text),
        language=Language(code=language, origin="declared"),
        revision=1,
    )


def as_tried(compiled: CompiledRule) -> CompiledRule:
    """The rule as texts are tried on it: live and without end. Of `where` only the entities count, for the rest no text can tell."""
    rule = msgspec.structs.replace(compiled.rule, status="live", where=of_where(compiled.rule.where), expires_at=None)
    return msgspec.structs.replace(compiled, rule=rule)


def named_in(rules: Iterable[CompiledRule], article: Article, recogniser: Recogniser | None) -> tuple[Entity, ...]:
    """The entities of the article, by the packaged recognisers if no others are given; () when none of the rules asks for any."""
    return (recogniser or packaged()).entities(article) if any(asked_for(each.rule) for each in rules) else ()


def run_tests(rule: Rule, file: str = "", places: Sequence[Place] = (), sets: Mapping[str, TermSet] | None = None) -> list[Problem]:
    """Which of the rule's own tests fail; [] when all pass or there are none.

    Tests speak of texts: `where` except its entities, `expires_at` and the status are left out of account. A test that names no language is in the
    rule's first, or in German; one that states no entities has those that are recognised in it, if the rule asks for any. `places` are the tests'
    lines and columns in `file`. Raises CannotMatch for a rule that cannot be compiled.
    """
    return failing_tests(compile_rule(rule, sets), file, places)


def failing_tests(
    compiled: CompiledRule, file: str = "", places: Sequence[Place] = (), recogniser: Recogniser | None = None
) -> list[Problem]:
    """Like `run_tests`, for a rule that is compiled already. Raises BadConfiguration for a recogniser that cannot be made."""
    rule = compiled.rule
    problems = []
    for number, test in enumerate(rule.tests):
        complaint = tried(compiled, test, recogniser).complaint
        if complaint:
            line, column = places[number] if number < len(places) else (1, 1)
            problems.append(Problem(file or f"{rule.id}.yml", line, column, f"test {number + 1} of rule {rule.id!r} fails: {complaint}"))
    return problems


@dataclass(frozen=True)
class Tried:
    """What a test came to: `complaint` is empty when it passes."""

    matches: tuple[Match, ...]
    entities: tuple[Entity, ...]
    complaint: str


def tried(compiled: CompiledRule, test: RuleTest, recogniser: Recogniser | None = None) -> Tried:
    """The test's text against the rule, in the language it states, else the rule's first, else any: then what the rule says in each language counts.

    Raises BadConfiguration for a recogniser that cannot be made.
    """
    language = test.lang or next(iter(compiled.rule.langs), "")
    entities = stated(test.entities) if test.entities is not None else ()
    if test.entities is None:
        # Recognisers guess no language, and rules are German first.
        entities = named_in([compiled], article_of(test.text, test.title, language or "de"), recogniser)
    article = msgspec.structs.replace(article_of(test.text, test.title, language or "und"), entities=entities)
    found = match(rule_set([as_tried(compiled)]), article, analyse_fields(article))
    complaint = _complaint(test, found)
    named = told(compiled, entities) if complaint else ""
    return Tried(found, entities, f"{complaint}; {named}" if named else complaint)


def _complaint(test: RuleTest, found: Sequence[Match]) -> str:
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

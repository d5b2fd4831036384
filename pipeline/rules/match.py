"""Which rules an article matches, with the evidence: term, surface form, place.

The cost does not depend on the number of rules: the article's keys are intersected with the rules' anchors, and only rules of which an anchor is in the
text are evaluated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pipeline.article import FIELDS, Article, Field, Hit, Match, Span
from pipeline.rules.evaluate import Evidence, Reading, evidence
from pipeline.rules.model import Allowed, CompiledRule, Rule
from pipeline.rules.model import RuleSet as RuleSet
from pipeline.rules.terms import terms as terms
from pipeline.text.tokens import Analysed, analyse

# What a match carries at most; the hits after these are more of the same.
MAX_HITS = 50


def analyse_fields(article: Article) -> dict[Field, Analysed]:
    """The analysed title, summary and body of an article whose fields are shown text."""
    return {field: analyse(getattr(article, field)) for field in FIELDS}


def match(rules: RuleSet, article: Article, texts: Mapping[Field, Analysed]) -> tuple[Match, ...]:
    """The matches of `article`, ordered by rule id; () for none.

    In a later revision a rule matches only by a hit that overlaps text the revision added (`article.added`), while the rest of its
    conditions may hold anywhere: a live blog fires when the word appears, and an edit elsewhere does not fire again.
    """
    if article.revision > 1 and not article.added:
        return ()
    candidates = {
        rule_id
        for key in rules.by_anchor.keys() & set().union(*(read.keys() for read in texts.values()))
        for rule_id in rules.by_anchor[key]
    }
    if not candidates:
        return ()
    reading = Reading(texts)
    found = (_matched(rules.rules[rule_id], article, reading) for rule_id in sorted(candidates))
    return tuple(each for each in found if each is not None)


def _matched(compiled: CompiledRule, article: Article, reading: Reading) -> Match | None:
    rule = compiled.rule
    if not _admits(rule, article):
        return None
    found = evidence(compiled.tree, reading, rule.fields)
    if article.added and found:
        found = [each for each in found if any(_overlaps(each, span) for span in article.added)]
    if not found:
        return None
    hits = tuple(_hit(each, rule.id, article.id, reading) for each in sorted(set(found), key=_place)[:MAX_HITS])
    return Match(
        id=_hash(rule.id, article.id, hits[0].sentence_id),
        rule_id=rule.id,
        rule_version=compiled.version,
        title=rule.title,
        severity=rule.severity,
        hits=hits,
        shadow=rule.status == "shadow",
    )


def _admits(rule: Rule, article: Article) -> bool:
    """Whether language, source and entities are those the rule asks for."""
    code = article.language.code.lower()
    if rule.langs and not _speaks(code, rule.langs) and (rule.lang_strict or code != "und"):
        return False
    where = rule.where
    return (
        _allows(where.source, article.source.id)
        and _allows(where.country, article.source.country.upper())
        and _allows(where.language, code)
        and (not where.entities or any(entity.id in where.entities for entity in article.entities))
    )


def _speaks(code: str, languages: tuple[str, ...]) -> bool:
    """`zh` admits `zh-cn`."""
    return code in languages or code.partition("-")[0] in languages


def _allows(allowed: Allowed, value: str) -> bool:
    return (not allowed.only or value in allowed.only) and value not in allowed.never


def _overlaps(found: Evidence, span: Span) -> bool:
    return found.field == span.field and found.start < span.end and span.start < found.end


def _place(found: Evidence) -> tuple[int, int, int, str]:
    return FIELDS.index(found.field), found.start, found.end, found.clause


def _hit(found: Evidence, rule_id: str, article_id: str, reading: Reading) -> Hit:
    read = reading.texts[found.field]
    sentence = read.sentence_of(found.first)
    start, end = read.sentences[sentence]
    return Hit(
        term=found.term,
        surface=read.text[found.start : found.end],
        mode=found.mode,
        field=found.field,
        start=found.start,
        end=found.end,
        sentence_start=start,
        sentence_end=end,
        sentence_id=_hash(rule_id, article_id, reading.normalised(found.field, sentence))[:16],
        clause=found.clause,
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]

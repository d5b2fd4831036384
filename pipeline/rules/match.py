"""Which rules an article matches, with the evidence: term, surface form, place.

The cost does not depend on the number of rules: the article's keys are intersected with the rules' anchors, and only rules of which an anchor is in the
text are evaluated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pipeline.article import FIELDS, Article, Field, Hit, Match, Span
from pipeline.find.ellipsis import ellipses
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.compiled import RuleSet as RuleSet
from pipeline.rules.evaluate import Evidence, Reading, evidence
from pipeline.rules.filters import admits
from pipeline.rules.terms import terms as terms
from pipeline.text.tokens import Analysed, analyse

# What a match carries at most; the hits after these are more of the same.
MAX_HITS = 50


def analyse_fields(article: Article) -> dict[Field, Analysed]:
    """The analysed title, summary and body of an article whose fields are shown text."""
    return {field: analyse(getattr(article, field)) for field in FIELDS}


def match(rules: RuleSet, article: Article, texts: Mapping[Field, Analysed], now: datetime | None = None) -> tuple[Match, ...]:
    """The matches of `article`, ordered by rule id; () for none. With `now`, rules that have expired by then match nothing.

    In a later revision a rule rings only by a hit that overlaps text the revision added (`article.added`), while the rest of its
    conditions may hold anywhere: a live blog fires when the word appears, and an edit elsewhere does not fire again. A match by nothing but
    old text is told as `known`, so that who was told of the article hears of its corrections and its withdrawal.
    """
    found = candidates(rules, texts.values())
    if not found:
        return ()
    reading = Reading(texts, article)
    matched = (_matched(rules.rules[rule_id], article, reading, now) for rule_id in sorted(found))
    return tuple(each for each in matched if each is not None)


def candidates(rules: RuleSet, texts: Iterable[Analysed]) -> set[str]:
    """The ids of all rules of which the texts hold an anchor."""
    anchors: set[str] = set()
    by_anchor, answers = rules.by_anchor, rules.answers
    if not by_anchor:
        return anchors
    for read in texts:
        if not read.forms:
            continue
        anchors.update(*filter(None, map(answers.__getitem__, read.keys())))
        anchors.update(filter(by_anchor.__contains__, read.joined()))
        anchors.update(each for each in ellipses(read) if each in by_anchor)
    return {rule_id for anchor in anchors for rule_id in by_anchor[anchor]}


def _matched(compiled: CompiledRule, article: Article, reading: Reading, now: datetime | None) -> Match | None:
    rule = compiled.rule
    found = evidence(compiled.tree, reading, rule.fields)
    if not found or not admits(rule, article, now) or (rule.min_score and score(found) < rule.min_score):
        return None
    known = False
    if article.revision > 1:
        new = [each for each in found if any(_overlaps(each, span) for span in article.added)]
        known, found = not new, new or found
    if len(found) > 1:
        found = sorted(dict.fromkeys(found), key=_place)[:MAX_HITS]
    hits = tuple(_hit(each, rule.id, reading) for each in found)
    return Match(
        id=_hash(rule.id, article.id, hits[0].sentence_id),
        rule_id=rule.id,
        rule_version=compiled.version,
        title=rule.title,
        severity=rule.severity,
        hits=hits,
        shadow=rule.status == "shadow",
        known=known,
    )


def score(found: Sequence[Evidence]) -> int:
    """How many different terms were found; one that stands in the title counts double."""
    terms_found = {each.term for each in found}
    return len(terms_found) + len({each.term for each in found if each.field == "title"})


def _overlaps(found: Evidence, span: Span) -> bool:
    return found.field == span.field and found.start < span.end and span.start < found.end


_ORDER = {field: number for number, field in enumerate(FIELDS)}


def _place(found: Evidence) -> tuple[int, int, int, str]:
    return _ORDER[found.field], found.start, found.end, found.clause


def _hit(found: Evidence, rule_id: str, reading: Reading) -> Hit:
    field = found.field
    start, end, digest = reading.sentence(field, found.first)
    return Hit(
        term=found.term,
        surface=reading.texts[field].text[found.start : found.end],
        mode=found.mode,
        field=field,
        start=found.start,
        end=found.end,
        sentence_start=start,
        sentence_end=end,
        sentence_id=_hash(rule_id, digest)[:16],
        clause=found.clause,
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]

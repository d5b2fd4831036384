"""enrich: who and what is it about, and which alert rules does it meet?

The alert leaves here, before and independent of the index. Enrichers are helpful, not vital: one that fails is flagged and logged, and
the article goes on to the rules without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from pipeline import canary, matched, topology
from pipeline.article import Article, encode
from pipeline.enriching import enriched_by
from pipeline.plugins import Enricher
from pipeline.rules.compiled import RuleSet
from pipeline.rules.filters import is_german
from pipeline.rules.match import analyse_fields, match
from pipeline.rules.terms import terms
from pipeline.runner import Out, Work
from pipeline.stages.reading import read
from pipeline.text.tokens import analyse

RulesNow = Callable[[], RuleSet]


class Enrich:
    """The stage. `rules` gives the rule set that is active now; it changes between two articles, never within one."""

    name = "enrich"

    def __init__(self, enrichers: Mapping[str, Enricher], rules: RulesNow, late_hours: float) -> None:
        self.enrichers = enrichers
        self._rules = rules
        self._late_hours = late_hours

    def run(self, work: Work, now: datetime) -> list[Out]:
        article = enriched(read(work), self.enrichers, self._rules(), now)
        if canary.is_canary(article.source.id):
            return self._tried(msgspec.structs.replace(article, matches=canary.own_matches(article)), now)
        value = encode(article)
        outs = [Out(topology.ENRICHED, article.id, value)]
        records = matched.records(article, article.matches, now, late_hours=self._late_hours)
        outs += [Out(topology.MATCHES, each.match.rule_id or article.id, matched.encode(each)) for each in records]
        if records:
            outs.append(Out(topology.EVIDENCE, article.id, value))
        return outs

    def _tried(self, article: Article, now: datetime) -> list[Out]:
        """What a canary causes: its match, and the word that it ended here."""
        records = matched.records(article, article.matches, now, late_hours=self._late_hours)
        outs = [Out(topology.MATCHES, each.match.rule_id, matched.encode(each)) for each in records]
        return [*outs, Out(topology.OUTCOMES, article.id, msgspec.json.encode(canary.ended(article, self.name, now)))]


def enriched(article: Article, enrichers: Mapping[str, Enricher], rules: RuleSet, now: datetime) -> Article:
    """The article with entities, terms and matches."""
    article = enriched_by(article, enrichers)
    analysed = analyse_fields(article)
    found = terms(analysed.values(), compounds=is_german(article))
    return msgspec.structs.replace(
        article,
        terms=found,
        # Everything is new in a first revision.
        terms_added=found if article.revision <= 1 else _terms_added(article),
        matches=match(rules, article, analysed, now),
        original=b"" if not article.original_sha256 else article.original,
        clock=msgspec.structs.replace(article.clock, enriched_at=now),
    )


def _terms_added(article: Article) -> tuple[str, ...]:
    """The terms in the ranges that this revision added, which are whole sentences."""
    pieces = (analyse(getattr(article, span.field)[span.start : span.end]) for span in article.added)
    return terms(pieces, compounds=is_german(article))

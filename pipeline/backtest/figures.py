"""What came of a back-test, in numbers and examples: for each rule and for all of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from pipeline.backtest.played import Replayed, Step
from pipeline.episode import Notification
from pipeline.matched import Mark, Matched, Snippet
from pipeline.rules.model import Rule

MOST_SURFACES = 10_000
TOLD_SURFACES = 20
SAMPLE = 10


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One match as people look at it: the title and the sentence with the marked words."""

    match_id: str
    rule_id: str
    article_id: str
    revision: int
    at: datetime
    why: str = ""
    source: str = ""
    title: str = ""
    title_marks: tuple[Mark, ...] = ()
    snippet: Snippet = Snippet()
    url: str = ""


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """A word as it stood in the texts, what found it, and in how many matches."""

    surface: str
    term: str
    mode: str
    matches: int


class RuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over the time asked for. `messages` went to receivers, one for each; `rings` counts a message to several receivers once.

    `decided` says what became of the matches (first, folded, new_facts, …), `suppressed` why messages were not sent, by the word before the colon.
    """

    rule_id: str
    title: str
    status: str
    version: str
    matches: int
    articles: int
    episodes: int
    messages: int
    rings: int
    matches_a_day: float
    episodes_a_day: float
    messages_a_day: float
    decided: dict[str, int] = {}
    suppressed: dict[str, int] = {}
    receivers: dict[str, int] = {}
    surfaces: tuple[Surface, ...] = ()
    sample: tuple[Shown, ...] = ()


def shown(matched: Matched, why: str = "") -> Shown:
    return Shown(
        match_id=matched.match.id,
        rule_id=matched.match.rule_id,
        article_id=matched.article_id,
        revision=matched.revision,
        at=matched.matched_at,
        why=why,
        source=matched.source.name or matched.source.id,
        title=matched.title,
        title_marks=matched.title_marks,
        snippet=matched.snippet,
        url=matched.url,
    )


@dataclass
class _OfRule:
    """What is counted of one rule while its matches go by. The sample is drawn as they come: every match has the same chance."""

    draw: random.Random
    size: int
    matches: int = 0
    articles: set[str] = field(default_factory=set)
    decided: Counter[str] = field(default_factory=Counter)
    surfaces: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    sample: list[Shown] = field(default_factory=list)

    def see(self, step: Step) -> None:
        self.matches += 1
        self.articles.add(step.matched.article_id)
        self.decided[step.why] += 1
        for key in {(hit.surface, hit.term, hit.mode) for hit in step.matched.match.hits}:
            if key in self.surfaces or len(self.surfaces) < MOST_SURFACES:
                self.surfaces[key] += 1
        if len(self.sample) < self.size:
            self.sample.append(shown(step.matched, step.why))
        elif (place := self.draw.randrange(self.matches)) < self.size:
            self.sample[place] = shown(step.matched, step.why)


class Counting:
    """Looks at every match from `since` on, and says in the end what there was. `seed` makes the same sample again.

    A later revision that matches only in text an earlier one had (`Match.known`) is no match of its own.
    """

    def __init__(self, since: datetime, seed: int = 1, sample: int = SAMPLE) -> None:
        self._since = since
        self._seed = seed
        self._sample = sample
        self._rules: dict[str, _OfRule] = {}

    def see(self, step: Step) -> None:
        if step.matched.matched_at < self._since or step.matched.match.known:
            return
        rule_id = step.matched.match.rule_id
        if rule_id not in self._rules:
            self._rules[rule_id] = _OfRule(random.Random(f"{self._seed}:{rule_id}"), self._sample)
        self._rules[rule_id].see(step)

    def figures(self, rules: Iterable[tuple[Rule, str]], replayed: Replayed, days: float) -> tuple[RuleFigures, ...]:
        """The figures of each rule, given with its version, ordered by id; rules without any match have zeros. `days` is how long it all took."""
        opened = Counter(each.rule_id for each in replayed.episodes.values() if each.opened_at >= self._since and each.state != "pending")
        told: dict[str, list[Notification]] = {}
        for each in replayed.notifications.values():
            if each.created_at >= self._since:
                told.setdefault(each.rule_id, []).append(each)
        return tuple(
            self._figures(rule, version, opened[rule.id], told.get(rule.id, []), days)
            for rule, version in sorted(rules, key=lambda pair: pair[0].id)
        )

    def _figures(self, rule: Rule, version: str, episodes: int, told: list[Notification], days: float) -> RuleFigures:
        seen = self._rules.get(rule.id) or _OfRule(random.Random(), 0)
        sent = [each for each in told if reaches(each)]
        surfaces = sorted(seen.surfaces.items(), key=lambda pair: (-pair[1], pair[0]))[:TOLD_SURFACES]
        return RuleFigures(
            rule_id=rule.id,
            title=rule.title,
            status=rule.status,
            version=version,
            matches=seen.matches,
            articles=len(seen.articles),
            episodes=episodes,
            messages=len(sent),
            rings=len({(each.episode_id, each.kind, each.step) for each in sent}),
            matches_a_day=round(seen.matches / days, 3),
            episodes_a_day=round(episodes / days, 3),
            messages_a_day=round(len(sent) / days, 3),
            decided=dict(sorted(seen.decided.items())),
            suppressed=dict(sorted(Counter(each.verdict.partition(":")[0] or "" for each in told if not reaches(each)).items())),
            receivers=dict(sorted(Counter(each.receiver for each in sent).items())),
            surfaces=tuple(Surface(surface=word, term=term, mode=mode, matches=count) for (word, term, mode), count in surfaces),
            sample=tuple(sorted(seen.sample, key=lambda each: (each.at, each.match_id))),
        )


def reaches(notification: Notification) -> bool:
    """Whether somebody gets it: it was not suppressed."""
    return notification.state != "suppressed"


def violations(figures: Iterable[RuleFigures], rules: Iterable[Rule]) -> tuple[str, ...]:
    """Which rules find more or less a day than they expect, in words."""
    expected = {rule.id: rule.expect for rule in rules}
    found = []
    for each in figures:
        expect = expected[each.rule_id]
        if 0 <= expect.most_a_day < each.matches_a_day:
            found.append(f"{each.rule_id} finds {each.matches_a_day:g} matches a day and expects at most {expect.most_a_day:g}: tighten it")
        if each.matches_a_day < expect.least_a_day:
            found.append(f"{each.rule_id} finds {each.matches_a_day:g} matches a day and expects at least {expect.least_a_day:g}: widen it")
    return tuple(found)

"""What has to become of the samples, derived from their declarations.

The demonstration compares this with what the pipeline did. Only decisions are declared (which texts are one story, which member brings new
facts, which rule matches, what is refused); every total is computed here. `samples/expected.yaml` is a printed copy for people,
written by `python -m pipeline.demo.ledger`, and a test keeps it equal.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ruamel.yaml import YAML

from pipeline.demo.declarations import SAMPLES, Sample, Samples, load


@dataclass(frozen=True, order=True)
class Alert:
    """One match of a rule in one article. `rings` is `first` (opens an episode), `again` (a story member with new facts) or `folded`."""

    step: int
    rule: str
    article: str
    revision: int
    rings: str


@dataclass(frozen=True)
class Ledger:
    """The expected result, by slug. `articles` are documents in the index; `revisions` counts their states, the first included.

    `sharing_a_guid` lists groups of different articles under one GUID; the connector keeps them apart by their links. `repeats_at_least`: a connector that delivers unchanged items of a changed feed again brings more of them.
    """

    articles: tuple[str, ...]
    revisions: Mapping[str, int]
    repeats_at_least: int
    rejected: Mapping[str, str]
    broken_feeds: tuple[str, ...]
    stories: Mapping[str, tuple[str, ...]]
    sharing_a_guid: tuple[tuple[str, ...], ...]
    alerts: tuple[Alert, ...]

    @property
    def totals(self) -> dict[str, int]:
        """The figures of the summary table.

        `collected_at_least` = `passed_on` (records that reach the index, `articles` of them first states) + `repeats_at_least` + `rejected`.
        """
        passed_on = sum(self.revisions.values())
        rings = [alert.rings for alert in self.alerts]
        return {
            "collected_at_least": passed_on + self.repeats_at_least + len(self.rejected),
            "passed_on": passed_on,
            "articles": len(self.articles),
            "later_revisions": passed_on - len(self.articles),
            "repeats_at_least": self.repeats_at_least,
            "rejected": len(self.rejected),
            "broken_feeds": len(self.broken_feeds),
            "stories_with_members": len(self.stories),
            "story_members": sum(len(members) - 1 for members in self.stories.values()),
            "matches": len(rings),
            "episodes": rings.count("first"),
            "rings_again": rings.count("again"),
            "folded": rings.count("folded"),
            "notifications": rings.count("first") + rings.count("again"),
        }


def ledger(samples: Samples, one_article_per_guid: bool = False) -> Ledger:
    """The ledger of `samples` once every step has been processed.

    With `one_article_per_guid`, articles that share a GUID count as revisions of one: for a connector that believes the publisher.
    """
    accepted = [sample for sample in samples.articles if not sample.rejected]
    groups = _sharing_a_guid(samples, accepted)
    opener = {slug: group[0] for group in groups for slug in group} if one_article_per_guid else {}
    revisions: dict[str, int] = {}
    for sample in sorted(accepted, key=_first_step):
        slug = opener.get(sample.slug, sample.slug)
        revisions[slug] = revisions.get(slug, 0) + _distinct_texts(sample)
    return Ledger(
        articles=tuple(sorted(revisions)),
        revisions=dict(sorted(revisions.items())),
        repeats_at_least=sum(_deliveries(sample) - _distinct_texts(sample) for sample in accepted),
        rejected={sample.slug: sample.rejected for sample in samples.articles if sample.rejected},
        broken_feeds=tuple(sorted(feed.name for feed in samples.feeds.values() if feed.malformed)),
        stories=_stories(accepted),
        sharing_a_guid=tuple(groups),
        alerts=tuple(_alerts(accepted)),
    )


def _first_step(sample: Sample) -> tuple[int, str]:
    return sample.deliveries[0].step, sample.slug


def _deliveries(sample: Sample) -> int:
    """How often the article is delivered when each step brings only what is new: its deliveries and its later states in each of them."""
    return sum(1 + sum(state.step > delivery.step for state in sample.states) for delivery in sample.deliveries)


def _distinct_texts(sample: Sample) -> int:
    """Texts the article ever had: its states, times the forms it is delivered in."""
    seen = {
        (delivery.form, max(state.revision for state in sample.states if state.step <= step))
        for delivery in sample.deliveries
        for step in [delivery.step, *(state.step for state in sample.states if state.step > delivery.step)]
    }
    return len(seen)


def _sharing_a_guid(samples: Samples, accepted: Iterable[Sample]) -> list[tuple[str, ...]]:
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in accepted:
        if sample.guid:
            groups.setdefault((samples.feeds[sample.deliveries[0].feed].site, sample.guid), []).append(sample)
    return [tuple(each.slug for each in sorted(group, key=_first_step)) for group in groups.values() if len(group) > 1]


def _stories(accepted: Iterable[Sample]) -> dict[str, tuple[str, ...]]:
    """The members of each declared story, in the order of their arrival; the first one opens it."""
    stories: dict[str, list[Sample]] = {}
    for sample in accepted:
        if sample.story:
            stories.setdefault(sample.story, []).append(sample)
    return {name: tuple(each.slug for each in sorted(members, key=_first_step)) for name, members in sorted(stories.items())}


def _alerts(accepted: Iterable[Sample]) -> list[Alert]:
    """One episode per rule and story; a member rings again when it brings new facts, otherwise it is folded."""
    found = sorted(
        (state.step, rule, sample.slug, state.revision, sample.story or sample.slug, sample.new_facts)
        for sample in accepted
        for state in sample.states
        for rule in state.alerts
    )
    opened: set[tuple[str, str]] = set()
    alerts = []
    for step, rule, slug, revision, story, new_facts in found:
        rings = "first" if (rule, story) not in opened else "again" if new_facts else "folded"
        opened.add((rule, story))
        alerts.append(Alert(step, rule, slug, revision, rings))
    return alerts


def as_yaml(expected: Ledger) -> str:
    """The ledger for people and for comparison, totals first."""
    plain: dict[str, Any] = {"totals": expected.totals, **asdict(expected)}
    plain["broken_feeds"] = list(expected.broken_feeds)
    plain["stories"] = {name: list(members) for name, members in expected.stories.items()}
    plain["sharing_a_guid"] = [list(group) for group in expected.sharing_a_guid]
    plain["alerts"] = [asdict(alert) for alert in expected.alerts]
    plain["articles"] = list(expected.articles)
    out = io.StringIO()
    out.write("# Written by `python -m pipeline.demo.ledger` from the declarations in articles/ and feeds.toml: change those, not this.\n")
    yaml = YAML()
    yaml.width = 120
    yaml.dump(plain, out)
    return out.getvalue()


if __name__ == "__main__":
    (SAMPLES / "expected.yaml").write_text(as_yaml(ledger(load())), encoding="utf-8")

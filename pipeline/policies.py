"""What the rules and the team's other files say about telling people, as the alerter asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

from pipeline.policy import RulePolicy, policy_of
from pipeline.routing.model import Routing
from pipeline.rules import model
from pipeline.rules.compiled import CompiledRule, RuleSet
from pipeline.settings import Settings

_RULE_WAIT_SECONDS = 2.0


class Rules(Protocol):
    """Where the rules stand that are active now: `pipeline.rules.follow.RuleFollower`, or rules that do not change."""

    def current(self) -> RuleSet: ...


class Policies:
    """See the module's docstring. Policies are made once for each version of a rule."""

    def __init__(self, settings: Settings, rules: Rules, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._rules = rules
        self._now = now
        self._missed: set[str] = set()
        self._known: dict[str, tuple[CompiledRule, RulePolicy]] = {}
        self._special_of: tuple[RuleSet, _Special] | None = None

    def awaited(self, rule_id: str) -> RulePolicy:
        """Like `of`, but a rule that is not known yet is given a moment, once: it and its first match travel over two topics."""
        if rule_id not in self._missed:
            deadline = time.monotonic() + _RULE_WAIT_SECONDS
            while rule_id not in self._rules.current().rules and time.monotonic() < deadline:
                time.sleep(0.02)
            if rule_id not in self._rules.current().rules:
                self._missed.add(rule_id)
        return self.of(rule_id)

    def of(self, rule_id: str) -> RulePolicy:
        """The rule's policy; for a rule that is gone one that says nothing and opens nothing by itself."""
        compiled = self._rules.current().rules.get(rule_id)
        if compiled is None:
            return RulePolicy(rule_id=rule_id, live=False)
        known = self._known.get(rule_id)
        if known is None or known[0] is not compiled:
            known = self._known[rule_id] = (compiled, policy_of(compiled.rule))
        expires_at = compiled.rule.expires_at
        return replace(known[1], live=False) if expires_at is not None and expires_at <= self._now() else known[1]

    def watchers(self, rule_id: str) -> Sequence[RulePolicy]:
        """The live rules whose trigger is a sequence with this rule in it."""
        found = (self.of(each) for each in self._special().watching.get(rule_id, ()))
        return tuple(each for each in found if each.live)

    def timed(self) -> Collection[str]:
        """The rules that tell of silence, and those with digests that may be empty."""
        return self._special().timed

    def routing(self) -> Routing:
        """The team's routing; where it says nothing, what the configuration says."""
        return completed(self._rules.current().routing, self._settings)

    def _special(self) -> _Special:
        rules = self._rules.current()
        if self._special_of is None or self._special_of[0] is not rules:
            self._special_of = (rules, _special(rules))
        return self._special_of[1]


def completed(routing: Routing, settings: Settings) -> Routing:
    """The team's routing with the configuration's default route, zone and language where its files say nothing."""
    language: Literal["de", "en"] = "en" if settings.language == "en" else "de"
    return routing.completed(tuple(settings.alerts.default_route), settings.time_zone, language)


@dataclass(frozen=True)
class _Special:
    """The few rules that concern more than their own matches."""

    watching: dict[str, tuple[str, ...]]
    timed: frozenset[str]


def _special(rules: RuleSet) -> _Special:
    watching: dict[str, tuple[str, ...]] = {}
    timed = set()
    for rule_id, compiled in rules.rules.items():
        rule = compiled.rule
        if isinstance(rule.trigger, model.Sequence):
            for each in rule.trigger.rules:
                watching[each] = (*watching.get(each, ()), rule_id)
        if isinstance(rule.trigger, model.Flatline) or (rule.notify.digest and rule.notify.digest.empty):
            timed.add(rule_id)
    return _Special(watching, frozenset(timed))

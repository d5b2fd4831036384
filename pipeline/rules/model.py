"""What a rule says, and what it becomes when it is compiled. All of it survives a round trip through JSON.

A declared rule (`Rule`) holds what its file says. A compiled one holds every spelling its words may have, so that whoever matches needs no
lexicon: it travels over the topic `rules` as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

Status = Literal["live", "shadow", "test", "disabled"]
Severity = Literal["info", "low", "medium", "high", "critical"]
SearchedField = Literal["title", "lead", "body"]

QUIET_AFTER_SECONDS = 24 * 3_600
REOPEN_WITHIN_SECONDS = 72 * 3_600


class Term(msgspec.Struct, frozen=True, tag="term"):
    """A word; several words are a phrase without gaps."""

    term: str


class Phrase(msgspec.Struct, frozen=True, tag="phrase"):
    """Words in this order within one sentence, with at most `slop` other words between them in all."""

    phrase: str
    slop: int = 0


class Near(msgspec.Struct, frozen=True, tag="near"):
    """All of `near` in one sentence, the first word at most `within` words before the last."""

    near: tuple[str, ...]
    within: int
    order: Literal["any", "given"] = "any"


class Group(msgspec.Struct, frozen=True, tag="group"):
    """Holds when all of `all`, at least one of `any` (if there are any) and none of `none` hold."""

    any: tuple[Clause, ...] = ()
    all: tuple[Clause, ...] = ()
    none: tuple[Clause, ...] = ()


Clause = Term | Phrase | Near | Group


class Allowed(msgspec.Struct, frozen=True):
    """A filter: one of `only` (if there are any), and none of `never`."""

    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold besides the words: source id, the source's country (ISO), language code, at least one of the entity ids."""

    source: Allowed = Allowed()
    country: Allowed = Allowed()
    language: Allowed = Allowed()
    entities: tuple[str, ...] = ()


class Notify(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told. No `route` means the default one."""

    route: tuple[str, ...] = ()
    max_per_hour: int = 20
    on_update: Literal["ignore", "material", "always"] = "material"


class RuleTest(msgspec.Struct, frozen=True, kw_only=True):
    """One example the rule must get right; `terms` are terms that must be among its hits."""

    text: str
    match: bool
    title: str = ""
    lang: str = ""
    terms: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as its file declares it."""

    id: str
    title: str
    match: Group
    status: Status = "live"
    severity: Severity = "medium"
    owner: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    runbook: str = ""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    lang_strict: bool = False
    fields: tuple[SearchedField, ...] = ("title", "lead", "body")
    where: Where = Where()
    trigger: Literal["each"] = "each"
    group_by: tuple[Literal["story"], ...] = ("story",)
    quiet_after_seconds: int = QUIET_AFTER_SECONDS
    reopen_within_seconds: int = REOPEN_WITHIN_SECONDS
    notify: Notify = Notify()
    tests: tuple[RuleTest, ...] = ()


class Words(msgspec.Struct, frozen=True, kw_only=True, tag="words"):
    """Consecutive words, each with all its folded spellings.

    `joined` are the spellings of the whole as one hyphenated token ("US-Außenminister" for "US Außenminister"). `glued` words stand in a script
    without blanks and may have no punctuation between them.
    """

    term: str
    words: tuple[frozenset[str], ...]
    slop: int = 0
    joined: frozenset[str] = frozenset()
    glued: bool = False


class Nearby(msgspec.Struct, frozen=True, kw_only=True, tag="nearby"):
    items: tuple[Words, ...]
    within: int
    ordered: bool = False


class Tree(msgspec.Struct, frozen=True, kw_only=True, tag="tree"):
    any: tuple[Node, ...] = ()
    all: tuple[Node, ...] = ()
    none: tuple[Node, ...] = ()


Node = Words | Nearby | Tree


class CompiledRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that can be matched. Whenever it matches, at least one of `anchors` is among the article's keys.

    `version` is a hash of everything else.
    """

    rule: Rule
    tree: Tree
    anchors: frozenset[str]
    version: str = ""


@dataclass(frozen=True)
class RuleSet:
    """Compiled rules, to be looked up by anchor. Never changed: a change makes a new set. Rules in `test` or `disabled` are held but not found."""

    rules: Mapping[str, CompiledRule] = field(default_factory=dict)
    by_anchor: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    version: str = ""

    def changed(self, new: Iterable[CompiledRule], removed: Iterable[str] = (), version: str = "") -> RuleSet:
        """This set with `new` rules added or replaced and the ids in `removed` gone; costs a copy and the size of the change."""
        rules, by_anchor = dict(self.rules), dict(self.by_anchor)
        arriving = {compiled.rule.id: compiled for compiled in new}
        for rule_id in {*removed, *arriving} & rules.keys():
            for anchor in rules.pop(rule_id).anchors:
                left = tuple(each for each in by_anchor.get(anchor, ()) if each != rule_id)
                if left:
                    by_anchor[anchor] = left
                else:
                    by_anchor.pop(anchor, None)
        for rule_id, compiled in arriving.items():
            rules[rule_id] = compiled
            if compiled.rule.status in ("live", "shadow"):
                for anchor in compiled.anchors:
                    by_anchor[anchor] = (*by_anchor.get(anchor, ()), rule_id)
        return RuleSet(rules, by_anchor, version)

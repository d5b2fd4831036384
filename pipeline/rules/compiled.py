"""What a rule becomes when it is compiled: every spelling its words may have, so that whoever matches needs no dictionary.

It travels over the topic `rules` as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from sys import intern
from typing import Literal

import msgspec
from msgspec.structs import force_setattr

from pipeline.routing.model import Routing
from pipeline.rules.answers import Answers
from pipeline.rules.model import Place, Rule, SearchedField
from pipeline.rules.spellings import Spelled as Spelled
from pipeline.rules.spellings import Spelling as Spelling
from pipeline.rules.spellings import interned, shared


class Words(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="words", omit_defaults=True):
    """Consecutive words, each with all its spellings. `own` is the folded form of a single word as the rule gives it.

    `glued` words are the characters of a script without blanks and may have no punctuation between them.
    """

    term: str
    words: tuple[Spelled, ...]
    own: str = ""
    slop: int = 0
    glued: bool = False

    def __post_init__(self) -> None:
        force_setattr(self, "words", tuple(map(shared, self.words)))
        force_setattr(self, "term", intern(self.term))
        force_setattr(self, "own", intern(self.own))


class Nearby(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="nearby", omit_defaults=True):
    """All items in one sentence (or paragraph), no further apart than `within` words. `term` stands for them in the evidence, if it is not empty."""

    items: tuple[Node, ...]
    within: int
    ordered: bool = False
    paragraph: bool = False
    term: str = ""


class Pattern(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="pattern", omit_defaults=True):
    """A wildcard for one folded word, or an RE2 expression for the folded text of a sentence. `anchors` are its keys."""

    term: str
    kind: Literal["wildcard", "regex"]
    pattern: str
    anchors: tuple[str, ...]


class Condition(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="condition", omit_defaults=True):
    """Something about the article besides its words; it holds without evidence."""

    place: Place
    values: tuple[str, ...]
    op: str = "is"


class Inside(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="inside"):
    """`node` in these of the searched fields only."""

    fields: tuple[SearchedField, ...]
    node: Node


class Tree(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="tree", omit_defaults=True):
    """`whole`: it stems from one clause of the rule, so that its nodes have no path of their own."""

    any: tuple[Node, ...] = ()
    all: tuple[Node, ...] = ()
    none: tuple[Node, ...] = ()
    whole: bool = False


Node = Words | Nearby | Pattern | Condition | Inside | Tree


class CompiledRule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rule that can be matched. Whenever it matches, at least one of `anchors` is among the article's keys (`pipeline.rules.anchors`).

    `version` is a hash of everything else.
    """

    rule: Rule
    tree: Tree
    anchors: tuple[str, ...]
    version: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "anchors", interned(self.anchors))


@dataclass(frozen=True)
class RuleSet:
    """Compiled rules, to be looked up by anchor. Never changed: a change makes a new set. Rules in `test` or `disabled` are held but not found."""

    rules: Mapping[str, CompiledRule] = field(default_factory=dict)
    by_anchor: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    version: str = ""
    routing: Routing = field(default_factory=Routing)

    @cached_property
    def answers(self) -> Answers:
        """Which anchors a word of a text answers to."""
        return Answers(self.by_anchor)

    def changed(
        self, new: Iterable[CompiledRule], removed: Iterable[str] = (), version: str = "", routing: Routing | None = None
    ) -> RuleSet:
        """This set with `new` rules added or replaced and the ids in `removed` gone; costs a copy and the size of the change."""
        rules, by_anchor = dict(self.rules), dict(self.by_anchor)
        arriving = {compiled.rule.id: compiled for compiled in new}
        leaving: defaultdict[str, set[str]] = defaultdict(set)
        for rule_id in {*removed, *arriving} & rules.keys():
            for anchor in rules.pop(rule_id).anchors:
                leaving[anchor].add(rule_id)
        for anchor, ids in leaving.items():
            if left := tuple(each for each in by_anchor.get(anchor, ()) if each not in ids):
                by_anchor[anchor] = left
            else:
                by_anchor.pop(anchor, None)
        coming: defaultdict[str, list[str]] = defaultdict(list)
        for rule_id, compiled in arriving.items():
            rules[rule_id] = compiled
            if compiled.rule.status in ("live", "shadow"):
                for anchor in compiled.anchors:
                    coming[anchor].append(rule_id)
        for anchor, added in coming.items():
            by_anchor[anchor] = (*by_anchor.get(anchor, ()), *added)
        return RuleSet(rules, by_anchor, version, self.routing if routing is None else routing)

"""A folder of files to compiled rules, term sets and routing, with every problem of every file at once."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from pipeline.enriching import Recogniser
from pipeline.errors import LagebildError, Problem
from pipeline.located import Located, nearest, read_text
from pipeline.routing import declare as routing_declare
from pipeline.routing.declare import Part
from pipeline.routing.model import Routing
from pipeline.rules import built_in, reading_files
from pipeline.rules.between import rules_that_fit, unique
from pipeline.rules.check import failing_tests
from pipeline.rules.compile import CannotMatch, compile_rule
from pipeline.rules.compiled import CompiledRule, Tree
from pipeline.rules.declare import declare, declare_terms
from pipeline.rules.declare_notify import grouping, notify_of
from pipeline.rules.entities import asked_for
from pipeline.rules.model import Group, Rule, Sequence, TermSet
from pipeline.rules.reading import Block, Names
from pipeline.rules.reading_files import File, Stamp
from pipeline.rules.reading_sets import nearest_set
from pipeline.rules.secrets import literal_secrets
from pipeline.rules.set_use import SetDigests, used
from pipeline.rules.term_sets import shipped

_NEVER_THE_SAME = "named"
KINDS = ("rule", "term_set", *routing_declare.KINDS)
_SURELY_A_RULE = re.compile(r"^kind: *rule *\r?$", re.MULTILINE)
_DETERMINISTIC = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True)
class Loaded:
    """The rules without faults, ordered by id, and everything that is wrong with the others.

    Whoever applies a folder keeps the old rules while there are `problems`. `sets` are the shipped term sets and the folder's. `files` remembers
    what was read, by name, for the next load, and `seen` what the folder looked like then, as far as its times can be relied on.
    """

    rules: tuple[CompiledRule, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    routing: Routing = field(default_factory=Routing)
    sets: Mapping[str, TermSet] = field(default_factory=dict)
    seen: Seen | None = field(default=None, compare=False)

    @property
    def own(self) -> Loaded:
        """The same without the rules that came with Lagebild."""
        files = {name: each for name, each in self.files.items() if not built_in.is_built_in(name)}
        ids = {each.rule.rule.id for each in files.values() if each.rule is not None}
        return replace(self, rules=tuple(each for each in self.rules if each.rule.id in ids), files=files)


@dataclass(frozen=True)
class Seen:
    """What a load depended on: the times of the folder's files, the receivers that rules could name, and the built-in rules that were wanted."""

    stamps: Mapping[str, Stamp]
    receivers: frozenset[str] | None
    built_in: frozenset[str] = frozenset()


def load_folder(
    folder: Path,
    before: Loaded | None = None,
    receivers: Collection[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    recogniser: Recogniser | None = None,
    built_in_rules: Collection[str] = (),
) -> Loaded:
    """What all `.yml` and `.yaml` files below `folder` say, hidden ones left out; `before` itself when nothing has changed since.

    Files whose bytes are those of `before` are not read again, and a rule is compiled again only when a term set it uses, or the defaults, changed.
    Without `receivers`, the names of those of the configuration, nobody checks them. `progress` is told how many files are done, of how many.
    `recogniser` says who is named in the tests of rules that ask for entities; if None, the packaged one. `built_in_rules` are added unless the
    folder has files of their names. Never raises for what a folder may hold.
    """
    if not folder.is_dir():
        return Loaded(problems=(Problem(str(folder), 1, 1, "there is no such folder of rules: create it, or name another"),))
    looked_at_ns = time.time_ns()
    seen = Seen(reading_files.look(folder), None if receivers is None else frozenset(receivers), frozenset(built_in_rules))
    if before is not None and before.seen == seen:
        return before
    loaded = _loaded(folder, before.files if before else {}, seen, receivers, progress, recogniser)
    return replace(loaded, seen=seen if reading_files.settled(seen.stamps, looked_at_ns) else None)


def _loaded(
    folder: Path,
    remembered: Mapping[str, File],
    seen: Seen,
    receivers: Collection[str] | None,
    progress: Callable[[int, int], None] | None,
    recogniser: Recogniser | None,
) -> Loaded:
    problems: list[Problem] = []
    names = reading_files.rule_files(seen.stamps)
    if len(names) > reading_files.MAX_FILES:
        problems.append(Problem(str(folder), 1, 1, f"there are more than {reading_files.MAX_FILES} rule files here: split the folder"))
        del names[reading_files.MAX_FILES :]
    read = (reading_files.read(folder, name, seen.stamps[name], remembered.get(name)) for name in names)
    files = {each.name: _without_rules(each, folder) for each in read}
    files |= built_in.shipped(seen.built_in, names, remembered)
    sets = _sets(files.values(), problems)
    parts = {name: each.part for name, each in files.items() if each.part is not None}
    compiling = _Compiling(sets, _rule_defaults(parts), recogniser)
    for number, (name, each) in enumerate(list(files.items()), start=1):
        files[name] = compiling.file(each)
        if progress and (number % 100 == 0 or number == len(files)):
            progress(number, len(files))
    routing, between = routing_declare.joined(parts, receivers)
    problems += [*between, *(problem for each in files.values() for problem in each.problems)]
    rules = unique(files.values(), problems)
    rules = rules_that_fit(rules, files, routing, receivers, folder, problems)
    return Loaded(tuple(rules[rule_id] for rule_id in sorted(rules)), tuple(sorted(set(problems))), files, routing, sets)


def load_text(
    text: str, name: str, sets: Mapping[str, TermSet] | None = None, recogniser: Recogniser | None = None
) -> tuple[CompiledRule | None, list[Problem]]:
    """The rule that a file called `name` with this text declares, tests passed, or None with all its problems. `sets`: the shipped ones, if None."""
    read = _Compiling(shipped() if sets is None else sets, {}, recogniser).rule(File(name, "", text))
    return read.rule, list(read.problems)


def _without_rules(file: File, folder: Path) -> File:
    """The file with what it says unless it is a rule: those wait until the term sets and defaults are known."""
    if file.problems or file.rule or file.terms or _SURELY_A_RULE.search(file.text):
        return file
    if file.part is not None and ".ics" not in file.text:  # a calendar may have changed while the file that names it has not
        return file
    source = read_text(file.text, file.name)
    kind = source.data.get("kind") if isinstance(source.data, dict) else None
    if kind == "term_set":
        terms = declare_terms(source)
        _same_name(source, "the term set")
        return replace(file, terms=None if source.problems else terms, problems=tuple(source.problems))
    if kind in routing_declare.KINDS:
        return replace(file, part=_part(source, folder), problems=tuple(source.problems))
    if kind is not None and kind != "rule" and not source.problems:
        source.problems.append(
            source.problem(("kind",), f"`kind` is {str(kind)[:60]!r}; it must be one of {', '.join(KINDS)}.{nearest(str(kind), KINDS)}")
        )
        return replace(file, problems=tuple(source.problems))
    return file


def _part(source: Located, folder: Path) -> Part | None:
    found = routing_declare.part(source, folder)
    if source.data is not None:
        source.problems += literal_secrets(source)
    if found is not None and found.rule_defaults:
        top = Block(source, (), Names(tuple(source.data)))
        notify_of(top)
        grouping(top)
    return None if source.problems else found


def _sets(files: Iterable[File], problems: list[Problem]) -> dict[str, TermSet]:
    """The shipped sets and the folder's, which come first."""
    own: dict[str, File] = {}
    for each in files:
        if each.terms is not None and each.terms.id in own:
            problems.append(Problem(each.name, 1, 1, f"the set {each.terms.id!r} is already that of {own[each.terms.id].name}: rename one"))
        elif each.terms is not None:
            own[each.terms.id] = each
    return {**shipped(), **{name: each.terms for name, each in own.items() if each.terms is not None}}


def _rule_defaults(parts: Mapping[str, Part]) -> dict[str, dict[str, Any]]:
    """The blocks `notify` and `group` for rules that say nothing themselves."""
    merged: dict[str, dict[str, Any]] = {}
    for each in parts.values():
        for name, block in each.rule_defaults.items():
            if isinstance(block, dict):
                merged[name] = {**block, **merged.get(name, {})}
    return merged


class _Compiling:
    """Rule files to compiled rules, with the term sets and defaults of one folder."""

    def __init__(self, sets: Mapping[str, TermSet], defaults: Mapping[str, dict[str, Any]], recogniser: Recogniser | None) -> None:
        self._sets, self._defaults, self._recogniser = sets, defaults, recogniser
        self._digests = SetDigests(sets)
        self._defaults_digest = hashlib.sha256(json.dumps(defaults, sort_keys=True).encode()).hexdigest()[:16] if defaults else ""

    def file(self, file: File) -> File:
        """The file with its rule; as it is when it holds none, or when nothing changed since it was compiled."""
        if file.terms or file.part or (file.problems and not file.context):
            return file
        if file.context == self._context(file.uses):
            return file
        return self.rule(replace(file, rule=None, problems=()))

    def _context(self, uses: Iterable[str]) -> str:
        return f"compiled {self._defaults_digest} {self._digests.of(uses)}"

    def rule(self, file: File) -> File:
        """The file with its rule or its problems."""
        source = read_text(file.text, file.name)
        self._fill(source)
        rule = declare(source)
        _same_name(source, "the rule")
        uses = frozenset(used(rule.match)) if rule else frozenset()
        for name in sorted(uses - self._sets.keys()):
            source.problems.append(_at_word(source, name, f"there is no term set {name!r}.{nearest_set(name, self._sets)}"))
        compiled = self._compiled(rule, source) if rule and not source.problems else None
        # Who is named depends on lists, too, which may be mended by the next time.
        context = _NEVER_THE_SAME if source.problems and rule and rule.tests and asked_for(rule) else self._context(uses)
        return replace(file, rule=compiled, problems=tuple(source.problems), uses=uses, context=context)

    def _fill(self, source: Located) -> None:
        for name, block in self._defaults.items() if isinstance(source.data, dict) else ():
            own = source.data.get(name)
            if own is None or isinstance(own, dict):
                source.data[name] = {**block, **(own or {})}

    def _compiled(self, rule: Rule, source: Located) -> CompiledRule | None:
        try:
            compiled = self._followed(rule) if rule.match == Group() else compile_rule(rule, self._sets)
        except CannotMatch as error:
            word = re.match(r"'([^']+)'|/(.+)/ ", str(error))
            source.problems.append(_at_word(source, word[1] or word[2] if word else "", str(error)))
            return None
        places = [source.places[("tests", number)] for number in range(len(rule.tests))]
        try:
            source.problems += failing_tests(compiled, source.file, places, self._recogniser)
        except LagebildError as error:
            source.problems.append(source.problem(("tests",), f"nobody can say who is named in the tests of this rule: {error}"))
        return None if source.problems else compiled

    def _followed(self, rule: Rule) -> CompiledRule:
        """A sequence has no words of its own: it follows the matches of other rules."""
        if not isinstance(rule.trigger, Sequence):
            raise CannotMatch("the rule has no words to look for")
        version = hashlib.sha256(_DETERMINISTIC.encode(rule)).hexdigest()[:16]
        return CompiledRule(rule=rule, tree=Tree(), anchors=(), version=version)


def _at_word(source: Located, word: str, message: str) -> Problem:
    """A problem at the text below `match` that holds the word, else at `match` itself."""
    places = [
        path for path, (start, end, _) in source.written.items() if path[:1] == ("match",) and word and word in source.text[start:end]
    ]
    return source.problem(places[0] if places else ("match",), message)


def _same_name(source: Located, what: str) -> None:
    declared_id = source.data.get("id") if isinstance(source.data, dict) else None
    stem = Path(source.file).stem
    if isinstance(declared_id, str) and declared_id != stem:
        source.problems.append(
            source.problem(
                ("id",), f"the id is {declared_id[:70]!r} but the file is called {stem!r}: make them the same, for {what} is known by it"
            )
        )

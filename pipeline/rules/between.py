"""What one rule file cannot know: ids that stand twice, rules, templates, receivers and hours that a rule names and nobody has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from pipeline.errors import Problem
from pipeline.located import nearest, read_text
from pipeline.rendering.template import MAX_SOURCE_CHARACTERS
from pipeline.rendering.template import problem as template_problem
from pipeline.routing.cross_check import rule_objections
from pipeline.routing.model import Routing
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.model import Rule, Sequence
from pipeline.rules.reading_files import File

TEMPLATES = "templates"

_Path = tuple[str | int, ...]


def unique(files: Iterable[File], problems: list[Problem]) -> dict[str, CompiledRule]:
    """The rules by id; of several files with one id none is taken, because nobody can know which one is meant."""
    owners: dict[str, list[File]] = {}
    for file in files:
        if file.rule is not None:
            owners.setdefault(file.rule.rule.id, []).append(file)
    for rule_id, named in owners.items():
        for file in named[1:]:
            problems.append(Problem(file.name, 1, 1, f"the id {rule_id!r} is already that of {named[0].name}: rename one of the files"))
    return {rule_id: named[0].rule for rule_id, named in owners.items() if len(named) == 1 and named[0].rule is not None}


def rules_that_fit(
    rules: Mapping[str, CompiledRule],
    files: Mapping[str, File],
    routing: Routing,
    receivers: Collection[str] | None,
    folder: Path,
    problems: list[Problem],
) -> dict[str, CompiledRule]:
    """The rules whose references all lead somewhere; those of the others become problems, at their places."""
    broken = {each for file in files.values() if file.problems for each in _broken_ids(file)}
    templates = _Templates(folder / TEMPLATES)
    names = {file.rule.rule.id: file for file in files.values() if file.rule is not None}
    fitting = {}
    for rule_id, compiled in rules.items():
        rule = compiled.rule
        found = [*_sequence(rule, rules, broken), *templates.objections(rule)]
        found += [(("notify", *path), objection) for path, objection in rule_objections(rule.notify, routing, receivers)]
        if not found:
            fitting[rule_id] = compiled
            continue
        source = read_text(names[rule_id].text, names[rule_id].name)
        problems += [source.problem(path, objection) for path, objection in found]
    return fitting


def _broken_ids(file: File) -> tuple[str, ...]:
    return (Path(file.name).stem,)


def _sequence(rule: Rule, rules: Mapping[str, CompiledRule], broken: Collection[str]) -> Iterator[tuple[_Path, str]]:
    if not isinstance(rule.trigger, Sequence):
        return
    for number, name in enumerate(rule.trigger.rules):
        path = ("trigger", "sequence", "rules", number)
        if name not in rules and name not in broken:
            yield path, f"there is no rule {name!r} in this folder.{nearest(name, rules)}"
        elif name in rules and isinstance(rules[name].rule.trigger, Sequence):
            yield path, f"{name!r} is a sequence itself: name the rules that it follows"


class _Templates:
    """The templates beside the rules; each is looked at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[str, str] = {}

    def objections(self, rule: Rule) -> Iterator[tuple[_Path, str]]:
        name = rule.notify.template
        if not name:
            return
        if name not in self._seen:
            self._seen[name] = self._objection(name)
        if self._seen[name]:
            yield ("notify", "template"), self._seen[name]

    def _objection(self, name: str) -> str:
        path = self._folder / f"{name}.j2"
        try:
            with path.open(encoding="utf-8") as file:
                source = file.read(MAX_SOURCE_CHARACTERS + 1)
        except (OSError, UnicodeDecodeError) as error:
            known = nearest(name, [each.stem for each in self._folder.glob("*.j2")]) if self._folder.is_dir() else ""
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            return f"the template {TEMPLATES}/{path.name} cannot be read: {why}.{known}"
        objection = template_problem(source)
        return f"the template {TEMPLATES}/{path.name} cannot be used: {objection}" if objection else ""

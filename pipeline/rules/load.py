"""A folder of rule files to compiled rules, with every problem of every file at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import Problem
from pipeline.located import Located, read_text
from pipeline.rules.check import failing_tests
from pipeline.rules.compile import CannotMatch, compile_rule
from pipeline.rules.declare import declare
from pipeline.rules.model import CompiledRule

# The YAML reader manages about 100,000 bytes a second (measured 2026-11-20), so a hostile file costs seconds, not minutes.
MAX_FILE_BYTES = 200_000
MAX_FILES = 100_000
_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True)
class Loaded:
    """The rules without faults, ordered by id, and everything that is wrong with the others.

    Whoever applies a folder keeps the old rules while there are `problems`. `files` remembers what was read, by path, for the next load.
    """

    rules: tuple[CompiledRule, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: Mapping[str, tuple[str, CompiledRule]] = field(default_factory=dict)


def load_folder(folder: Path, before: Loaded | None = None) -> Loaded:
    """The rules in all `.yml` and `.yaml` files below `folder`, hidden ones left out.

    Files whose bytes are those of `before` are not read again. Never raises for what a folder may hold; a folder that is not there is a problem.
    """
    if not folder.is_dir():
        return Loaded(problems=(Problem(str(folder), 1, 1, "there is no such folder of rules: create it, or name another"),))
    remembered = before.files if before else {}
    files: dict[str, tuple[str, CompiledRule]] = {}
    problems: list[Problem] = []
    for number, path in enumerate(_rule_files(folder)):
        if number == MAX_FILES:
            problems.append(Problem(str(folder), 1, 1, f"there are more than {MAX_FILES} rule files here: split the folder"))
            break
        name = str(path.relative_to(folder))
        found = _load_file(path, name, remembered.get(name), problems)
        if found is not None:
            files[name] = found
    unique = _unique(files, problems)
    return Loaded(tuple(unique[rule_id] for rule_id in sorted(unique)), tuple(sorted(problems)), files)


def load_text(text: str, name: str) -> tuple[CompiledRule | None, list[Problem]]:
    """The rule that a file called `name` with this text declares, tests passed, or None with all its problems."""
    return _declared(read_text(text, name), Path(name).stem)


def _rule_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in _SUFFIXES and not hidden and path.is_file():
            yield path


def _load_file(
    path: Path, name: str, remembered: tuple[str, CompiledRule] | None, problems: list[Problem]
) -> tuple[str, CompiledRule] | None:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        text = data.decode("utf-8")
    except OSError as error:
        problems.append(Problem(name, 1, 1, f"the file cannot be read: {error.strerror}"))
        return None
    except UnicodeDecodeError as error:
        problems.append(Problem(name, 1, 1, f"the file is not UTF-8 (byte {error.start}): save it as UTF-8"))
        return None
    if len(data) > MAX_FILE_BYTES:
        problems.append(Problem(name, 1, 1, f"the file is larger than {MAX_FILE_BYTES:,} bytes: split the rule"))
        return None
    digest = hashlib.sha256(data).hexdigest()
    if remembered is not None and remembered[0] == digest:
        return remembered
    compiled, found = load_text(text, name)
    problems += found
    return (digest, compiled) if compiled is not None else None


def _declared(source: Located, stem: str) -> tuple[CompiledRule | None, list[Problem]]:
    rule = declare(source)
    declared_id = source.data.get("id") if isinstance(source.data, dict) else None
    if isinstance(declared_id, str) and declared_id != stem:
        source.problems.append(source.problem(("id",), f"the id is {declared_id!r} but the file is called {stem!r}: make them the same"))
    if rule is None:
        return None, source.problems
    try:
        compiled = compile_rule(rule)
    except CannotMatch as error:
        return None, [*source.problems, source.problem(("match",), str(error))]
    places = [source.places[("tests", number)] for number in range(len(rule.tests))]
    found = [*source.problems, *failing_tests(compiled, source.file, places)]
    return (None if found else compiled), found


def _unique(files: Mapping[str, tuple[str, CompiledRule]], problems: list[Problem]) -> dict[str, CompiledRule]:
    """The rules by id; of several files with one id none is taken, because nobody can know which one is meant."""
    owners: dict[str, list[str]] = {}
    for name, (_, compiled) in files.items():
        owners.setdefault(compiled.rule.id, []).append(name)
    for rule_id, names in owners.items():
        for name in names[1:]:
            problems.append(Problem(name, 1, 1, f"the id {rule_id!r} is already that of {names[0]}: rename one of the files"))
    return {names_rule.rule.id: names_rule for _, names_rule in files.values() if len(owners[names_rule.rule.id]) == 1}

"""The team's own names: YAML and CSV files of one folder, read again when they change.

    name,aliases,type,id,languages,notes
    Kim Ju Ae,Kim Chu-ae|Kim Ju-ae,person,kim-ju-ae,,daughter

The header line is needed, its order is free, `name` alone is enough; semicolons or tabs may part the cells instead of commas. Aliases are parted by |
and nothing else. In YAML each item of a list has the same keys, `aliases` and `languages` are lists.
YAML is limited to 1,000,000 bytes; for long lists use CSV.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, get_args

from pipeline import located
from pipeline.enrichers._function_words import FUNCTION_WORDS
from pipeline.enrichers._gazetteer import LANGUAGES, EntityType, Gazetteer, Sense, Subject, key, language_bit
from pipeline.enrichers._watch_list_rows import rows_of
from pipeline.errors import Problem
from pipeline.rules.signs import SIGNS

TYPES = get_args(EntityType)
MAX_NAME_CHARACTERS = 200
MAX_NAME_WORDS = 20
MAX_NAMES = 1_000_000
_LONGEST_ABBREVIATION = 4
_SUFFIXES = frozenset({".csv", ".yaml", ".yml"})
_ID = re.compile(r"[\w.:-]{1,100}")

Named = tuple[str, Sense]


@dataclass
class WatchLists:
    """The lists of a folder. A broken file keeps the names it had before."""

    folder: Path
    gazetteer: Gazetteer = field(default_factory=lambda: Gazetteer(()))
    _names: dict[Path, list[Named]] = field(default_factory=dict)
    _problems: dict[Path, tuple[Problem, ...]] = field(default_factory=dict)
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def reload(self) -> tuple[Problem, ...]:
        """All problems of the files as they are now; () when all are in use. Reads only files that changed, so it may be called often."""
        if not self.folder.is_dir():
            return (
                Problem(
                    str(self.folder), 1, 1, "the folder of the watch lists does not exist: create it, or remove the option watch_lists"
                ),
            )
        stamps = {path: (status.st_mtime_ns, status.st_size) for path in self.files() for status in (path.stat(),)}
        if not stamps and (others := self._visible()):
            message = (
                f"no file of the folder is a list (*.csv, *.yaml): rename {others[0].name}, and begin it with a line that names the columns"
            )
            return (Problem(str(self.folder), 1, 1, message),)
        changed = [path for path, stamp in stamps.items() if self._seen.get(path) != stamp]
        gone = [path for path in self._seen if path not in stamps]
        for path in gone:
            self._names.pop(path, None)
            self._problems.pop(path, None)
        self._seen = stamps
        swapped = [path for path in changed if self._take(path)]
        if swapped or gone:
            self.gazetteer = Gazetteer(name for path in sorted(self._names) for name in self._names[path])
        return tuple(sorted(problem for problems in self._problems.values() for problem in problems))

    def files(self) -> list[Path]:
        """The lists of the folder, in order; [] when there is no such folder."""
        return [path for path in self._visible() if path.suffix in _SUFFIXES]

    def passed_over(self) -> list[Path]:
        """What stands in the folder beside the lists and is not read, in order."""
        return [path for path in self._visible() if path.suffix not in _SUFFIXES]

    def _visible(self) -> list[Path]:
        return [path for path in sorted(self.folder.iterdir()) if not path.name.startswith(".")] if self.folder.is_dir() else []

    def _take(self, path: Path) -> bool:
        """Whether the file could be read; its names then replace those it had."""
        names, problems = read(path)
        self._problems[path] = tuple(problems)
        if not problems:
            self._names[path] = names
        return not problems


def read(path: Path) -> tuple[list[Named], list[Problem]]:
    """The names of one file, and everything that is wrong with it. Never raises for bad content."""
    rows, problems = rows_of(path)
    names: list[Named] = []
    ids: dict[str, int] = {}
    for row, place in rows:
        subject, found = _subject(row, path.stem)
        line, column = place("name")
        if subject is not None and (first := ids.setdefault(subject.id, line)) != line:
            found.append(
                ("id", f"the id {subject.id.removeprefix(f'list:{path.stem}:')!r} stands in line {first} already: give this name its own")
            )
        for at, message in found:
            problems.append(Problem(str(path), place(at)[0], place(at)[1], message))
        if subject is None or found:
            continue
        names += _names(row, subject)
        if len(names) > MAX_NAMES:
            problems.append(Problem(str(path), line, column, f"more than {MAX_NAMES:,} names: split the file or shorten it"))
            break
    return names, problems


Finding = tuple[str, str]


def _subject(row: dict[str, Any], list_name: str) -> tuple[Subject | None, list[Finding]]:
    """What the row names, and what is wrong with it, each with its column."""
    problems = [("name" if at == "name" else "aliases", message) for at, each in _spellings(row) if (message := _name_problem(each))]
    for column in ("aliases", "languages"):
        if not isinstance(row.get(column) or [], list):
            problems.append((column, f"{column} is a list: write [one, two]"))
    kind = row.get("type") or "other"
    if kind not in TYPES:
        problems.append(("type", f"unknown type {kind!r}.{located.nearest(str(kind), TYPES)} Known are: {', '.join(TYPES)}"))
    languages = row.get("languages") or []
    for language in languages if isinstance(languages, list) else ():
        if language not in LANGUAGES:
            problems.append(("languages", f"unknown language {language!r}: use two-letter codes such as de or en"))
    identity = str(row.get("id") or "-".join(key(str(row.get("name") or ""))))
    if not problems and not _ID.fullmatch(identity):
        problems.append(("id", f"the id {identity!r} may hold letters, digits and . : _ - only, at most 100"))
    if problems:
        return None, problems
    name = str(row["name"])
    families = (name.split()[-1],) if kind == "person" and " " in name else ()
    return Subject(f"list:{list_name}:{identity}", cast(EntityType, kind), name, f"list:{list_name}", families=families), []


def _spellings(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "name", row.get("name") or ""
    aliases = row.get("aliases") or []
    if isinstance(aliases, list):
        for alias in aliases:
            yield "aliases", alias


def _name_problem(name: Any) -> str:
    if not isinstance(name, str):
        return f"a name is text: put {name!r} in quotation marks"
    if len(name) > MAX_NAME_CHARACTERS or len(name.split()) > MAX_NAME_WORDS:
        return f"longer than {MAX_NAME_CHARACTERS} characters or {MAX_NAME_WORDS} words"
    if not (forms := key(name)):
        return "a name needs at least one letter or digit"
    if forms[0] in FUNCTION_WORDS and len(forms) == 1 and not (len(name) > 1 and name.isupper()):
        return f"{name!r} is a word that stands in most texts: write the whole name, or in capitals if it is an abbreviation"
    if ";" in name:
        return "a semicolon does not part names: put | between them (in YAML: one item for each)"
    return ""


def _names(row: dict[str, Any], subject: Subject) -> Iterator[Named]:
    languages = 0
    for language in row.get("languages") or []:
        languages |= language_bit(language)
    for _, name in _spellings(row):
        letters = name.rstrip("".join(SIGNS))
        abbreviation = letters if len(letters) <= _LONGEST_ABBREVIATION and letters.isupper() else ""
        yield name, Sense(subject, languages, exact=abbreviation)

"""What is no fault of a rule and yet keeps it from matching: entities that no list knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pipeline.enriching import Recogniser
from pipeline.errors import Problem
from pipeline.located import nearest, read_text
from pipeline.rules.entities import asked_for
from pipeline.rules.reading_files import File

# Types, and names that the model finds without a list.
_OPEN = ("type", "name")
# Their ids are codes and numbers, of which the nearest one says nothing.
_CODES = ("iso", "geo")
_MOST_SUGGESTED = 3


def strangers(files: Mapping[str, File], recogniser: Recogniser) -> list[Problem]:
    """Warnings about entities of a folder's rules that no list has, at their places, each with what may be meant."""
    asked = [(file, name) for file in files.values() if file.rule is not None for name in asked_for(file.rule.rule)]
    asked = [(file, name) for file, name in asked if name.partition(":")[0] not in _OPEN]
    if not asked:
        return []
    known = recogniser.known()
    found = []
    for file, name in asked:
        if name not in known:
            source = read_text(file.text, file.name)
            places = [path for path, (start, end, _) in source.written.items() if path[:1] == ("match",) and name in source.text[start:end]]
            message = f"no list knows an entity {name!r}, and so no article names it.{_meant(name, known, recogniser)}"
            found.append(source.problem(places[-1] if places else ("match",), message))
    return sorted(set(found))


def _meant(name: str, known: Mapping[str, str], recogniser: Recogniser) -> str:
    """What is called so, else the nearest id of its kind."""
    kind, _, rest = name.partition(":")
    called = recogniser.called(re.sub(r"[-_:]+", " ", rest))
    if called:
        return f" Did you mean {_listed(called)}?"
    kinds = sorted({each.partition(":")[0] for each in known})
    if kind not in kinds:
        return f" Ids begin with {', '.join(f'{each}:' for each in kinds)}; `lagebild entities try TEXT` shows those of a text"
    if kind in _CODES:
        example = next(each for each in known if each.startswith(f"{kind}:"))
        return f" Such ids are like {example} ({known[example]}); `lagebild entities try NAME` shows that of a name"
    return nearest(name, [each for each in known if each.startswith(f"{kind}:")])


def _listed(called: Mapping[str, str]) -> str:
    shown: Iterable[str] = list(called)[:_MOST_SUGGESTED]
    return " or ".join(f"{each!r} ({called[each]})" for each in shown)

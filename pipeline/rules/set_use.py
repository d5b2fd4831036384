"""Which term sets a rule uses, and when one of them has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from pipeline.rules.model import Clause, Group, Near, SetOf, TermSet, Within

_DETERMINISTIC = msgspec.json.Encoder(order="deterministic")


def used(clause: Clause) -> Iterator[str]:
    """The names of the sets that the clause names itself."""
    match clause:
        case SetOf(name):
            yield name
        case Within(_, inner):
            yield from used(inner)
        case Near(near):
            for each in near:
                yield from used(each)
        case Group(any, all, none):
            for each in (*any, *all, *none):
                yield from used(each)


class SetDigests:
    """A hash for any choice of sets, that of the sets they name included. Hashes are made once each."""

    def __init__(self, sets: Mapping[str, TermSet]) -> None:
        self._sets = sets
        self._own: dict[str, bytes] = {}

    def of(self, names: Iterable[str]) -> str:
        """The hash; it changes when one of the sets does, comes or goes."""
        reached: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                held = self._sets.get(name)
                waiting += [each for clauses in held.terms.values() for clause in clauses for each in used(clause)] if held else []
        return hashlib.sha256(b"".join(self._digest(name) for name in sorted(reached))).hexdigest() if reached else ""

    def _digest(self, name: str) -> bytes:
        if name not in self._own:
            held = self._sets.get(name)
            self._own[name] = hashlib.sha256(name.encode() + (_DETERMINISTIC.encode(held) if held else b"")).digest()
        return self._own[name]

"""One form for clauses that say the same: groups in groups are flattened, a group of one is that one.

Rules written as a query and rules written as lists end here, so that both compile alike and one can be turned into the other.
"""

from __future__ import annotations

from pipeline.rules.model import Clause, Group, Near, Phrase, Regex, Term, Within


def canonical(clause: Clause) -> Clause:
    """The clause in its one form; the form of a form is itself."""
    match clause:
        case Group():
            return _group(clause)
        case Within(fields, inner):
            return Within(fields, canonical(inner))
        case Near(near, within, order, scope):
            return Near(tuple(canonical(each) for each in near), within, order, scope)
        case Term(term) if clause == Term(term) and len(term.split()) > 1:
            return Phrase(term)
        case Regex(regex):
            return Regex(_slashes_bare(regex))
        case _:
            return clause


def canonical_group(group: Clause) -> Group:
    """The same as a group, as a rule's `match` must be."""
    found = canonical(group)
    return found if isinstance(found, Group) else Group(any=(found,))


def joined_by_or(parts: tuple[Clause, ...]) -> Clause:
    """One of `parts`, each in its one form."""
    flat: list[Clause] = []
    for each in parts:
        flat += each.any if isinstance(each, Group) and not each.all and not each.none else (each,)
    return flat[0] if len(flat) == 1 else Group(any=tuple(flat))


def joined_by_and(parts: tuple[Clause, ...], refused: tuple[Clause, ...] = ()) -> Clause:
    """All of `parts` and none of `refused`, each in its one form."""
    demanded: list[Clause] = []
    nots: list[Clause] = []
    for each in parts:
        if isinstance(each, Group) and (each.all or each.none):
            demanded += [*each.all, *([Group(any=each.any)] if each.any else [])]
            nots += each.none
        else:
            demanded.append(each)
    for each in refused:
        nots += each.any if isinstance(each, Group) and not each.all and not each.none else (each,)
    if len(demanded) == 1 and not nots:
        return demanded[0]
    choices = [each for each in demanded if isinstance(each, Group) and each.any and not each.all and not each.none]
    alternatives = choices[0].any if len(choices) == 1 else ()
    return Group(any=alternatives, all=tuple(each for each in demanded if not (alternatives and each is choices[0])), none=tuple(nots))


def _group(group: Group) -> Clause:
    parts = [canonical(each) for each in group.all]
    if group.any:
        parts.append(joined_by_or(tuple(canonical(each) for each in group.any)))
    return joined_by_and(tuple(parts), tuple(canonical(each) for each in group.none))


def _slashes_bare(regex: str) -> str:
    found, at = [], 0
    while at < len(regex):
        pair = regex[at : at + 2]
        if pair == "\\/":
            found.append("/")
        elif pair[0] == "\\":
            found.append(pair)
        else:
            found.append(pair[0])
        at += 2 if pair[0] == "\\" else 1
    return "".join(found)

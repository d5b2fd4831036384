"""The names of term sets, for somebody who has written one that there is not."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.located import nearest
from pipeline.rules.model import Term, TermSet


def nearest_set(name: str, sets: Mapping[str, TermSet]) -> str:
    """What to append to a message about an unknown set: the one whose id or one of whose terms comes near, and the names of all."""
    known = {
        each.term.lower(): set_id
        for set_id, held in sets.items()
        for terms in held.terms.values()
        for each in terms
        if isinstance(each, Term)
    }
    close = nearest(name, sets)
    if not close and (word := nearest(name.lower().replace("-", " "), known)):
        close = f" Did you mean {known[word.split(chr(39))[1]]!r}?" if word.count("'") == 2 else ""
    return f"{close} The sets are {', '.join(sorted(sets)[:_MOST_LISTED])}{' …' if len(sets) > _MOST_LISTED else ''}."


_MOST_LISTED = 60

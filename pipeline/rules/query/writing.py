"""Clauses as a query string: `parse` reads them back as they were, in their one form."""

from __future__ import annotations

from pipeline.lexicon.derivations import begins_compounds
from pipeline.rules.canonical import canonical
from pipeline.rules.model import Clause, Constituents, Filter, Group, Near, Phrase, Regex, SetOf, Term, Wildcard, Within
from pipeline.rules.query.fields import WRITTEN
from pipeline.rules.query.tokens import CLOSERS, LEADING, OPERATORS

_OPS = {"is": "", "gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}


class NotExpressible(ValueError):
    """A clause that the query language has no words for; the message names it."""


def written(clause: Clause) -> str:
    """The query. Raises NotExpressible for options that only the rule file's lists have."""
    return _top(canonical(clause))


def _top(clause: Clause) -> str:
    """Without brackets around the whole."""
    if not isinstance(clause, Group):
        return _one(clause)
    if not clause.all and not clause.none:
        return " OR ".join(_one(each) for each in clause.any)
    parts = [_one(each) for each in clause.all]
    if clause.any:
        parts.append(_one(Group(any=clause.any)) if len(clause.any) > 1 else _one(clause.any[0]))
    parts += [f"NOT {_one(each)}" for each in clause.none]
    return " AND ".join(parts)


def _one(clause: Clause) -> str:
    """As one operand."""
    match clause:
        case Group():
            return f"({_top(clause)})"
        case Term():
            return _term(clause)
        case Phrase(phrase, slop, inflect):
            if not inflect:
                raise NotExpressible(f"{phrase!r} with inflect: false")
            return _quoted(phrase) + (f"~{slop}" if slop else "")
        case Near():
            return _near(clause)
        case Within(fields, inner):
            body = _one(inner)
            return f"{','.join(fields)}:{body if isinstance(inner, Group | Term | Phrase | Wildcard | Regex) else f'({body})'}"
    return _leaf(clause)


def _leaf(clause: Clause) -> str:
    match clause:
        case Wildcard(wildcard):
            return _bare(wildcard, keep="*?")
        case Regex(regex):
            return f"/{_slashed(regex)}/"
        case SetOf(name):
            return f"set:{name}"
        case Filter():
            return _filter(clause)
        case Constituents(keyword):
            raise NotExpressible(f"constituents of {keyword!r}")
    raise TypeError(f"{type(clause).__name__} is no clause that stands alone")


def _term(term: Term) -> str:
    if not term.inflect or term.head is not None or term.derive or (term.exact and term.modifier):
        raise NotExpressible(f"{term.term!r} with inflect, compound or derive")
    if term.exact:
        return "=" + _quoted(term.term)
    if len(term.term.split()) > 1:
        raise NotExpressible(f"{term.term!r} with compound: [modifier]")
    if term.modifier and not begins_compounds(term.term):
        raise NotExpressible(f"{term.term!r} with compound: [modifier], for + is a sign of the name there")
    return _bare(term.term) + ("+" if term.modifier else "")


def _near(near: Near) -> str:
    if near.scope != "sentence":
        raise NotExpressible("near within a paragraph")
    operator = f" {'ONEAR' if near.order == 'given' else 'NEAR'}/{near.within} "
    return f"({operator.join(_one(each) for each in near.near)})"


def _filter(clause: Filter) -> str:
    name, values = WRITTEN[clause.place], [_value(each) for each in clause.values]
    if len(values) > 1:
        return f"{name}:({' OR '.join(values)})"
    return f"{name}:{_OPS[clause.op]}{values[0]}"


def _value(value: str) -> str:
    return value if value and all(letter.isalnum() or letter in "._-:/@" for letter in value) else _quoted(value)


def _quoted(text: str) -> str:
    protected = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{protected}"'


def _bare(word: str, keep: str = "") -> str:
    """The word with whatever would mean something else protected."""
    marked = [
        "\\" + letter if letter in "()\\:~+" or letter in CLOSERS or letter in "*?" and letter not in keep else letter for letter in word
    ]
    found = "".join(marked)
    upper = found.upper()
    if found[:1] in LEADING - set(keep) or upper in OPERATORS or upper.startswith(("NEAR", "ONEAR", "SAME", "PARA", "ATLEAST")):
        return "\\" + found
    return found


def _slashed(regex: str) -> str:
    found, at = [], 0
    while at < len(regex):
        wide = 2 if regex[at] == "\\" else 1
        found.append("\\/" if regex[at] == "/" else regex[at : at + wide])
        at += wide
    return "".join(found)

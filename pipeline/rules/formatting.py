"""A rule file with its words written the other way: as one query, or as lists of clauses.

The rest of the file stays, comments included, but for those between the clauses and right after the last one.
"""

from __future__ import annotations

import io
from typing import Any, Literal

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from pipeline.errors import BadConfiguration, LagebildError
from pipeline.located import read_text
from pipeline.rules.canonical import canonical_group
from pipeline.rules.clauses import BOOLEAN
from pipeline.rules.declare import declare
from pipeline.rules.model import Clause, Constituents, Filter, Group, Near, Phrase, Regex, Rule, SetOf, Term, Wildcard, Within
from pipeline.rules.query.writing import NotExpressible, written

Form = Literal["query", "clauses"]
_LINE_CHARACTERS = 110


class CannotFormat(LagebildError):
    """A rule that cannot be written in the form asked for; the message names the clause."""


def formatted(text: str, name: str, to: Form) -> str:
    """The file in the form `to`. Raises BadConfiguration for a file with problems, CannotFormat for clauses that a query cannot say."""
    rule = _declared(text, name)
    yaml = YAML(typ="rt", pure=True)
    yaml.width, yaml.preserve_quotes = 140, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    data = yaml.load(text)
    match = data["match"]
    for each in ("query", *BOOLEAN):
        match.pop(each, None)
    match.fa.set_block_style()
    try:
        match.update({"query": _query(rule.match)} if to == "query" else lists(rule.match))
    except NotExpressible as error:
        raise CannotFormat(f"{name}: a query cannot say {error}; only the lists of a rule file can") from None
    out = io.StringIO()
    yaml.dump(data, out)
    found = out.getvalue()
    if canonical_group(_declared(found, name).match) != canonical_group(rule.match):
        raise CannotFormat(f"{name}: the rule would mean something else afterwards; leave it as it is, and report this")
    return found


def _declared(text: str, name: str) -> Rule:
    source = read_text(text, name)
    rule = declare(source)
    if rule is None:
        raise BadConfiguration(source.problems)
    return rule


def _query(group: Group) -> str:
    query = written(group)
    wrapped: str = LiteralScalarString(query) if len(query) > _LINE_CHARACTERS else DoubleQuotedScalarString(query)
    return wrapped


def lists(group: Clause) -> dict[str, Any]:
    """The group as a rule file writes it: `any`, `all` and `none` with their clauses."""
    return _group(canonical_group(group))


def _group(group: Group) -> dict[str, Any]:
    parts = {name: getattr(group, name) for name in BOOLEAN}
    return {name: [_clause(each) for each in found] for name, found in parts.items() if found}


def _clause(clause: Clause) -> Any:
    match clause:
        case Group():
            return _group(clause)
        case Within(fields, inner):
            return {"fields": list(fields), **lists(inner)}
        case Term():
            return _term(clause)
        case Near(near, within, order, scope):
            return {"near": [_clause(each) for each in near], **_changed(clause, within=within, order=order, scope=scope)}
        case Filter():
            return _filter(clause)
        case Phrase(phrase, slop, inflect):
            return {"phrase": phrase, **_changed(clause, slop=slop, inflect=inflect)}
        case Constituents(constituents, within):
            return {"constituents": constituents, "within": within}
        case Wildcard() | Regex() | SetOf():
            return {name: value for name, value in msgspec.to_builtins(clause).items() if name != "type"}


def _changed(clause: Clause, **options: Any) -> dict[str, Any]:
    """The options that are not their defaults."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(clause)}
    return {name: value for name, value in options.items() if value != defaults[name]}


def _term(term: Term) -> Any:
    if term == Term(term.term):
        return term.term
    found: dict[str, Any] = {"term": term.term, **_changed(term, exact=term.exact, inflect=term.inflect)}
    if term.head is not None or term.modifier:
        found["compound"] = [*({None: ["auto"], True: ["head"], False: []}[term.head]), *(["modifier"] if term.modifier else [])]
    if term.derive:
        found["derive"] = list(term.derive)
    return found


def _filter(clause: Filter) -> dict[str, Any]:
    if clause.place not in ("story_size", "tier"):
        return {clause.place: clause.values[0] if len(clause.values) == 1 else list(clause.values)}
    numbers = [int(each) for each in clause.values]
    if clause.op != "is":
        return {clause.place: {clause.op: numbers[0]}}
    return {clause.place: numbers[0] if len(numbers) == 1 else numbers}

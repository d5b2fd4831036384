"""A rule file with something added or taken back, its comments kept: a test that it must pass, and what makes it stricter.

Each function takes the text of a file and gives the new text. It raises CannotAmend for a file that is no rule, or where the change has no place.
Nothing is checked beyond that: whoever saves the text loads it first, with its tests.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from pipeline.errors import LagebildError
from pipeline.located import MAX_BYTES, read_text

_LONGEST_TEST = 2_000


class CannotAmend(LagebildError):
    """The file cannot be changed in this way; the message says why, and what to do."""


def with_test(text: str, sentence: str, lang: str = "", *, match: bool = False) -> str:
    """The file with one more test, that `sentence` must (not) match. One that is there already is not added again."""

    def change(rule: CommentedMap) -> None:
        tests = rule.get("tests")
        if not isinstance(tests, list):
            tests = rule["tests"] = CommentedSeq()
        if any(isinstance(each, dict) and each.get("text") == sentence and each.get("match") is match for each in tests):
            return
        test = CommentedMap({"text": _quoted(sentence[:_LONGEST_TEST]), "match": match})
        if lang:
            test["lang"] = lang
        test.fa.set_flow_style()
        if not tests and isinstance(tests, CommentedSeq):
            tests.fa.set_block_style()
        tests.append(test)

    return _changed(text, change)


def with_exclusion(text: str, words: str) -> str:
    """The file with a rule that no article with `words` matches: a phrase as it is written, or one word in all its forms."""

    def change(rule: CommentedMap) -> None:
        match = _match(rule)
        query = match.get("query")
        if isinstance(query, str):
            refused = json.dumps(words, ensure_ascii=False)
            longer = f"({query.strip()}) AND NOT {refused}"
            match["query"] = LiteralScalarString(longer) if "\n" in longer else _quoted(longer)
            return
        phrase = {"phrase": _quoted(words), "inflect": False}
        # Its inflected forms too, but no compound that ends in it: that may be another thing.
        clause = CommentedMap(phrase if " " in words else {"term": _quoted(words), "compound": _flow([])})
        clause.fa.set_flow_style()
        _listed(match, "none").append(clause)

    return _changed(text, change)


def with_compounds(text: str, term: str, parts: tuple[str, ...]) -> str:
    """The file in which `term` is looked for with these compounds only ("head", "modifier"; () is none, the word by itself)."""

    def change(rule: CommentedMap) -> None:
        if not _restricted(_match(rule), term, parts):
            raise CannotAmend(f"the rule has no clause of its own for {term!r}: edit the file")

    return _changed(text, change)


def without(text: str, field: str, value: str) -> str:
    """The file with a rule that leaves out one `source` or `site`."""

    def change(rule: CommentedMap) -> None:
        match = _match(rule)
        where = match.get("where")
        if not isinstance(where, dict):
            where = match["where"] = CommentedMap()
        allowed = where.get(field)
        if isinstance(allowed, dict):
            _listed(allowed, "not").append(_quoted(value))
        elif allowed is None:
            where[field] = CommentedMap({"not": _flow([_quoted(value)])})
            where[field].fa.set_flow_style()
        else:
            kept = [each for each in (allowed if isinstance(allowed, list) else [allowed]) if str(each) != value]
            if not kept:
                raise CannotAmend(f"the rule is about the {field} {value!r} alone: without it, it would match nothing")
            where[field] = _flow(kept)

    return _changed(text, change)


def _changed(text: str, change: Callable[[CommentedMap], None]) -> str:
    if len(text.encode()) > MAX_BYTES:
        raise CannotAmend(f"the file is larger than {MAX_BYTES:,} bytes")
    if problems := read_text(text, "the rule").problems:
        raise CannotAmend(f"the file has a problem that must be mended first: {problems[0]}")
    yaml = YAML(typ="rt", pure=True)
    yaml.width, yaml.preserve_quotes, yaml.allow_unicode = 10_000, True, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        rule = yaml.load(text)
    except (YAMLError, RecursionError) as error:
        raise CannotAmend(f"the file cannot be read: {error}") from None
    if not isinstance(rule, CommentedMap):
        raise CannotAmend("the file holds no rule")
    change(rule)
    out = io.StringIO()
    yaml.dump(rule, out)
    return out.getvalue()


def _match(rule: CommentedMap) -> CommentedMap:
    match = rule.get("match")
    if not isinstance(match, CommentedMap):
        raise CannotAmend("the rule has no `match` that could be made stricter")
    return match


def _listed(block: Any, name: str) -> Any:
    """The list under `name`, made if there is none; a single value becomes a list of one."""
    found = block.get(name)
    if isinstance(found, list):
        return found
    block[name] = _flow([] if found is None else [found])
    return block[name]


def _restricted(clauses: Any, term: str, parts: tuple[str, ...]) -> bool:
    """Whether a clause for the term was found; it is changed in place."""
    if not isinstance(clauses, dict):
        return False
    done = False
    for name in ("any", "all"):
        listed: Any = clauses.get(name)
        if isinstance(listed, str) and listed.casefold() == term.casefold():
            clauses[name] = listed = _flow([listed])
        for number, each in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(each, str) and each.casefold() == term.casefold():
                clause = CommentedMap({"term": each, "compound": _flow(list(parts))})
                clause.fa.set_flow_style()
                listed[number] = clause
                done = True
            elif isinstance(each, dict) and str(each.get("term", "")).casefold() == term.casefold() and "exact" not in each:
                each["compound"] = _flow(list(parts))
                done = True
            else:
                done = _restricted(each, term, parts) or done
    return done


def _flow(values: list[Any]) -> CommentedSeq:
    found = CommentedSeq(values)
    found.fa.set_flow_style()
    return found


def _quoted(text: str) -> str:
    """The text as a value that YAML reads as this text, whatever it holds."""
    quoted: str = DoubleQuotedScalarString(text)
    return quoted

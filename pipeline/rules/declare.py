"""A rule file's data to a `Rule`, with all problems at once.

The format has more names than work at present: those are refused by name, so that nobody relies on what does nothing.
"""

from __future__ import annotations

from typing import Literal, get_args

from pipeline.located import Located
from pipeline.rules import clauses
from pipeline.rules.model import (
    QUIET_AFTER_SECONDS,
    REOPEN_WITHIN_SECONDS,
    Allowed,
    Notify,
    Rule,
    RuleTest,
    SearchedField,
    Severity,
    Status,
    Where,
)
from pipeline.rules.publish import MANIFEST
from pipeline.rules.reading import Block, Names

_ID = r"[a-z0-9-]{3,64}"
_LANGUAGE = r"[a-z]{2,3}(-[a-z]{2,4})?"
_STATUSES: tuple[Status, ...] = get_args(Status)
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_TRIGGERS = ("count", "distinct", "spike", "flatline", "first_seen", "sequence")

RULE = Names(
    str.split(
        "schema kind id title status severity owner tags description runbook references falsepositives match trigger group notify tests"
    ),
    later=("expect",),
    elsewhere={
        **dict.fromkeys(("any", "all", "none", "langs", "lang_strict", "fields", "where"), "match"),
        **dict.fromkeys(("quiet_after", "reopen_within", "by"), "group"),
        **dict.fromkeys(("route", "max_per_hour", "on_update"), "notify"),
    },
)
MATCH = Names(("langs", "lang_strict", "fields", *clauses.BOOLEAN, "where"), later=("query", "min_score"))
WHERE = Names(("source", "country", "language", "entities"), later=("source.tier", "source.country", "published"))
ALLOWED = Names(("not",))
ENTITIES = Names(("any",))
TRIGGER = Names(("type",), later=_TRIGGERS)
GROUP = Names(("by", "quiet_after", "reopen_within"))
NOTIFY = Names(("route", "max_per_hour", "on_update"), later=str.split("first updates repeat resolved digest late template include"))
TEST = Names(("text", "title", "lang", "match", "terms"))


def declare(source: Located) -> Rule | None:
    """The rule in the file, or None; everything that is wrong with it stands in `source.problems`."""
    if source.data is None or source.problems:
        if not source.problems:
            source.problems.append(source.problem((), "the file is empty: a rule needs at least schema, kind, id, title and match"))
        return None
    top = Block(source, (), RULE)
    _kind(top)
    match = top.block("match", MATCH)
    if "match" not in top:
        top.complain(None, "the rule needs `match`: the words to look for")
    quiet_after, reopen_within = _episodes(top)
    rule = Rule(
        id=_id(top),
        title=top.text("title", required=True),
        match=clauses.declared(match),
        status=top.choice("status", _STATUSES, "live"),
        severity=top.choice("severity", _SEVERITIES, "medium"),
        owner=top.text("owner"),
        tags=top.texts("tags"),
        description=top.text("description"),
        runbook=top.text("runbook"),
        references=top.texts("references"),
        falsepositives=top.texts("falsepositives"),
        langs=_languages(match),
        lang_strict=match.flag("lang_strict"),
        fields=_fields(match),
        where=_where(match),
        quiet_after_seconds=quiet_after,
        reopen_within_seconds=reopen_within,
        notify=_notify(top),
        tests=_tests(top),
    )
    return None if source.problems else rule


def _kind(top: Block) -> None:
    top.choice("schema", ("news-alerts/v1",), "news-alerts/v1")
    top.choice("kind", ("rule",), "rule", later=("routes", "receivers", "silences", "time_intervals", "term_sets", "defaults"))
    for name in ("schema", "kind"):
        if name not in top:
            top.complain(None, f"the rule needs `{name}`: {'news-alerts/v1' if name == 'schema' else 'rule'}")


def _id(top: Block) -> str:
    rule_id = top.text("id", required=True, pattern=_ID, say="3 to 64 small letters, digits and hyphens such as raketentest")
    if rule_id == MANIFEST:
        top.complain("id", f"{MANIFEST!r} cannot be the id of a rule: choose another")
    return rule_id


def _languages(match: Block) -> tuple[str, ...]:
    return match.each("langs", match.texts("langs", single=True), _LANGUAGE, "a language code such as de or zh-cn")


def _fields(match: Block) -> tuple[SearchedField, ...]:
    options: tuple[SearchedField, ...] = get_args(SearchedField)
    found = match.each("fields", match.texts("fields", single=True), "|".join(options), f"a field: use {', '.join(options)}")
    if "fields" in match and not found:
        match.complain("fields", f"`fields` is empty: leave it out, or name some of {', '.join(options)}")
    return tuple(option for option in options if option in found) or options


def _where(match: Block) -> Where:
    if "where" not in match:
        return Where()
    where = match.block("where", WHERE)
    countries = _allowed(where, "country", r"[A-Z]{2}", "a country code of two capitals such as KP")
    languages = _allowed(where, "language", _LANGUAGE, "a language code such as de")
    entities: tuple[str, ...] = ()
    if "entities" in where:
        block = where.block("entities", ENTITIES)
        entities = block.each("any", block.texts("any", single=True), r"[a-z]+:\S+", "the id of an entity such as iso:KP")
    return Where(source=_allowed(where, "source"), country=countries, language=languages, entities=entities)


def _allowed(
    where: Block, name: str, pattern: str = r"\S(.*\S)?", say: str = "a name without blanks around it such as tagesblatt"
) -> Allowed:
    """A value, a list of values, or `not:` with such."""
    if not isinstance(where.values.get(name), dict):
        return Allowed(only=where.each(name, where.texts(name, single=True), pattern, say))
    block = where.block(name, ALLOWED)
    return Allowed(never=block.each("not", block.texts("not", single=True), pattern, say))


def _episodes(top: Block) -> tuple[int, int]:
    """How long an episode waits before it closes, and how long it can be opened again, in seconds."""
    if "trigger" in top:
        top.block("trigger", TRIGGER).choice("type", ("each",), "each", later=_TRIGGERS)
    if "group" not in top:
        return QUIET_AFTER_SECONDS, REOPEN_WITHIN_SECONDS
    group = top.block("group", GROUP)
    if "by" in group and group.texts("by") != ("story",):
        group.complain("by", "`by` must be [story] at present: one episode for each rule and story")
    return group.seconds("quiet_after", QUIET_AFTER_SECONDS), group.seconds("reopen_within", REOPEN_WITHIN_SECONDS)


def _notify(top: Block) -> Notify:
    if "notify" not in top:
        return Notify()
    notify = top.block("notify", NOTIFY)
    options: tuple[Literal["ignore", "material", "always"], ...] = ("ignore", "material", "always")
    return Notify(
        route=notify.texts("route", single=True),
        max_per_hour=notify.number("max_per_hour", Notify().max_per_hour, 1, 10_000),
        on_update=notify.choice("on_update", options, "material"),
    )


def _tests(top: Block) -> tuple[RuleTest, ...]:
    return tuple(_test(top.block("tests", TEST, number)) for number in range(len(top.items("tests"))))


def _test(test: Block) -> RuleTest:
    return RuleTest(
        text=test.text("text", required=True),
        match=test.flag("match", required=True),
        title=test.text("title"),
        lang=test.text("lang", pattern=_LANGUAGE, say="a language code such as de"),
        terms=test.texts("terms", single=True),
    )

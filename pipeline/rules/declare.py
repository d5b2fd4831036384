"""A rule file's data to a `Rule`, with all problems at once; and a file of terms to a `TermSet`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

from pipeline.located import Located
from pipeline.routing.reading import Top
from pipeline.rules import clauses
from pipeline.rules.declare_notify import grouping, notify_of
from pipeline.rules.declare_trigger import trigger_of
from pipeline.rules.declare_where import entities_named, where_of
from pipeline.rules.faults import language_fault
from pipeline.rules.model import Expect, Group, Rule, RuleTest, Sequence, Severity, Status, TermSet, Trigger
from pipeline.rules.query.parse import parse
from pipeline.rules.query.tokens import QueryFault
from pipeline.rules.reading import Block, Names
from pipeline.rules.reserved import RESERVED
from pipeline.rules.secrets import literal_secrets
from pipeline.written import place_of

SCHEMA = "news-alerts/v1"
_ID = r"[a-z0-9-]{3,64}"
_STATUSES: tuple[Status, ...] = get_args(Status)
_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
MOST_TESTS = 500

RULE = Names(
    str.split(
        "schema kind id title status severity owner tags description runbook references falsepositives expires match trigger group notify tests expect"
    ),
    {
        **dict.fromkeys(("any", "all", "none", "query", "langs", "lang_strict", "fields", "where", "min_score"), "match"),
        **dict.fromkeys(("quiet_after", "reopen_within", "by"), "group"),
        **dict.fromkeys(("route", "max_per_hour", "on_update", "escalate", "digest", "updates", "repeat", "hours"), "notify"),
        **dict.fromkeys(("matches_per_day",), "expect"),
        **dict.fromkeys(("lang", "language", "languages"), "match.langs"),
        **dict.fromkeys(("words", "terms", "keywords"), "match.any"),
        **dict.fromkeys(("active", "active_hours"), "notify.hours"),
    },
    nullable=("expires", "expect"),
)
MATCH = Names((*clauses.BOOLEAN, "query", "langs", "lang_strict", "fields", "where", "min_score"), nullable=("query",))
TEST = Names(("text", "title", "lang", "match", "terms", "entities"))
EXPECT = Names(("matches_per_day",))
A_DAY = Names(("min", "max"))
TERM_SET = Names(str.split("schema kind id title description source terms"))


def declare(source: Located) -> Rule | None:
    """The rule in the file, or None; everything that is wrong with it stands in `source.problems`."""
    if source.data is None or source.problems:
        if not source.problems:
            source.problems.append(source.problem((), "the file is empty: a rule needs at least schema, kind, id, title and match"))
        return None
    top = Block(source, (), RULE)
    _kind(top, "rule")
    source.problems += literal_secrets(source)
    trigger = trigger_of(top)
    match = top.block("match", MATCH)
    by, quiet_after, reopen_within = grouping(top)
    rule = Rule(
        id=_id(top),
        title=top.text("title", required=True),
        match=_match(top, match, trigger),
        query=match.text("query"),
        status=top.choice("status", _STATUSES, "live"),
        severity=top.choice("severity", _SEVERITIES, "medium"),
        owner=top.text("owner"),
        tags=top.texts("tags"),
        description=top.text("description"),
        runbook=top.text("runbook"),
        references=top.texts("references"),
        falsepositives=top.texts("falsepositives"),
        expires_at=_expires(top),
        langs=_languages(match),
        lang_strict=match.flag("lang_strict"),
        fields=clauses.searched_fields(match),
        where=where_of(match),
        min_score=match.number("min_score", 0, 0, 1_000),
        trigger=trigger,
        group_by=by,
        quiet_after_seconds=quiet_after,
        reopen_within_seconds=reopen_within,
        notify=notify_of(top),
        tests=_tests(top),
        expect=_expect(top),
    )
    return None if source.problems else rule


def declare_terms(source: Located) -> TermSet | None:
    """The term set in the file, or None; everything that is wrong with it stands in `source.problems`."""
    top = Top(source, (), TERM_SET)
    _kind(top, "term_set")
    source.problems += literal_secrets(source)
    terms = {}
    if "terms" not in top:
        top.complain(None, "the term set needs `terms`: a list of terms for each language, such as {de: [Raketentest], en: [missile test]}")
    else:
        by_language = top.block("terms", Names(tuple(top.values["terms"]) if isinstance(top.values["terms"], dict) else ()))
        if not by_language.values and isinstance(top.values["terms"], dict):
            by_language.complain(None, "`terms` is empty: name a language, such as de: [Raketentest]")
        for language in by_language.values:
            if fault := language_fault(language):
                by_language.complain(language, fault, at_key=True)
            terms[language] = clauses.listed(by_language, language)
    found = TermSet(
        id=top.text("id", required=True, pattern=clauses.SET_NAME, say="small letters, digits and hyphens such as missile-test"),
        title=top.text("title", required=True),
        terms=terms,
        description=top.text("description"),
        source=top.text("source"),
    )
    return None if source.problems else found


def _kind(top: Block, kind: Literal["rule", "term_set"]) -> None:
    top.choice("schema", (SCHEMA,), SCHEMA)
    top.choice("kind", (kind,), kind)
    for name in ("schema", "kind"):
        if name not in top:
            top.complain(None, f"the {kind} needs `{name}`: {SCHEMA if name == 'schema' else kind}")


def _id(top: Block) -> str:
    rule_id = top.text("id", required=True, pattern=_ID, say="3 to 64 small letters, digits and hyphens such as raketentest")
    if rule_id in RESERVED:
        top.complain("id", f"{rule_id!r} cannot be the id of a rule: choose another")
    return rule_id


def _match(top: Block, match: Block, trigger: Trigger) -> Group:
    """The words. A sequence needs none: it follows the matches of other rules."""
    if "match" not in top:
        if not isinstance(trigger, Sequence):
            top.complain(None, "the rule needs `match`: the words to look for")
        return Group()
    listed = [name for name in clauses.BOOLEAN if name in match]
    if "query" not in match:
        if not listed and isinstance(top.values["match"], dict) and not isinstance(trigger, Sequence):
            empty = "query" in top.values["match"]
            hint = "; `query` is empty: put one that begins with # in quotes, for what follows it is a comment" if empty else ""
            match.complain(None, f"`match` needs `any`, `all` or `query`: the words to look for{hint}")
        return clauses.declared(match)
    if listed:
        match.complain("query", f"`query` stands instead of any, all and none: remove it, or `{listed[0]}`", at_key=True)
    query = match.values["query"]
    if not isinstance(query, str):
        return Group()
    try:
        return parse(query)
    except QueryFault as fault:
        place = place_of(match.source, (*match.path, "query"), fault.at)
        match.source.problems.append(match.source.problem_at(place, f"query: {fault}"))
        return Group()


def _languages(match: Block) -> tuple[str, ...]:
    found = match.texts("langs", single=True)
    for number, each in enumerate(found):
        if fault := language_fault(each):
            at: tuple[str | int, ...] = ("langs", number) if isinstance(match.values["langs"], list) else ("langs",)
            match.source.problems.append(match.source.problem((*match.path, *at), fault))
    if "langs" in match and match.values["langs"] in ([], ""):
        match.complain("langs", "`langs` is empty: name a language, or leave it out for all")
    if "lang_strict" in match and "langs" not in match:
        match.complain("lang_strict", "`lang_strict` has a meaning only with `langs`: remove it, or name the languages", at_key=True)
    return found


def _expires(top: Block) -> datetime | None:
    """An instant with its zone, or a date: then the end of that day, UTC."""
    if "expires" not in top:
        return None
    value = top.values["expires"]
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value if isinstance(value, str) else ""):
            return datetime.combine(date.fromisoformat(value) + timedelta(days=1), time(), UTC)
        found = datetime.fromisoformat(value if isinstance(value, str) else "")
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    top.complain(
        "expires",
        f"`expires` is {value!r}; it must be a date such as 2026-12-31, or an instant with its zone such as 2026-12-31T18:00:00+01:00",
    )
    return None


def _tests(top: Block) -> tuple[RuleTest, ...]:
    count = len(top.items("tests"))
    if count > MOST_TESTS:
        top.complain("tests", f"`tests` has {count} entries; at most {MOST_TESTS}")
        return ()
    return tuple(_test(top.block("tests", TEST, number)) for number in range(count))


def _test(test: Block) -> RuleTest:
    found = RuleTest(
        text=test.text("text", required=True),
        match=test.flag("match", required=True),
        title=test.text("title"),
        lang=test.text("lang"),
        terms=test.texts("terms", single=True),
        entities=entities_named(test, "entities") if "entities" in test else None,
    )
    if found.lang and (fault := language_fault(found.lang)):
        test.complain("lang", fault)
    if found.terms and not found.match and "match" in test:
        test.complain("terms", "`terms` has a meaning only with `match: true`: remove it")
    return found


def _expect(top: Block) -> Expect:
    if "expect" not in top:
        return Expect()
    expect = top.block("expect", EXPECT)
    if "matches_per_day" not in expect:
        expect.complain(None, "`expect` needs `matches_per_day`, such as {min: 0, max: 40}")
        return Expect()
    a_day = expect.block("matches_per_day", A_DAY)
    if not a_day.values and isinstance(expect.values["matches_per_day"], dict):
        a_day.complain(None, "`matches_per_day` needs min, max or both")
    least, most = a_day.decimal("min", -1, 0, 1e6), a_day.decimal("max", -1, 0, 1e6)
    if 0 <= most < least:
        a_day.complain("max", f"`max` is {most:g}, less than `min`, {least:g}")
    return Expect(least_a_day=least, most_a_day=most)

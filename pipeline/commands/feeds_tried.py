"""How `lagebild feeds test` tells what a source brought: tables for people, an object for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from pipeline.article import Article
from pipeline.commands.feeds_looking import Look
from pipeline.commands.terminal import counted, err, out, printable, table


def described(look: Look) -> dict[str, Any]:
    passed = {each.id: each for each in look.tried.articles}
    return {
        "about": dict(look.first.about),
        "articles": [_article(each, passed.get(each.id)) for each in look.first.articles],
        "unreadable": [{"subject": each.subject, "reason": each.reason, "detail": each.detail} for each in look.first.unreadable],
        "repeats": look.repeats,
        "left_out": look.first.left_out,
        "note": look.first.note,
        "wait_seconds": look.first.wait_seconds,
        "second_look": {
            "status": look.second.about.get("status"),
            "unchanged": look.second.unchanged,
            "next_part": look.first.more,
            "articles": len(look.second.articles),
            "again": look.again,
        },
    }


def _article(each: Article, passed: Article | None) -> dict[str, Any]:
    """What a connector delivered, and what the stages made of it (nothing for one that they dropped or rejected)."""
    found: dict[str, Any] = {
        "id": each.id,
        "title": each.title,
        "url": each.url,
        "published": each.dates.published_raw,
        "backfill": each.backfill,
        "marks": marks(each, datetime.now(UTC)),
    }
    if passed is None:
        return found | {"passed": False}
    return found | {
        "passed": True,
        "title": passed.title,
        "published_at": passed.dates.published_at,
        "date_confidence": passed.dates.confidence,
        "language": passed.language.code,
        "letters": len(passed.body),
        "rules": rules_of(passed),
    }


def rules_of(each: Article) -> list[str]:
    """The rules that it rings: none while the source withholds it, or once it is withdrawn."""
    waits = each.embargoed_at is not None and each.embargoed_at > datetime.now(UTC)
    return [] if waits or each.pubstatus != "usable" else [match.rule_id for match in each.matches]


def marks(each: Article, now: datetime) -> list[str]:
    """What the source says of an article beside its text: that it waits, is withdrawn or changed, and how urgent a warning is."""
    found = {"canceled": ["withdrawn"], "withheld": ["held until a later version"]}.get(each.pubstatus, [])
    if each.embargoed_at is not None:
        found = [
            *found,
            f"embargo {'until' if each.embargoed_at > now else 'over since'} {each.embargoed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        ]
    return [*found, *(flag.removeprefix("cap_").replace("_", " ") for flag in each.flags)]


def show(look: Look) -> None:
    rows: list[tuple[str, object]] = [
        (name.replace("_", " "), _listed(value)) for name, value in look.first.about.items() if value not in ("", [])
    ]
    rows += [
        ("repeats", look.repeats),
        ("left out", look.first.left_out),
        ("second look", _second(look)),
        (
            "languages",
            ", ".join(f"{code} {count}" for code, count in Counter(each.language.code for each in look.tried.articles).most_common()),
        ),
    ]
    if look.first.note:
        rows.append(("to know", look.first.note))
    out.print(table("The source", ["", ""], rows))
    out.print()
    passed = {each.id: each for each in look.tried.articles}
    shown = [_row(each, passed.get(each.id)) for each in look.first.articles]
    out.print(
        table(counted(len(shown), "article"), ["title", "published", "language", "letters", "rules", "marks", "address"], shown, right=[3])
    )
    for unreadable in look.first.unreadable:
        err.print(Text(printable(f"unreadable: {unreadable.named_detail}")))
    for outcome in look.tried.outcomes:
        if outcome.exit == "rejected":
            err.print(Text(printable(f"rejected: {outcome.article_id} ({outcome.reason}; {outcome.detail})")))
    if look.is_silent:
        err.print("The server answers 304 (nothing has changed), although it was not asked for changes: nothing can be read from it.")
    matched = sum(bool(rules_of(each)) for each in look.tried.articles)
    err.print(
        f"Of {counted(len(shown), 'article')}, {matched} {'matches' if matched == 1 else 'match'} a rule. Nothing was saved; in operation a first look rings nobody."
    )


def _row(each: Article, passed: Article | None) -> tuple[object, ...]:
    said = ", ".join(marks(each, datetime.now(UTC)))
    if passed is None:
        return each.title[:90], each.dates.published_raw, "", "", "(dropped or rejected)", said, each.url
    at = passed.dates.published_at
    when = f"{at:%Y-%m-%d %H:%M} UTC" if at else f"{passed.dates.confidence}: {each.dates.published_raw}".strip(": ")
    rules = ", ".join(rules_of(passed))
    return passed.title[:90], when, passed.language.code, len(passed.body), rules, said, each.url


def _second(look: Look) -> str:
    brought = len(look.second.articles)
    if look.second.about.get("status") == 304 and not look.is_silent:
        return "304: the server knows what we have, and sends nothing"
    if look.is_silent:
        return "304 again" if look.second.about.get("status") == 304 else counted(brought, "article")
    if look.again:
        return f"{counted(look.again, 'article')} again: their texts or dates change from request to request"
    if look.first.more or brought:
        return f"the next part: {counted(brought, 'article')}" + (", and more behind it" if look.second.more else "")
    return "sent in full again, and nothing is new in it" if look.second.about else "nothing new"


def _listed(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

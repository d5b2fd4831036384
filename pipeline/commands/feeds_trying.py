"""`lagebild feeds test`: what one source, configured or not, would bring; nothing is saved or published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pydantic
import typer
from rich.text import Text

from pipeline import plugins
from pipeline.article import Article
from pipeline.commands.rules_folder import Folder, loaded_from, rule_set, sound
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    err,
    errors_told,
    out,
    print_json,
    printable,
    settings_from,
    table,
)
from pipeline.errors import LagebildError
from pipeline.located import nearest
from pipeline.outgoing.address import without_query
from pipeline.plugins import Batch, Context
from pipeline.rules.compiled import RuleSet
from pipeline.sections import SourceSettings
from pipeline.settings import Settings
from pipeline.tryout import Tried, try_articles

UNNAMED = "tried"


def add_to(app: typer.Typer) -> None:
    app.command("test", help="Fetch a source twice and show what it brings and which rules would match; nothing is saved or published.")(
        test
    )


@dataclass(frozen=True)
class Look:
    """Two fetches: the second shows whether the server knows what we have, or brings the next part. `tried` are the articles after all stages."""

    first: Batch
    second: Batch
    tried: Tried

    @property
    def is_unreadable(self) -> bool:
        """Whether the source brought something, and none of it could be read."""
        return bool(self.first.unreadable) and not self.first.articles

    @property
    def repeats(self) -> int:
        """Items of one document that are one article."""
        return sum(count - 1 for count in Counter(each.id for each in self.first.articles).values())


def test(
    wanted: Annotated[str, typer.Argument(metavar="SOURCE|URL", help="A configured source's id, or the address of a feed.")],
    connector: Annotated[str, typer.Option(help="The connector for an address.")] = "rss",
    allow_private: Annotated[list[str] | None, typer.Option(help="With an address: a host or network that may be private.")] = None,
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = _settings(wanted, config)
        source = source_of(wanted, settings, connector, allow_private or [])
        try:
            look = looked(settings, source, _rules(config, folder, settings))
        except LagebildError as error:
            place = without_query(wanted)
            raise LagebildError(str(error) if place in str(error) else f"{place} failed: {error}") from error
        if as_json:
            print_json(_described(look))
        else:
            _show(look)
        if look.is_unreadable:
            raise typer.Exit(EXIT_FINDINGS)


def _settings(wanted: str, config: Any) -> Settings:
    """The configuration; an empty one where there is none and an address is tried."""
    if "://" in wanted and config == DEFAULT_CONFIG and not config.exists():
        return Settings()
    return settings_from(config)


def _rules(config: Any, folder: Any, settings: Settings) -> RuleSet:
    if folder is None and not settings.rules_folder.is_dir():
        return RuleSet()
    return rule_set(sound(loaded_from(config, folder, settings=settings)))


def source_of(wanted: str, settings: Settings, connector: str, allow_private: list[str]) -> SourceSettings:
    """The configured source of that id, or one made of the address. Exits with a usage error when it is neither."""
    found = next((each for each in settings.sources if each.id == wanted), None)
    if found is not None:
        return found
    if "://" not in wanted:
        err.print(
            Text(f"There is no source {wanted!r}.{nearest(wanted, [each.id for each in settings.sources])} An address begins with http.")
        )
        raise typer.Exit(EXIT_USAGE)
    options: dict[str, Any] = {"url": wanted} | ({"allow_private": allow_private} if allow_private else {})
    return SourceSettings(id=UNNAMED, connector=connector, options=options)


def looked(settings: Settings, source: SourceSettings, rules: RuleSet) -> Look:
    """Two fetches, and the articles of the first through all stages. Raises what the connector raises, and LagebildError for bad options."""
    module = plugins.load("connectors", source.connector, settings.plugin_folders)
    try:
        options = module.Options.model_validate(source.options)
    except pydantic.ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'options'}: {each['msg']}" for each in error.errors())
        raise LagebildError(f"the connector {source.connector} cannot be used so: {wrong}") from None
    if settings.contact and not getattr(options, "contact", settings.contact):
        options = options.model_copy(update={"contact": settings.contact})
    connector = plugins.make(module, options, Context(source.id, settings.folder))
    with plugins.faults_named(source.connector, module.__file__):
        first: Batch = connector.fetch({})
        is_refused = first.unreadable and not first.articles
        second: Batch = Batch() if is_refused else connector.fetch(first.cursor)
    return Look(first, second, try_articles(first.articles, settings, rules))


def _described(look: Look) -> dict[str, Any]:
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
        "published_at": passed.dates.published_at,
        "date_confidence": passed.dates.confidence,
        "language": passed.language.code,
        "letters": len(passed.body),
        "rules": [match.rule_id for match in passed.matches],
    }


def marks(each: Article, now: datetime) -> list[str]:
    """What the source says of an article beside its text: that it waits, is withdrawn or changed, and how urgent a warning is."""
    found = {"canceled": ["withdrawn"], "withheld": ["held until a later version"]}.get(each.pubstatus, [])
    if each.embargoed_at is not None:
        found = [
            *found,
            f"embargo {'until' if each.embargoed_at > now else 'over since'} {each.embargoed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        ]
    return [*found, *(flag.removeprefix("cap_").replace("_", " ") for flag in each.flags)]


def _show(look: Look) -> None:
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
    out.print(table(f"{len(shown)} articles", ["title", "published", "language", "letters", "rules", "marks", "address"], shown, right=[3]))
    for unreadable in look.first.unreadable:
        err.print(Text(printable(f"unreadable: {unreadable.named_detail}")))
    for outcome in look.tried.outcomes:
        if outcome.exit == "rejected":
            err.print(Text(printable(f"rejected: {outcome.article_id} ({outcome.reason}; {outcome.detail})")))
    matched = sum(bool(each.matches) for each in look.tried.articles)
    err.print(f"{matched} of {len(shown)} articles match a rule. Nothing was saved; in operation a first look rings nobody.")


def _row(each: Article, passed: Article | None) -> tuple[object, ...]:
    said = ", ".join(marks(each, datetime.now(UTC)))
    if passed is None:
        return each.title[:90], each.dates.published_raw, "", "", "(dropped or rejected)", said, each.url
    at = passed.dates.published_at
    when = f"{at:%Y-%m-%d %H:%M} UTC" if at else f"{passed.dates.confidence}: {each.dates.published_raw}".strip(": ")
    rules = ", ".join(match.rule_id for match in passed.matches)
    return each.title[:90], when, passed.language.code, len(passed.body), rules, said, each.url


def _second(look: Look) -> str:
    if look.second.about.get("status") == 304:
        return "304: the server knows what we have, and sends nothing"
    if look.first.more:
        return f"the next part: {len(look.second.articles)} articles" + (", and more behind it" if look.second.more else "")
    if look.second.articles:
        return f"{len(look.second.articles)} articles again: their texts or dates change from request to request"
    return "sent in full again, and nothing is new in it" if look.second.about else "nothing new"


def _listed(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

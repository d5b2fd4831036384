"""`lagebild feeds test`: what one source, configured or not, would bring; nothing is saved or published."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from pipeline import plugins
from pipeline.commands import feeds_tried
from pipeline.commands.feeds_looking import NothingToFetch, looked
from pipeline.commands.rules_folder import Folder, loaded_from, rule_set, sound
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    err,
    errors_told,
    print_json,
    printable,
    settings_from,
)
from pipeline.errors import LagebildError
from pipeline.located import nearest
from pipeline.outgoing.address import allowance_problem, without_query
from pipeline.outgoing.errors import NotAllowed
from pipeline.rules.compiled import RuleSet
from pipeline.sections import SourceSettings
from pipeline.settings import Settings

UNNAMED = "tried"


def add_to(app: typer.Typer) -> None:
    app.command("test", help="Fetch a source twice and show what it brings and which rules would match; nothing is saved or published.")(
        test
    )


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
        rules = _rules(config, folder, settings)
        try:
            look = looked(settings, source, rules)
        except NothingToFetch as error:
            raise refused(str(error)) from None
        except LagebildError as error:
            place = without_query(wanted)
            said = with_option(error) if source.id == UNNAMED else str(error)
            raise LagebildError(said if place in said else f"{place} failed: {said}") from error
        if as_json:
            print_json(feeds_tried.described(look))
        else:
            feeds_tried.show(look)
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
    if folder is not None and not folder.is_dir():
        raise refused(f"--rules: there is no folder {str(folder)!r}")
    return rule_set(sound(loaded_from(config, folder, settings=settings)))


def source_of(wanted: str, settings: Settings, connector: str, allow_private: list[str]) -> SourceSettings:
    """The configured source of that id, or one made of the address. Exits with a usage error when it is neither."""
    found = next((each for each in settings.sources if each.id == wanted), None)
    if found is not None:
        return found
    if "://" not in wanted:
        raise refused(
            f"There is no source {wanted!r}.{nearest(wanted, [each.id for each in settings.sources])} An address begins with http."
        )
    check_allowances(allow_private)
    known = plugins.names("connectors", settings.plugin_folders)
    if connector not in known:
        raise refused(f"--connector: there is no connector {connector!r}.{nearest(connector, known)} Known are: {', '.join(known)}.")
    options: dict[str, Any] = {"url": wanted} | ({"allow_private": allow_private} if allow_private else {})
    return SourceSettings(id=UNNAMED, connector=connector, options=options)


def refused(why: str) -> typer.Exit:
    """The exit of a command that was called wrongly, once it has said why."""
    err.print(Text(printable(why)))
    return typer.Exit(EXIT_USAGE)


def check_allowances(allow_private: list[str]) -> None:
    """Exits with a usage error for what cannot be a host, an address or a network."""
    for each in allow_private:
        if problem := allowance_problem(each):
            raise refused(f"--allow-private: {problem}")


def with_option(error: LagebildError) -> str:
    """The error of an address given on the command line: where that leads inside, with the option that allows it."""
    inside = error.__cause__
    return f"{inside}; if that is meant, add --allow-private {inside.host}" if isinstance(inside, NotAllowed) else str(error)

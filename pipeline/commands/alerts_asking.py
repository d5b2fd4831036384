"""`lagebild alerts why | render`: why somebody was told or not, and what a receiver would get."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType
from typing import Annotated, Any

import msgspec
import pydantic
import typer
from rich.text import Text

from pipeline import plugins
from pipeline.commands import times
from pipeline.commands.refusals import errors_answered
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    AsJson,
    Config,
    err,
    out,
    print_json,
    printable,
    reading,
    settings_from,
    settings_with_kafka,
    table,
)
from pipeline.enriching import Recogniser
from pipeline.errors import LagebildError, NoSuchRule
from pipeline.inquiry.why import Finding, Question
from pipeline.located import nearest
from pipeline.rules.compiled import CompiledRule
from pipeline.settings import Settings

_MARKS = {True: "✓", False: "✗", None: "·"}


def add_to(app: typer.Typer) -> None:
    app.command("why", help="Why somebody was told of an article or not, step by step from the source to the receiver.")(why)
    app.command("render", help="What a channel would get if a rule matched: exactly what would be sent. Nothing is sent.")(render)


def why(
    asked: Annotated[str, typer.Argument(metavar="ARTICLE-OR-EPISODE", help="An article's id, URL, GUID or file, or an episode's id.")],
    rule: Annotated[str, typer.Option(help="Why this rule did not match or ring.")] = "",
    receiver: Annotated[str, typer.Option(help="Why this receiver was not told.")] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    from pipeline.inquiry import asking

    with errors_answered(as_json):
        settings = settings_with_kafka(config, "lagebild alerts why")
        with reading("what is known") as progress:
            found = asking.answer(settings, Question(asked, rule, receiver), progress)
        if as_json:
            print_json(msgspec.to_builtins(found))
        else:
            rows = [_row(each, settings.time_zone) for each in found.findings]
            out.print(table("", ["", "at", "step", "what"], rows, whole=[1, 2]))
            out.print(Text(printable(found.short), style="bold"))
        if not found.told:
            raise typer.Exit(EXIT_FINDINGS)


def _row(finding: Finding, zone: str) -> tuple[object, ...]:
    return _MARKS[finding.passed], times.shown(finding.at, zone), finding.stage, finding.said


def render(
    rule: Annotated[str, typer.Argument(help="The rule's id.")],
    channel: Annotated[str, typer.Option(help="A receiver of the configuration, or a kind of channel: slack, email, …")],
    text: Annotated[str, typer.Option(help="A text that the rule matches; else the first of its own tests that does.")] = "",
    title: Annotated[str, typer.Option(help="The headline over it.")] = "",
    article: Annotated[str, typer.Option(help="Instead of a text: the id of an article that was collected.")] = "",
    language: Annotated[str, typer.Option(help="The language of the text.")] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    from pipeline.inquiry import asking, preview

    with errors_answered(as_json):
        now = datetime.now(UTC)
        settings = settings_with_kafka(config, "lagebild alerts render") if article else settings_from(config)
        compiled = _rule(settings, rule)
        module, options = _channel(settings, channel)
        if article:
            with reading("the article") as progress:
                about = asking.article_of(settings, article, progress)
        else:
            about = _sample(compiled, text, title, language, now)
        found = preview.first_message(compiled, about, now, settings.alerts, settings.language)
        shown = preview.sent_as(found, module, options, settings.rules_folder / "templates", settings.time_zone, now)
        if as_json:
            print_json({"channel": channel, "rule": rule, "payload": shown})
            return
        out.file.write(shown + "\n")


def _rule(settings: Settings, rule_id: str) -> CompiledRule:
    """The rule as it stands in the folder, whether it is applied or not."""
    from pipeline.rules.load import load_folder

    loaded = load_folder(settings.rules_folder, recogniser=Recogniser(settings), built_in_rules=settings.built_in_rules)
    for each in loaded.rules:
        if each.rule.id == rule_id:
            return each
    for problem in loaded.problems:
        if rule_id in problem.file:
            err.print(Text(str(problem)))
    known = [each.rule.id for each in loaded.rules]
    raise NoSuchRule(
        f"there is no rule {rule_id!r} without faults in {settings.rules_folder}.{nearest(rule_id, known)} `lagebild rules list` names them"
    )


def _channel(settings: Settings, name: str) -> tuple[ModuleType, Any]:
    """The notifier and its options: those of the receiver with this name, or the example of the channel of this kind."""
    receiver = next((each for each in settings.receivers if each.name == name), None)
    receiver = receiver or next((each for each in settings.receivers if each.notifier == name), None)
    module = plugins.load("notifiers", receiver.notifier if receiver else name, settings.plugin_folders)
    options = receiver.options if receiver else getattr(module, "EXAMPLE", {})
    try:
        return module, module.Options.model_validate(options)
    except pydantic.ValidationError as error:
        raise LagebildError(f"the channel {name!r} needs options: configure a receiver ({error.error_count()} problems)") from None


def _sample(compiled: CompiledRule, text: str, title: str, language: str, now: datetime) -> Any:
    from pipeline.inquiry import preview

    tests = [each for each in compiled.rule.tests if each.match]
    if not text and not title:
        if not tests:
            raise LagebildError(f"the rule {compiled.rule.id} has no test that matches: give a --text")
        text, title, language = tests[0].text, tests[0].title, language or tests[0].lang
    langs = compiled.rule.langs
    return preview.sample(text, title, language or (langs[0] if langs else "de"), now)

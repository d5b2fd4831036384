"""`lagebild try`, `trace` and `rejected`: one article at a time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from pipeline import rejected
from pipeline.article import Article
from pipeline.commands.rules_folder import Folder, rule_set
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
    settings_with_kafka,
    table,
)
from pipeline.enriching import Recogniser
from pipeline.errors import BadConfiguration
from pipeline.rules.load import Loaded, load_folder
from pipeline.settings import Settings
from pipeline.trace import trace

rejected_commands = typer.Typer(help="Records that could not be processed.", no_args_is_help=True)

Paths = Annotated[list[Path], typer.Argument(help="Files or folders: text, HTML, JSON, NDJSON.")]


def add_to(app: typer.Typer) -> None:
    app.command("try", help="Run files through the stages in memory, without any server, and show what the index would get.")(try_paths)
    app.command("trace", help="What became of one article, stage by stage, by its id, URL, GUID or file.")(trace_article)
    app.add_typer(rejected_commands, name="rejected")


def try_paths(paths: Paths, config: Config = DEFAULT_CONFIG, folder: Folder = None, as_json: AsJson = False) -> None:
    from pipeline.index.documents import document
    from pipeline.tryout import try_files

    with errors_told():
        missing = [path for path in paths if not (path.is_file() or path.is_dir())]
        for path in missing:
            err.print(Text(f"{path}: neither a file nor a folder"))
        if missing:
            raise typer.Exit(EXIT_USAGE)
        settings = settings_from(config) if config.exists() or config != DEFAULT_CONFIG else Settings()
        tried = try_files(paths, settings, rule_set(_rules(settings, folder)))
        if as_json:
            for article in tried.articles:
                print_json({"exit": "passed", "document": document(article)})
            for outcome in tried.outcomes:
                print_json({"exit": outcome.exit, "reason": outcome.reason, "detail": outcome.detail, "id": outcome.article_id})
            for each in tried.unreadable:
                print_json({"exit": "rejected", "reason": each.reason, "detail": each.detail, "subject": each.subject})
            return
        for article in tried.articles:
            show(article)
        for outcome in tried.outcomes:
            out.print(Text(f"{outcome.exit}: {outcome.article_id} ({outcome.reason}; {outcome.detail})"))
        for each in tried.unreadable:
            out.print(Text(printable(f"rejected: {each.named_detail} ({each.reason})")))
        err.print(
            f"{len(tried.articles)} passed, {len(tried.outcomes)} dropped or rejected by a stage, {len(tried.unreadable)} refused as they were read."
        )


def _rules(settings: Settings, folder: Path | None) -> Loaded:
    wanted = folder or settings.rules_folder
    if folder is None and not wanted.is_dir():
        return Loaded()
    loaded = load_folder(wanted, recogniser=Recogniser(settings))
    if loaded.problems:
        raise BadConfiguration(list(loaded.problems))
    return loaded


def show(article: Article) -> None:
    """One article as a person wants to see it, with the matched words marked."""
    out.print(Text(printable(article.title) or "(no title)", style="bold"))
    rows: list[tuple[str, object]] = [("id", f"{article.id}  revision {article.revision}")]
    rows.append(("language", f"{article.language.code} ({article.language.origin}, {article.language.confidence:.2f})"))
    rows.append(("published", _published(article)))
    if article.authors:
        rows.append(("authors", ", ".join(article.authors)))
    if article.story:
        opened = (
            "opens it"
            if article.story.opened_by == article.id
            else f"member {article.story.position}, similarity {article.story.similarity:.2f}"
        )
        rows.append(("story", f"{article.story.id[:12]} ({opened})"))
    for kind in ("person", "organisation", "country", "place", "other"):
        names = [f"{each.name} ×{len(each.mentions)}" for each in article.entities if each.type == kind]
        if names:
            rows.append((kind, ", ".join(names)))
    if article.flags:
        rows.append(("flags", ", ".join(article.flags)))
    out.print(table("", ["", ""], rows))
    for match in article.matches:
        for hit in match.hits:
            text = getattr(article, hit.field)
            line = Text(f"  {match.rule_id} ({match.severity}): ")
            line.append(printable(text[hit.sentence_start : hit.start]).replace("\n", " "))
            line.append(printable(hit.surface), style="reverse")
            line.append(printable(text[hit.end : hit.sentence_end]).replace("\n", " "))
            line.append(f"  [{hit.mode}, {hit.field} {hit.start}-{hit.end}]", style="dim")
            out.print(line)
    out.print()


def _published(article: Article) -> object:
    dates = article.dates
    return dates.published_at or (f"{dates.confidence}: {dates.published_raw!r}" if dates.published_raw else "no date")


def trace_article(
    wanted: Annotated[str, typer.Argument(metavar="ID-OR-URL-OR-FILE", help="The article's id, URL or GUID, or its file.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        steps = trace(settings_with_kafka(config, "lagebild trace"), wanted)
        if as_json:
            print_json(steps)
        elif steps:
            rows = [
                (f"{step.at:%Y-%m-%d %H:%M:%S.%f}"[:-3], step.stage, step.what, f"{step.topic}/{step.partition}/{step.offset}", step.detail)
                for step in steps
            ]
            out.print(table(str(steps[0].facts.get("title") or wanted), ["at (UTC)", "stage", "what", "position", "detail"], rows))
        if not steps:
            err.print(Text(f"Nothing is known of {wanted}: it was never collected, or it is older than the topics keep."))
            raise typer.Exit(EXIT_FINDINGS)


@rejected_commands.command("list", help="The newest rejected records.")
def list_rejected(
    config: Config = DEFAULT_CONFIG,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        found = rejected.newest(settings_with_kafka(config, "lagebild rejected"), count)
        if as_json:
            print_json([_described(each) for each in found])
            return
        rows = [
            (
                each.offset,
                f"{each.about.at:%Y-%m-%d %H:%M:%S}",
                each.about.stage,
                each.about.reason,
                each.about.source_id,
                each.about.subject or each.about.article_id,
                each.about.detail,
            )
            for each in found
        ]
        out.print(table(f"{len(rows)} rejected", ["offset", "at (UTC)", "stage", "reason", "source", "what", "detail"], rows, right=[0]))


@rejected_commands.command("show", help="One rejected record: why, and its original bytes (to stdout with --bytes).")
def show_rejected(
    offset: Annotated[int, typer.Argument(help="Its offset, from `rejected list`.")],
    config: Config = DEFAULT_CONFIG,
    only_bytes: Annotated[bool, typer.Option("--bytes", help="The untouched bytes and nothing else.")] = False,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        found = rejected.at(settings_with_kafka(config, "lagebild rejected"), offset)
        if only_bytes:
            sys.stdout.buffer.write(found.value)
        elif as_json:
            print_json({**_described(found), "value": found.value.decode("utf-8", "replace")})
        else:
            rows = {**_described(found), "came_from": found.about.came_from}
            out.print(table("", ["", ""], list(rows.items())))
            out.print(Text(printable(found.value[:2000].decode("utf-8", "replace"))))


@rejected_commands.command("replay", help="Send rejected records back to the stage that rejected them, after the cause was mended.")
def replay_rejected(
    offsets: Annotated[list[int] | None, typer.Argument(help="Offsets from `rejected list`.", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        if not offsets and not every:
            err.print("Name offsets from `lagebild rejected list`, or --all.")
            raise typer.Exit(EXIT_USAGE)
        settings = settings_with_kafka(config, "lagebild rejected")
        chosen = rejected.newest(settings, 1_000_000) if every else [rejected.at(settings, each) for each in offsets or []]
        sent, refused = rejected.replay(settings, chosen)
        if as_json:
            print_json({"replayed": sent, "not_replayable": refused})
        else:
            if sent or not refused:
                out.print(f"{len(sent)} sent back to their stage.")
            for offset, why in refused.items():
                err.print(Text(f"offset {offset} cannot be sent back: {why}"))
        if refused:
            raise typer.Exit(EXIT_FINDINGS)


def _described(each: rejected.RejectedRecord) -> dict[str, Any]:
    """What stands beside the bytes; `offset` is the record's own, and `came_from` the one of what was rejected (None: it was never collected)."""
    about = msgspec.to_builtins(each.about)
    came_from = {name: about.pop(name) for name in ("topic", "partition", "offset")}
    return {"offset": each.offset, **about, "came_from": came_from if each.about.was_collected else None}

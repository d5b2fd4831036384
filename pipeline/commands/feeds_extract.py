"""`lagebild feeds extract`: what is read in one web page, a file or an address, without saving anything."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from pipeline import plugins
from pipeline.article import Article
from pipeline.commands.feeds_trying import with_option
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
from pipeline.errors import LagebildError, Permanent
from pipeline.plugins import Context
from pipeline.settings import Settings
from pipeline.text import dates

AllowPrivate = Annotated[
    list[str] | None,
    typer.Option("--allow-private", help="A host, address or network that may be private, such as 127.0.0.1; may be repeated."),
]


def add_to(app: typer.Typer) -> None:
    app.command("extract", help="Read one page, a file or an address: title, body, dates, authors, flags. Nothing is saved.")(extract)


def extract(
    page: Annotated[str, typer.Argument(metavar="FILE|URL", help="A saved page, or an http or https address.")],
    config: Config = DEFAULT_CONFIG,
    allow_private: AllowPrivate = None,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        settings = Settings() if config == DEFAULT_CONFIG and not config.exists() else settings_from(config)
        is_address = page.lower().startswith(("http://", "https://"))
        if not is_address and Path(page).is_dir():
            err.print(Text(f"{page!r} is a folder: name one page in it."))
            raise typer.Exit(EXIT_USAGE)
        if not is_address and not Path(page).is_file():
            err.print(Text(f"There is no file {page!r}. An address begins with http:// or https://."))
            raise typer.Exit(EXIT_USAGE)
        web = plugins.load("connectors", "web", settings.plugin_folders)
        started = time.monotonic()
        try:
            article: Article = web.read_page(
                page, Context("extract", settings.folder), contact=settings.contact, allow_private=allow_private or ()
            )
        except Permanent as error:
            raise LagebildError(with_option(error)) from error
        except OSError as error:
            raise LagebildError(f"{page} cannot be read: {error.strerror}") from error
        except ValueError as error:
            err.print(Text(f"--allow-private: {error}"))
            raise typer.Exit(EXIT_USAGE) from error
        found = described(article, settings.time_zone) | {"seconds": round(time.monotonic() - started, 3)}
        if as_json:
            print_json(found)
        else:
            _show(found)
        if not article.body.strip():
            raise typer.Exit(EXIT_FINDINGS)


def described(article: Article, time_zone: str) -> dict[str, Any]:
    """The article as `--json` tells it; instants are UTC, None where the page says none that can be read."""
    read = dates.read(article.dates.published_raw, article.dates.updated_raw, article.language.declared[:2].lower(), time_zone)
    return {
        "url": article.url,
        "canonical_url": article.canonical_url,
        "title": article.title,
        "summary": article.summary,
        "body": article.body,
        "words": len(article.body.split()),
        "authors": article.authors,
        "section": article.section,
        "keywords": article.keywords,
        "dates": {
            "published_at": read.published_at,
            "published_raw": read.published_raw,
            "updated_at": read.updated_at,
            "updated_raw": read.updated_raw,
            "confidence": read.confidence,
        },
        "language": article.language.declared,
        "encoding": article.encoding,
        "flags": article.flags,
    }


def _show(found: dict[str, Any]) -> None:
    out.print(Text(printable(found["title"]) or "(no title)", style="bold"))
    told = found["dates"]
    published = told["published_at"] or (f"{told['confidence']}: {told['published_raw']!r}" if told["published_raw"] else "no date")
    rows = [
        ("published", published),
        ("updated", told["updated_at"] or ""),
        ("authors", ", ".join(found["authors"])),
        ("section", found["section"]),
        ("address", found["url"]),
        ("language", found["language"]),
        ("flags", ", ".join(found["flags"])),
        ("text", f"{found['words']:,} words in {found['seconds']:.2f} s"),
    ]
    out.print(table("", ["", ""], [row for row in rows if row[1]]))
    if found["summary"]:
        out.print(Text(printable(found["summary"]), style="italic"))
    out.print()
    out.print(Text(printable(found["body"]) or "No text was found."))

"""`lagebild entities`: what is recognised in a text, how well, whether the watch lists are in order, and the training of the models."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pipeline.article import Article, Source
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    counted,
    err,
    errors_told,
    out,
    print_json,
    printable,
    settings_from,
    table,
)
from pipeline.enriching import enrichers
from pipeline.entities.asking import whole
from pipeline.entities.corpora import read
from pipeline.entities.score import Score, scores
from pipeline.errors import BadConfiguration, LagebildError, Problem
from pipeline.plugins import Enricher
from pipeline.settings import Settings
from pipeline.text.language import Detector

entities = typer.Typer(help="Persons, organisations and places in texts; watch lists; the models.", no_args_is_help=True)
lists = typer.Typer(help="The team's own names.", no_args_is_help=True)
entities.add_typer(lists, name="lists")

_LANGUAGE_OF_FORMAT = {".iob2": "en"}
_MAX_BYTES = 20_000_000
_MOST_ADVICE = 20
# One word with an ending that files have: nobody asks for the entities of that.
_FILE_NAME = re.compile(r"\S+\.(?:txt|md|json|jsonl|html?|xml|csv|tsv|gz)")

LanguageOption = Annotated[str, typer.Option("--language", help="Its two-letter code; found out when left out.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    app.add_typer(entities, name="entities")


@entities.command("try", help="What is recognised in a text or a file, where, and who says so.")
def try_text(
    text: Annotated[str, typer.Argument(metavar="TEXT|FILE", help="A text, or the name of a file with one.")],
    language: LanguageOption = "",
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    with errors_told():
        body = _body(text)
        detected = Detector().detect("", body, language)
        article = Article(id="tried", source=Source(id="tried"), body=body, language=detected)
        if language:
            article = _in_language(article, language)
        for each in _configured(config).values():
            article = each.enrich(article)
        if as_json:
            print_json({"language": article.language.code, "entities": article.entities})
            return
        out.print(_marked(article))
        rows = [
            (each.type, each.name, len(each.mentions), f"{each.salience:.2f}", f"{each.confidence:.2f}", each.recogniser, each.id)
            for each in article.entities
        ]
        title = f"{counted(len(rows), 'entity', 'entities')}; language {article.language.code}"
        out.print(table(title, ["type", "name", "mentions", "salience", "confidence", "recogniser", "id"], rows, right=[2, 3, 4]))


def _body(text: str) -> str:
    path = Path(text)
    if not text.strip():
        raise typer.BadParameter("there is no text in it")
    try:
        if len(text) > 4_096 or not path.is_file():
            if _FILE_NAME.fullmatch(text):
                raise typer.BadParameter(f"there is no file {text!r}")
            return text
        if path.stat().st_size > _MAX_BYTES:
            raise LagebildError(f"{path} is larger than {_MAX_BYTES:,} bytes: cut it into articles")
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return text


def _in_language(article: Article, language: str) -> Article:
    import msgspec

    from pipeline.article import Language

    return msgspec.structs.replace(article, language=Language(code=language))


def _marked(article: Article) -> Text:
    shown = Text(printable(article.body))
    for each in article.entities:
        for mention in each.mentions:
            shown.stylize("reverse", mention.start, mention.end)
    return shown


def _configured(config: Path) -> Mapping[str, Enricher]:
    return enrichers(_settings(config))


def _settings(config: Path) -> Settings:
    return settings_from(config) if config.exists() or config != DEFAULT_CONFIG else Settings()


@entities.command("score", help="Strict precision, recall and F1 by type on labelled sentences, beside the gazetteers alone.")
def score_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="GermEval .tsv, Universal NER .iob2 or SmartData .json[.gz].")],
    language: Annotated[str, typer.Option("--language", help="de unless the file is .iob2.", show_default=False)] = "",
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            exists=True,
            file_okay=False,
            help="A folder with the corpora: trains the bare reference CRF and a small spaCy pipeline on it and scores them, too.",
        ),
    ] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    from pipeline.entities.judge import baselines

    with errors_told():
        sentences = read(file)
        code = language or _LANGUAGE_OF_FORMAT.get(file.suffix, "de")
        found = {"lagebild": scores(sentences, whole(_chained(_configured(config)), code))}
        found |= baselines(sentences, code, against, lambda line: err.print(Text(line)))
        if as_json:
            print_json({"file": file, "sentences": len(sentences), "scores": {name: _plain(each) for name, each in found.items()}})
            return
        rows = [
            (name, kind, each.wanted, each.found, each.right, f"{each.precision:.3f}", f"{each.recall:.3f}", f"{each.f1:.3f}")
            for name, by_type in found.items()
            for kind, each in by_type.items()
        ]
        columns = ["recogniser", "type", "names", "found", "right", "precision", "recall", "F1"]
        out.print(table(f"{len(sentences):,} sentences of {file.name}, strict spans", columns, rows, right=[2, 3, 4, 5, 6, 7]))
        err.print("The shipped models were trained on the corpora of their cards: only other sentences tell how good they are.")


def _plain(by_type: Mapping[str, Score]) -> dict[str, dict[str, float]]:
    return {kind: {**each._asdict(), "precision": each.precision, "recall": each.recall, "f1": each.f1} for kind, each in by_type.items()}


class _Chain:
    """Several enrichers as one."""

    def __init__(self, each: Sequence[Enricher]) -> None:
        self._each = each

    def enrich(self, article: Article) -> Article:
        for enricher in self._each:
            article = enricher.enrich(article)
        return article


def _chained(made: Mapping[str, Enricher]) -> Enricher:
    return _Chain(list(made.values()))


@lists.command(
    "check", help="Problems of the watch lists and advice, each with file, line and column; exit code 1 when there are problems."
)
def check_lists(
    folder: Annotated[Path | None, typer.Argument(help="The folder; else the ones of the configuration.", show_default=False)] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    from pipeline.enrichers._watch_list_advice import advice
    from pipeline.enrichers._watch_lists import WatchLists

    with errors_told():
        folders = [folder] if folder is not None else _list_folders(config)
        if not folders:
            err.print("No watch lists are configured: name a folder, or set `enrichers: [{name: entities, options: {watch_lists: …}}]`.")
            raise typer.Exit(EXIT_USAGE)
        checked = [WatchLists(each) for each in folders]
        problems = [problem for each in checked for problem in each.reload()]
        names = sum(len(each.gazetteer) for each in checked)
        advised = [said for each in checked for path in each.files() for said in advice(path)]
        advised += [Problem(str(path), 1, 1, "not read: lists are .csv, .yaml and .yml") for each in checked for path in each.passed_over()]
        if as_json:
            print_json({"names": names, "problems": [_problem(each) for each in problems], "advice": [_problem(each) for each in advised]})
        for each in problems if not as_json else ():
            err.print(Text(printable(str(each))))
        if not as_json:
            _tell_advice(advised)
            found = (
                counted(names, "name"),
                counted(len(problems), "problem"),
                counted(len(advised), "piece of advice", "pieces of advice"),
            )
            out.print("{} in use, {}, {}.".format(*found))
        if problems:
            raise typer.Exit(EXIT_FINDINGS)


def _tell_advice(advised: Sequence[Problem]) -> None:
    """A long list has the same advice on many names: the first ones show what is meant."""
    for each in advised[:_MOST_ADVICE]:
        err.print(Text(printable(f"{each.file}:{each.line}:{each.column}: advice: {each.message}")))
    if len(advised) > _MOST_ADVICE:
        err.print(f"… and {len(advised) - _MOST_ADVICE:,} more; --json has all of them.")


def _problem(each: Problem) -> dict[str, object]:
    return {"file": each.file, "line": each.line, "column": each.column, "message": each.message}


def _list_folders(config: Path) -> list[Path]:
    settings = _settings(config)
    named = [str(each.options.get("watch_lists") or "") for each in settings.enrichers if each.name == "entities"]
    return [settings.folder / name for name in named if name]


@entities.command("train", help="Train the models that ship from a folder of labelled corpora; takes a quarter of an hour.")
def train(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder with the corpora that the cards name.")],
    into: Annotated[Path, typer.Option("--into", help="Where the models and their cards go.")] = Path("models"),
    language: Annotated[str, typer.Option("--language", help="Only this one; all when left out.", show_default=False)] = "",
    on: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The date on the card; today when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    from pipeline.entities.judge import train_into

    with errors_told():
        _need("pycrfsuite", "lagebild[training]")
        say: Callable[[str], None] = lambda line: err.print(Text(line))  # noqa: E731
        written = [str(path) for path in train_into(into, folder, language, (on or datetime.now(UTC)).date(), say)]
        if as_json:
            print_json(written)
            return
        for path in written:
            out.print(path)


def _need(module: str, extra: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise BadConfiguration([Problem("", 1, 1, f"{module} is not installed: pip install '{extra}'")])

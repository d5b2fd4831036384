"""Rules on texts: any text (`try`), the tests they carry (`test`), and tables of keywords and texts (`pairs`)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.text import Text

from pipeline.article import Match
from pipeline.commands.refusals import errors_answered
from pipeline.commands.rules_folder import Folder, loaded_from, recogniser_beside, rule_set, sound
from pipeline.commands.terminal import (
    DEFAULT_CONFIG,
    EXIT_FINDINGS,
    EXIT_USAGE,
    AsJson,
    Config,
    counted,
    err,
    out,
    print_json,
    printable,
    table,
)
from pipeline.errors import LagebildError, NoSuchRule
from pipeline.lexicon.store import dictionaries
from pipeline.located import nearest
from pipeline.rules.check import article_of, named_in, try_text
from pipeline.rules.faults import language_fault
from pipeline.rules.pairs import BadPair, Scored, Wrong, read_pairs, score
from pipeline.rules.term_sets import shipped
from pipeline.rules.tested import Tested, tested
from pipeline.text.hygiene import shown

_MOST_BYTES = 20_000_000


def add_to(rules: typer.Typer) -> None:
    rules.command("try", help="Which rules match a text, and where; the text comes from the argument, --file or standard input.")(try_rules)
    rules.command("test", help="The rules' own tests one by one, with what matched; exit code 1 when one fails.")(test)
    rules.command("pairs", help="Score a table of keywords and texts; prints every wrong pair, exit code 1 when there is one.")(pairs)


def try_rules(
    text: Annotated[str | None, typer.Argument(help="The text.", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file with the text.", show_default=False)] = None,
    title: Annotated[str, typer.Option(help="A title for it.")] = "",
    language: Annotated[str, typer.Option(help="Its language, ISO 639-1.")] = "und",
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    with errors_answered(as_json):
        loaded = sound(loaded_from(config, folder))
        body = _text(text, file)
        entities = named_in(loaded.rules, article_of(body, title, language), recogniser_beside(config, folder))
        found = try_text(rule_set(loaded), body, title=title, language=language, entities=entities)
        if as_json:
            print_json([_as_json(each) for each in found])
        elif not found:
            out.print("No rule matches.")
        else:
            _show(found, shown(title), shown(body))
        if not found:
            raise typer.Exit(EXIT_FINDINGS)


def test(
    rule: Annotated[str | None, typer.Argument(help="One rule by its id; all when left out.", show_default=False)] = None,
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    with errors_answered(as_json):
        loaded = loaded_from(config, folder) if rule else loaded_from(config, folder).own
        ran = tested(loaded.files.values(), loaded.sets, recogniser_beside(config, folder))
        if rule is not None and rule not in ran:
            unread = [str(each) for each in loaded.problems if Path(each.file).stem == rule]
            raise (
                LagebildError("\n".join(unread)) if unread else NoSuchRule(f"there is no rule {rule!r} in this folder.{nearest(rule, ran)}")
            )
        wanted = {rule: ran[rule]} if rule is not None else ran
        results = [each for tests in wanted.values() for each in tests]
        failed = [each for each in results if each.complaint]
        if as_json:
            print_json([_test_json(each) for each in results])
        else:
            rows = [
                (each.rule_id, each.number, "FAILS" if each.complaint else "ok", _expected(each), _marked(each), each.complaint)
                for each in results
            ]
            out.print(
                table(
                    f"{counted(len(results), 'test')} of {counted(len(wanted), 'rule')}, {len(failed)} fail",
                    ["rule", "test", "", "wanted", "text", "why"],
                    rows,
                )
            )
        if failed:
            raise typer.Exit(EXIT_FINDINGS)


def pairs(
    file: Annotated[Path, typer.Argument(help="Columns keyword, text, option, match, why, parted by tabs.")],
    language: Annotated[str, typer.Option(help="The language of keywords and texts.")] = "de",
    as_json: AsJson = False,
) -> None:
    with errors_answered(as_json):
        try:
            scored = _scored(file, _language(language))
        except LagebildError as error:
            _refuse(str(error), as_json)
        if as_json:
            print_json({"pairs": scored.pairs, "right": scored.right, "wrong": [_wrong_json(each) for each in scored.wrong]})
        else:
            out.print(f"{scored.right} of {scored.pairs} pairs are right.")
            rows = [
                (
                    each.pair.line,
                    each.pair.keyword,
                    each.pair.text,
                    each.pair.option,
                    "yes" if each.pair.match else "no",
                    _answer(each),
                    each.pair.why,
                )
                for each in scored.wrong
            ]
            if rows:
                out.print(table("wrong pairs", ["line", "keyword", "text", "option", "wanted", "found", "why"], rows, right=[0]))
        if scored.wrong:
            raise typer.Exit(EXIT_FINDINGS)


def _refuse(message: str, as_json: bool) -> NoReturn:
    """Exit code 2: 1 stays for pairs that are wrong."""
    if as_json:
        print_json({"error": message})
    err.print(Text(printable(message)))
    raise typer.Exit(EXIT_USAGE)


def _language(code: str) -> str:
    """The code, once it is known to the detector or has a dictionary."""
    fault = language_fault(code)
    if not fault or code in dictionaries():
        return code
    told = fault if fault.endswith("?") else f"{fault}."
    raise LagebildError(f"{told} Languages with a dictionary are {', '.join(dictionaries())}")


def _scored(file: Path, language: str) -> Scored:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise LagebildError(f"{file} is larger than {_MOST_BYTES:,} bytes: split it")
        return score(read_pairs(data.decode("utf-8-sig")), language=language, sets=shipped())
    except OSError as error:
        raise LagebildError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise LagebildError(f"{file} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    except BadPair as error:
        raise LagebildError(f"{file}: {error}") from None


def _answer(wrong: Wrong) -> str:
    return wrong.problem or ", ".join(wrong.found) or "nothing"


def _wrong_json(wrong: Wrong) -> dict[str, Any]:
    pair = wrong.pair
    wanted = {"line": pair.line, "keyword": pair.keyword, "text": pair.text, "option": pair.option, "match": pair.match, "why": pair.why}
    return {**wanted, "found": wrong.found, "problem": wrong.problem}


def _text(text: str | None, file: Path | None) -> str:
    if text is not None:
        return text
    if file is not None:
        try:
            return file.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise LagebildError(f"{file} cannot be read: {error.strerror}") from None
    if sys.stdin.isatty():
        err.print("Give a text, --file FILE, or pipe one in.")
        raise typer.Exit(EXIT_USAGE)
    return sys.stdin.read()


def _as_json(match: Match) -> dict[str, Any]:
    return {
        "rule": match.rule_id,
        "title": match.title,
        "severity": match.severity,
        "hits": [
            {"term": hit.term, "surface": hit.surface, "mode": hit.mode, "field": hit.field, "start": hit.start, "end": hit.end}
            for hit in match.hits
        ],
    }


def _show(found: tuple[Match, ...], title: str, body: str) -> None:
    for match in found:
        out.print(Text(f"{match.rule_id} ({match.severity}): {match.title}", style="bold"))
        for hit in match.hits:
            source = title if hit.field == "title" else body
            line = Text("  ")
            line.append(printable(source[hit.sentence_start : hit.start]))
            line.append(printable(hit.surface), style="reverse")
            line.append(printable(source[hit.end : hit.sentence_end]))
            line.append(f"   [{hit.term}, {hit.mode}, {hit.field} {hit.start}-{hit.end}]", style="dim")
            out.print(line)


def _test_json(result: Tested) -> dict[str, Any]:
    hits = [
        {"term": hit.term, "surface": hit.surface, "mode": hit.mode, "field": hit.field, "start": hit.start, "end": hit.end}
        for hit in result.hits
    ]
    return {
        "rule": result.rule_id,
        "test": result.number,
        "ok": not result.complaint,
        "complaint": result.complaint,
        "text": result.test.text,
        "match": result.test.match,
        "hits": hits,
    }


def _expected(result: Tested) -> str:
    return "match" if result.test.match else "no match"


def _marked(result: Tested) -> Text:
    """The text with what matched marked; the title first when something matched there."""
    line = Text()
    for field, source in (("title", shown(result.test.title)), ("body", shown(result.test.text))):
        if not source:
            continue
        at = 0
        for hit in sorted((each for each in result.hits if each.field == field), key=lambda each: each.start):
            if hit.start >= at:
                line.append(printable(source[at : hit.start]))
                line.append(printable(source[hit.start : hit.end]), style="reverse")
                at = hit.end
        line.append(printable(source[at:]))
        line.append(" · " if field == "title" else "")
    return line

"""`lagebild rules explain`: the forms in which a rule looks for its words and, on a text, what it found there and what it refused, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pipeline.article import Hit
from pipeline.commands.refusals import errors_answered
from pipeline.commands.rules_folder import Folder, loaded_from, recogniser_beside, sound
from pipeline.commands.terminal import DEFAULT_CONFIG, AsJson, Config, counted, err, out, print_json, printable
from pipeline.errors import LagebildError, NoSuchRule
from pipeline.located import nearest
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.explain import ClauseForms, Explanation, Miss, WordForms, explained
from pipeline.rules.spelling import Form
from pipeline.rules.tested import compilable
from pipeline.text.hygiene import shown

_MOST_BYTES = 20_000_000
_MOST_FORMS = 60
_AROUND = 60

RuleId = Annotated[str, typer.Argument(metavar="RULE", help="The rule's id.")]
Given = Annotated[str | None, typer.Argument(metavar="TEXT", help="A text; `-` reads it from standard input.", show_default=False)]
File = Annotated[Path | None, typer.Option("--file", help="A file with the text.", show_default=False)]
Title = Annotated[str, typer.Option(help="A title for it.")]
Language = Annotated[str, typer.Option(help="Its language, ISO 639-1; without it the rule's first, or any.", show_default=False)]


def add_to(rules: typer.Typer) -> None:
    rules.command("explain", help="What a rule looks for and, given a text, which words it found and which guard refused what.")(explain)


def explain(
    rule: RuleId,
    text: Given = None,
    file: File = None,
    title: Title = "",
    language: Language = "",
    config: Config = DEFAULT_CONFIG,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    with errors_answered(as_json):
        loaded = loaded_from(config, folder)
        compiled = {each.rule.id: each for each in compilable(loaded.files.values(), loaded.sets)}
        if rule not in compiled:
            sound(loaded)
            raise NoSuchRule(f"there is no rule {rule!r} in this folder.{nearest(rule, compiled)}")
        if loaded.problems:
            err.print(
                Text(
                    f"{counted(len(loaded.problems), 'problem')} in this folder, see `lagebild rules check`; the rule is explained as it stands in its file."
                )
            )
        body = _text(text, file)
        recogniser = recogniser_beside(config, folder)
        explanation = explained(compiled[rule], text=body, title=title, language=language, recogniser=recogniser)
        if as_json:
            print_json(explanation)
        else:
            _show(compiled[rule], explanation, shown(title), shown(body))


def _text(text: str | None, file: Path | None) -> str:
    """The text that was given; "" when there is none."""
    if text == "-":
        return sys.stdin.buffer.read(_MOST_BYTES).decode("utf-8", "replace")
    if text is not None or file is None:
        return text or ""
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise LagebildError(f"{file} cannot be read: {error.strerror}") from None


def _show(compiled: CompiledRule, explanation: Explanation, title: str, body: str) -> None:
    out.print(Text(f"{explanation.rule_id}: {printable(compiled.rule.title)}", style="bold"))
    for clause in explanation.clauses:
        _show_clause(clause)
    if not title and not body:
        return
    out.print()
    if explanation.matched:
        out.print(Text("It matches:", style="bold"))
    else:
        out.print(Text(f"It does not match{f': {printable(explanation.refused)}' if explanation.refused else ''}.", style="bold"))
    if explanation.named:
        out.print(Text(f"  {printable(explanation.named)}", style="dim"))
    for hit in explanation.hits:
        _show_hit(hit, _field(hit.field, title, body))
    if explanation.misses:
        out.print(Text("What comes near it and does not count:", style="bold"))
    for miss in explanation.misses:
        _show_miss(miss, _field(miss.field, title, body))


def _field(field: str, title: str, body: str) -> str:
    return title if field == "title" else body


def _show_clause(clause: ClauseForms) -> None:
    line = Text(f"  {clause.clause} ", style="dim")
    line.append(printable(clause.term), style="bold")
    if clause.says:
        line.append(f"   {printable(clause.says)}")
    out.print(line)
    for word in clause.words:
        _show_word(word, alone=len(clause.words) == 1)


def _show_word(word: WordForms, *, alone: bool) -> None:
    if not alone:
        out.print(Text(f"    {printable(word.word)}"))
    by_origin: dict[str, list[str]] = {}
    for form in word.forms[:_MOST_FORMS]:
        by_origin.setdefault(form.origin, []).append(_form(form))
    for origin, forms in by_origin.items():
        line = Text(f"      {printable(', '.join(forms))}")
        line.append(f"   [{printable(origin)}]", style="dim")
        out.print(line)
    if len(word.forms) > _MOST_FORMS:
        out.print(f"      and {len(word.forms) - _MOST_FORMS} more; --json shows all")
    if word.heads:
        out.print(Text("      also as the end of a longer compound", style="dim"))
    if word.separated:
        out.print(Text(f"      also apart: {printable(', '.join(word.separated))}", style="dim"))


def _form(form: Form) -> str:
    return f"{form.surface} ({'; '.join(form.guards)})" if form.guards else form.surface


def _show_hit(hit: Hit, text: str) -> None:
    line = _marked(text, hit.start, hit.end, hit.sentence_start, hit.sentence_end)
    line.append(f"   [{printable(hit.term)}, {hit.mode}, {hit.clause}, {hit.field} {hit.start}-{hit.end}]", style="dim")
    out.print(line)


def _show_miss(miss: Miss, text: str) -> None:
    line = Text(f"  {printable(miss.surface)}: ".replace("\n", " "), style="bold")
    line.append(printable(miss.why), style="not bold yellow")
    line.append(f"   [{printable(miss.term)}, {miss.clause}]", style="not bold dim")
    around = _marked(text, miss.start, miss.end, max(miss.start - _AROUND, 0), min(miss.end + _AROUND, len(text)))
    out.print(line)
    out.print(Text("    ").append_text(around))


def _marked(text: str, start: int, end: int, first: int, last: int) -> Text:
    line = Text("  ")
    for piece, style in ((text[first:start], ""), (text[start:end], "reverse"), (text[end:last], "")):
        line.append(printable(piece).replace("\n", " "), style=style or None)
    return line

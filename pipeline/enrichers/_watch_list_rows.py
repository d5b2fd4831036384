"""The rows of one watch-list file, CSV or YAML, and where each of their cells stands."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import located
from pipeline.errors import Problem

COLUMNS = ("name", "aliases", "type", "id", "languages", "notes")
MAX_BYTES = 100_000_000
# What parts the cells: the first of these that stands in the first line. German Excel writes semicolons.
_SEPARATORS = (",", ";", "\t")

Place = tuple[int, int]  # line, column
Row = tuple[dict[str, Any], Callable[[str], Place]]


def rows_of(path: Path) -> tuple[list[Row], list[Problem]]:
    """Each row as column → value, with a function that tells the place of a column; and what is wrong. Never raises for bad content."""
    return _csv_rows(path) if path.suffix == ".csv" else _yaml_rows(path)


def _csv_rows(path: Path) -> tuple[list[Row], list[Problem]]:
    text = _text_of(path)
    if isinstance(text, Problem):
        return [], [text]
    lines = text.split("\n")
    mark = next((mark for mark in _SEPARATORS if mark in lines[0]), _SEPARATORS[0])
    reader = csv.reader((line + "\n" for line in lines), delimiter=mark, strict=True)
    rows: list[Row] = []
    start = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        if problems := _header_problems(str(path), header):
            return [], problems
        start = reader.line_num + 1
        for cells in reader:
            if len(cells) > len(header):
                column = _column(lines, start, cells, len(header), mark)
                message = f"{len(cells)} cells under {len(header)} columns: put cells that hold {mark!r} in quotation marks"
                return [], [Problem(str(path), start, column, message)]
            if any(cell.strip() for cell in cells):
                rows.append((_cells(header, cells), _csv_place(lines, start, header, cells, mark)))
            start = reader.line_num + 1
    except csv.Error as error:
        return [], [Problem(str(path), start, 1, _csv_fault(error))]
    return rows, []


def _csv_fault(error: csv.Error) -> str:
    """What is wrong with the row, in words; the module csv has only "unexpected end of data" for a quotation mark without its fellow."""
    if "unexpected end" in str(error) or "expected after" in str(error):
        return 'a quotation mark (") is not closed, or stands inside a quoted cell: close it, or write "" for one that belongs to a name'
    return f"not valid CSV: {error}"


def _text_of(path: Path) -> str | Problem:
    """The text of the file, or why it cannot be had."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return Problem(str(path), 1, 1, f"the file is larger than {MAX_BYTES:,} bytes: split it")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return Problem(str(path), 1, 1, f"the file cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        return Problem(str(path), 1, 1, f"the file is not UTF-8 (byte {error.start}): save it as UTF-8")


def _header_problems(file: str, header: list[str]) -> list[Problem]:
    problems = [
        Problem(file, 1, 1, f"unknown column {name!r}.{located.nearest(name, COLUMNS)} Known are: {', '.join(COLUMNS)}")
        for name in header
        if name not in COLUMNS
    ]
    if not problems and "name" not in header:
        problems.append(Problem(file, 1, 1, "the first line must name the columns, among them 'name'"))
    return problems


def _cells(header: list[str], cells: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    for name in ("aliases", "languages"):
        row[name] = [part.strip() for part in re.split(r"[|]" if name == "aliases" else r"[|\s]+", row.get(name, "")) if part.strip()]
    return row


def _csv_place(lines: list[str], line: int, header: list[str], cells: list[str], mark: str) -> Callable[[str], Place]:
    return lambda name: (
        line,
        _column(lines, line, cells, header.index(name), mark) if name in header and header.index(name) < len(cells) else 1,
    )


def _column(lines: list[str], line: int, cells: list[str], number: int, mark: str) -> int:
    at = 0
    for cell in cells[:number]:
        at = lines[line - 1].find(mark, at + len(cell)) + 1 or at
    return at + 1


def _yaml_rows(path: Path) -> tuple[list[Row], list[Problem]]:
    document = located.read(path)
    if document.problems:
        return [], document.problems
    if document.data is None:
        return [], []
    if not isinstance(document.data, list):
        return [], [document.problem((), "a watch list is a list of names: begin each with '- name: …'")]
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, item in enumerate(document.data):
        if not isinstance(item, dict):
            problems.append(document.problem((number,), "each item has the key 'name': write '- name: …'"))
            continue
        unknown = [name for name in item if name not in COLUMNS]
        for name in unknown:
            problems.append(document.problem((number, name), f"unknown name {name!r}.{located.nearest(name, COLUMNS)}", at_key=True))
        if not unknown:
            rows.append((item, partial(_yaml_place, document, number)))
    return rows, problems


def _yaml_place(document: located.Located, number: int, name: str) -> Place:
    problem = document.problem((number, name), "")
    return problem.line, problem.column

"""A report written down as text, Markdown or HTML. Pure; every text from outside is escaped for where it goes."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

from pipeline.inquiry.handover import Section, sections
from pipeline.inquiry.report import Report
from pipeline.inquiry.words import stamp
from pipeline.naming import cleaned


def written(report: Report, format: str, zone: str) -> str:
    """The report as text, markdown or html, its times in `zone`. Raises KeyError for another format."""
    title = f"Lagebild: {stamp(report.since, zone)} to {stamp(report.until, zone)} ({zone})"
    return _FORMATS[format](title, sections(report, zone))


def _text(title: str, found: Sequence[Section]) -> str:
    parts = [_line(title)]
    for section in found:
        parts.append(f"\n{section.title}\n{'-' * len(section.title)}")
        if section.remark:
            parts.append(section.remark)
        for row in section.rows:
            named = [(name, cleaned(cell)) for name, cell in zip(section.columns, row, strict=True) if cell]
            head = "  ".join(_line(cell) for name, cell in named if "\n" not in cell and name not in _OWN_LINE)
            parts.append(head)
            for name, cell in named:
                if "\n" in cell or name in _OWN_LINE:
                    parts += [f"    {line}" for line in cell.split("\n")]
    return "\n".join(parts) + "\n"


_OWN_LINE = frozenset({"headline", "who was told", "notes", "why", "error", "outcome"})


def _line(text: str) -> str:
    return cleaned(text).replace("\n", " ")


_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~])")


def _markdown(title: str, found: Sequence[Section]) -> str:
    def cell(text: str) -> str:
        # Angle brackets as entities: not every reader of Markdown knows that they may be escaped.
        return _MARKDOWN.sub(r"\\\1", html.escape(cleaned(text), quote=False)).replace("\n", "<br>")

    parts = [f"# {_line(title)}\n"]
    for section in found:
        parts.append(f"## {section.title}\n")
        if section.remark:
            parts.append(f"{cell(section.remark)}\n")
        if section.rows:
            parts.append(f"| {' | '.join(section.columns)} |")
            parts.append(f"|{'---|' * len(section.columns)}")
            parts += [f"| {' | '.join(cell(each) for each in row)} |" for row in section.rows]
            parts.append("")
    return "\n".join(parts) + "\n"


_STYLE = (
    "body{font:14px/1.4 sans-serif;margin:2em;color:#111}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3em .6em;border-bottom:1px solid #ccc;overflow-wrap:anywhere}"
    "@media print{body{margin:0}}"
)


def as_html(text: str) -> str:
    """A text of people as HTML: escaped, its lines kept."""
    return html.escape(cleaned(text)).replace("\n", "<br>")


def _html(title: str, found: Sequence[Section]) -> str:
    """One file without scripts, addresses or anything else that is fetched."""

    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{as_html(title)}</title><style>{_STYLE}</style></head><body>\n<h1>{as_html(title)}</h1>",
    ]
    for section in found:
        parts.append(f"<h2>{as_html(section.title)}</h2>")
        if section.remark:
            parts.append(f"<p>{as_html(section.remark)}</p>")
        if section.rows:
            heads = "".join(f"<th>{as_html(each)}</th>" for each in section.columns)
            parts.append(f"<table><thead><tr>{heads}</tr></thead><tbody>")
            parts += [f"<tr>{''.join(f'<td>{as_html(each)}</td>' for each in row)}</tr>" for row in section.rows]
            parts.append("</tbody></table>")
    return "\n".join([*parts, "</body></html>", ""])


_FORMATS: dict[str, Callable[[str, Sequence[Section]], str]] = {"text": _text, "markdown": _markdown, "html": _html}

"""The HTML part of an e-mail: the message's lines with styles inside the tags, because mail programs drop everything else."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from pipeline.rendering.dialects import ATOM
from pipeline.rendering.lines import Line, Role

_COLOURS = {"critical": "#8b0000", "high": "#b3261e", "medium": "#9a6700", "low": "#1f6f8b", "info": "#57606a"}
_TAGS: dict[Role, tuple[str, str]] = {
    "headline": ("h2", "font-size:20px;margin:8px 0"),
    "note": ("p", "margin:4px 0;font-weight:bold"),
    "snippet": ("blockquote", "margin:8px 0;padding:4px 12px;border-left:4px solid #d0d7de"),
    "lead": ("p", "margin:8px 0;color:#444"),
    "heading": ("p", "margin:8px 0 2px;font-weight:bold"),
    "entry": ("p", "margin:2px 0 2px 12px"),
    "about": ("p", "margin:1px 0;color:#444"),
    "link": ("p", "margin:8px 0"),
    "ids": ("p", "margin:12px 0 0;color:#888;font-size:12px"),
}
_USUAL = ("p", "margin:4px 0")


def page(found: Iterable[Line], language: str, severity: str) -> str:
    """The lines as an HTML document without scripts, images or anything that is fetched."""
    colour = _COLOURS.get(severity, "#57606a")
    rows = []
    for line in found:
        tag, style = _TAGS.get(line.role, _USUAL)
        if line.role == "why":
            style = f"margin:0;padding:6px 12px;color:#fff;background:{colour}"
        rows.append(f'<{tag} style="{style}">{ATOM.line(line)}</{tag}>')
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}"><head><meta charset="utf-8"></head>\n'
        '<body style="font-family:sans-serif;font-size:15px;line-height:1.4;max-width:720px">\n' + "\n".join(rows) + "\n</body></html>\n"
    )


def plain_page(body: str, language: str) -> str:
    """A template's text, written in the dialect `atom`, as such a document."""
    broken = body.replace("\n", "<br>\n")
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}"><head><meta charset="utf-8"></head>\n'
        f'<body style="font-family:sans-serif;font-size:15px;line-height:1.4;max-width:720px">\n{broken}\n</body></html>\n'
    )

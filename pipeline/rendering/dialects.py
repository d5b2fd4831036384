"""How a channel writes lines: what is strong, marked or a link, and how text is escaped so that it stays text.

An invisible blank (U+200B) behind "@" keeps "@channel", "@here", "@room" and "@all" from ringing everybody: there is no other way to write them
in these channels as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape as html_escape
from itertools import groupby

from pipeline.rendering.lines import Line, Run

UNSEEN = "\u200b"
_MARKUP_OF_SLACK = str.maketrans({"*": "\u2217", "_": "\u02cd", "~": "\u223c", "`": "\u02cb"})
_MARKUP_OF_MATTERMOST = re.compile(r"[\\`*{}\[\]()#+\-.!_>~|$=]")
_EMOJI_OR_ADDRESS = re.compile(r":(?=[\w+/-])")


@dataclass(frozen=True)
class Dialect:
    """`escape` makes a clean line of text safe; the pairs surround escaped text; `link` joins an escaped text and an address.

    `between` stands between lines, `quote` before and after a piece of the article.
    """

    name: str
    escape: Callable[[str], str]
    strong: tuple[str, str]
    mark: tuple[str, str]
    link: Callable[[str, str], str]
    between: str = "\n"
    quote: tuple[str, str] = ("", "")
    links_in_a_row: bool = True

    def line(self, line: Line) -> str:
        """One line, escaped."""
        text = "".join(self._alike(list(runs)) for _, runs in groupby(line.runs, lambda each: (each.strong, each.url)))
        return self.quote[0] + text + self.quote[1] if line.role in ("snippet", "lead") else text

    def _alike(self, runs: Sequence[Run]) -> str:
        """Neighbours that are strong together are so within one pair: `**a****b**` is read differently everywhere."""
        text = "".join(self.mark[0] + self.escape(each.text) + self.mark[1] if each.marked else self.escape(each.text) for each in runs)
        if runs[0].strong:
            text = self.strong[0] + text + self.strong[1]
        return self.link(text, runs[0].url) if runs[0].url else text


def written(found: Iterable[Line], dialect: Dialect) -> str:
    """The lines in `dialect`. Links stand beside each other where a link needs no line of its own."""
    texts: list[str] = []
    before = ""
    for line in found:
        text = dialect.line(line)
        if before == line.role == "link" and dialect.links_in_a_row:
            texts[-1] += " · " + text
        else:
            texts.append(text)
        before = line.role
    return dialect.between.join(texts)


def _unmentioned(text: str) -> str:
    return text.replace("@", "@" + UNSEEN)


def _markup(text: str) -> str:
    return html_escape(text, quote=True)


def _anchor(text: str, url: str) -> str:
    return f'<a href="{_markup(url)}">{text}</a>'


def _slack(text: str) -> str:
    """Slack knows no escape for its own markup, so its four characters become others that look alike; only < > & have escapes."""
    return _unmentioned(html_escape(text, quote=False)).translate(_MARKUP_OF_SLACK)


def _mattermost(text: str) -> str:
    """Backslashes before all that is markup; a name between colons would become an emoji, and an address a link, without the unseen blank."""
    escaped = _MARKUP_OF_MATTERMOST.sub(r"\\\g<0>", text.replace("&", "&amp;").replace("<", "&lt;"))
    return _EMOJI_OR_ADDRESS.sub(":" + UNSEEN, _unmentioned(escaped))


def _in_brackets(text: str, url: str) -> str:
    return f"[{text}]({url.replace('(', '%28').replace(')', '%29')})"


def _in_angles(text: str, url: str) -> str:
    return f"<{html_escape(url, quote=False)}|{text}>"


PLAIN = Dialect("plain", str, ("", ""), ("»", "«"), lambda text, url: f"{text}: {url}", links_in_a_row=False)
SLACK = Dialect("slack", _slack, (f"{UNSEEN}*", f"*{UNSEEN}"), ("»", "«"), _in_angles, quote=("> ", ""))
MATTERMOST = Dialect(
    # The unseen blank lets ** begin and end beside punctuation and inside a word (CommonMark, 6.2).
    "mattermost",
    _mattermost,
    (f"**{UNSEEN}", f"{UNSEEN}**"),
    ("»", "«"),
    _in_brackets,
    between="  \n",
)
TELEGRAM = Dialect(
    "telegram", lambda text: _markup(_unmentioned(text)), ("<b>", "</b>"), ("<u>", "</u>"), _anchor, quote=("<blockquote>", "</blockquote>")
)
MATRIX = Dialect(
    "matrix",
    lambda text: _markup(_unmentioned(text)),
    ("<strong>", "</strong>"),
    ("<u>", "</u>"),
    _anchor,
    between="<br>",
    quote=("<em>", "</em>"),
)
ATOM = Dialect("atom", _markup, ("<strong>", "</strong>"), ("<mark>", "</mark>"), _anchor, between="<br/>")
DIALECTS = {each.name: each for each in (PLAIN, SLACK, MATTERMOST, TELEGRAM, MATRIX, ATOM)}

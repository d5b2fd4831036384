"""The letters that a regular expression demands, so that texts without them need not be looked at.

A small reader of RE2's syntax that errs on one side: what it does not understand demands nothing.
"""

from __future__ import annotations

import re

_DEEPEST = 20
_TOKEN = re.compile(
    r"""(?P<class>\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\])
    |(?P<escape>\\(?:[pP](?:\{[^}]*\}|.)|x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|Q.*?\\E|[0-7]{2,3}|.))
    |(?P<open>\((?:\?(?:P?<\w+>|[imsU-]*:|[imsU-]+(?=\))))?)
    |(?P<close>\))
    |(?P<bar>\|)
    |(?P<count>[*+?]\??|\{\d+(?:,\d*)?\}\??)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def required(pattern: str) -> frozenset[str]:
    """Runs of letters and digits of which every text with the expression holds one, in small letters; empty when none is demanded."""
    reader = _Reader([(match.lastgroup or "", match[0]) for match in _TOKEN.finditer(pattern)])
    found = reader.alternatives(0)
    return found if reader.at == len(reader.tokens) else frozenset()


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0

    def alternatives(self, depth: int) -> frozenset[str]:
        """Up to the closing bracket or the end: what one of the alternatives demands; empty when one demands nothing."""
        branches = [self._branch(depth)]
        while self._kind() == "bar":
            self.at += 1
            branches.append(self._branch(depth))
        return frozenset().union(*branches) if all(branches) else frozenset()

    def _kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _branch(self, depth: int) -> frozenset[str]:
        """The best that the row demands: the longest run of characters, or a group whose shortest run is longer."""
        best: frozenset[str] = frozenset()
        run = ""
        while self._kind() not in ("", "bar", "close"):
            kind, text = self.tokens[self.at]
            self.at += 1
            inner: frozenset[str] = frozenset()
            if kind == "open":
                inner = self._group(depth)
            literal = text.lower() if kind == "other" and text.isalnum() else ""
            repeated = self._repeats()
            if literal and not repeated:
                run += literal
                continue
            if literal and repeated == "some":
                run += literal
            best, run = max(best, frozenset({run} - {""}), key=_length), ""
            if inner and repeated != "any":
                best = max(best, inner, key=_length)
        return max(best, frozenset({run} - {""}), key=_length)

    def _group(self, depth: int) -> frozenset[str]:
        found = self.alternatives(depth + 1) if depth < _DEEPEST else self._skipped()
        if self._kind() == "close":
            self.at += 1
        return found

    def _skipped(self) -> frozenset[str]:
        """Nothing, and everything up to the bracket that closes this depth is passed over."""
        depth = 0
        while self._kind() and not (depth == 0 and self._kind() == "close"):
            depth += {"open": 1, "close": -1}.get(self._kind(), 0)
            self.at += 1
        return frozenset()

    def _repeats(self) -> str:
        """ "" when no count follows, "some" for one or more, "any" when it may be left out."""
        if self._kind() != "count":
            return ""
        text = self.tokens[self.at][1]
        self.at += 1
        return "any" if text[0] in "*?" or text.startswith("{0") else "some"


def _length(found: frozenset[str]) -> int:
    return min(map(len, found), default=0)

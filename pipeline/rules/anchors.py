"""By which keys of an article a compiled rule is found: as few and as rare ones as its conditions allow."""

from __future__ import annotations

from pipeline.rules.answers import beginning, unknown_head
from pipeline.rules.compiled import Condition, Inside, Nearby, Node, Pattern, Spelled, Tree, Words

_MOST_SHORT = 3


def anchors(node: Node) -> frozenset[str]:
    """Keys of which an article must have one for `node` to hold; empty when it can hold without any."""
    match node:
        case Words():
            return _of_words(node)
        case Nearby():
            return max((anchors(item) for item in node.items), key=_worth)
        case Pattern():
            return frozenset(node.anchors)
        case Condition():
            return frozenset()
        case Inside():
            return anchors(node.node)
        case Tree():
            demanded = [anchors(child) for child in node.all]
            if node.any:
                alternatives = [anchors(child) for child in node.any]
                demanded.append(frozenset().union(*alternatives) if all(alternatives) else frozenset())
            return max((each for each in demanded if each), key=_worth, default=frozenset())


def _of_words(node: Words) -> frozenset[str]:
    if node.glued and len(node.words) > 1:
        pairs = zip(node.words, node.words[1:], strict=False)
        return max((frozenset(a + b for a in first.forms for b in second.forms) for first, second in pairs), key=_worth)
    return max((keys_of(each) for each in node.words), key=_worth)


def keys_of(spelling: Spelled) -> frozenset[str]:
    """Every key by which a place of the word is found."""
    return frozenset(
        (
            *spelling.forms,
            *spelling.heads,
            *(verb for verb, _ in spelling.separated),
            *(unknown_head(head) for head in spelling.unknown_heads),
            *(beginning(each) for each in spelling.modifiers if len(each) > _MOST_SHORT - 1),
        )
    )


def _worth(found: frozenset[str]) -> tuple[int, int]:
    """How well the keys tell articles apart: long words are rare, and few keys are better than many. Nothing is worth least."""
    return min(map(len, found), default=0), -len(found)

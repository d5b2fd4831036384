"""Why a rule matches a text or does not: its compiled forms, its hits, and every near miss with the guard that rejected it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.article import Article, Entity, Field, Hit
from pipeline.enriching import Recogniser
from pipeline.find.misses import misses
from pipeline.rules.check import article_of, as_tried, named_in
from pipeline.rules.compile import LANGUAGES, rule_set
from pipeline.rules.compiled import CompiledRule, Condition, Inside, Nearby, Node, Pattern, Tree, Words
from pipeline.rules.entities import of_where, told
from pipeline.rules.evaluate import Reading, evidence
from pipeline.rules.filters import refused, speaks
from pipeline.rules.match import analyse_fields, match
from pipeline.rules.model import Clause, Constituents, Group, Phrase, Term, Within
from pipeline.rules.signs import said
from pipeline.rules.spelling import Form, described
from pipeline.text.tokens import analyse

_MOST_MISSES = 200


class WordForms(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a clause: the forms it is looked for in. `heads`, `separated`: also as the end of compounds, also in two pieces."""

    word: str
    forms: tuple[Form, ...]
    heads: bool = False
    separated: tuple[str, ...] = ()


class ClauseForms(msgspec.Struct, frozen=True, kw_only=True):
    """One clause, by its path in the rule. `says` tells in words what it asks for besides its forms."""

    clause: str
    term: str
    says: str = ""
    words: tuple[WordForms, ...] = ()


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the text that resembles a clause, and why it does not count. `text[start:end]` of `field` is `surface`."""

    clause: str
    term: str
    surface: str
    field: Field
    start: int
    end: int
    why: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """`refused` is what keeps the rule from matching although words are found; "" where there is no text, or it matches.

    `named`: which entities the rule asks for and which there are; "" for a rule that asks for none.
    """

    rule_id: str
    version: str
    clauses: tuple[ClauseForms, ...]
    matched: bool = False
    hits: tuple[Hit, ...] = ()
    misses: tuple[Miss, ...] = ()
    refused: str = ""
    named: str = ""


def explained(
    compiled: CompiledRule,
    text: str = "",
    title: str = "",
    language: str = "",
    *,
    entities: tuple[Entity, ...] | None = None,
    recogniser: Recogniser | None = None,
) -> Explanation:
    """The rule's forms and, given a text or title, its hits and near misses there. Offsets refer to `shown(title)` and `shown(text)`.

    Without `language` the text is judged as a test of the rule is, see `tried`. Filters on the source, the rule's status and its end are left out of account, as in the rule's own tests. `entities`: those of the text; if None,
    those that are recognised in it, where the rule asks for any.
    """
    rule = compiled.rule
    languages = rule.langs or LANGUAGES
    found = Explanation(rule_id=rule.id, version=compiled.version, clauses=tuple(_clauses(compiled.tree, rule.match, languages)))
    if not text and not title:
        return found
    language = language or next(iter(rule.langs), "")
    if entities is None:
        entities = named_in([compiled], article_of(text, title, language or "de"), recogniser)
    article = msgspec.structs.replace(article_of(text, title, language or "und"), entities=entities)
    texts = analyse_fields(article)
    matches = match(rule_set([as_tried(compiled)]), article, texts)
    reading = Reading(texts, article)
    return msgspec.structs.replace(
        found,
        matched=bool(matches),
        hits=matches[0].hits if matches else (),
        misses=tuple(each for each, _ in zip(_misses(compiled.tree, reading), range(_MOST_MISSES), strict=False)),
        refused="" if matches else _refused(compiled, reading, article),
        named=told(compiled, entities),
    )


def _clauses(tree: Tree, declared: Group, languages: tuple[str, ...]) -> Iterator[ClauseForms]:
    options = dict(_options(declared, ""))
    for path, node in _leaves(tree, ""):
        match node:
            case Words():
                yield _of_words(path, node, options.get(path), languages)
            case Nearby():
                scope = "paragraph" if node.paragraph else "sentence"
                order = " in this order" if node.ordered else ""
                yield ClauseForms(clause=path, term=node.term, says=f"all within {node.within} words of one {scope}{order}")
            case Pattern():
                yield ClauseForms(clause=path, term=node.term, says=f"{node.kind} {node.pattern}")
            case Condition():
                yield ClauseForms(clause=path, term="", says=f"{node.place} {node.op} {' or '.join(node.values)}")
            case _:
                pass


def _of_words(path: str, node: Words, clause: Clause | None, languages: tuple[str, ...]) -> ClauseForms:
    words = []
    for word, spelling in zip(_words_of(node), node.words, strict=False):
        held = {each.folded: each for each in _described(word, clause, languages, len(node.words) == 1)}
        forms = tuple(
            held.get(form) or Form(form, form, "as written", ("needs a capital",) if form in spelling.capital else ())
            for form in sorted(spelling.forms)
        )
        pairs = tuple(sorted(f"{verb} … {particle}" for verb, particle in spelling.separated))
        words.append(WordForms(word=word, forms=forms, heads=bool(spelling.heads), separated=pairs))
    order = f"in this order, at most {node.slop} other words between them" if len(words) > 1 and not node.glued else ""
    signs = [said(each.word, spelling.sign, spelling.sign_before) for each, spelling in zip(words, node.words, strict=True)]
    return ClauseForms(clause=path, term=node.term, says=", ".join(filter(None, (order, *signs))), words=tuple(words))


def _words_of(node: Words) -> list[str]:
    """The words of the term as it writes them; of a word with a hyphen that is looked for in two, its parts."""
    read = analyse(node.term)
    if len(node.words) > len(read.forms):
        return [node.term[start:end] for _, start, end in read.parts.get(0, ())]
    return [read.surface(token) for token in range(len(node.words))]


def _described(word: str, clause: Clause | None, languages: tuple[str, ...], single: bool) -> tuple[Form, ...]:
    """The forms with their origin, where the clause is a term or a phrase of the rule itself."""
    match clause:
        case Term() if single:
            return described(
                word,
                languages,
                exact=clause.exact,
                inflect=clause.inflect,
                head=clause.head,
                modifier=clause.modifier,
                derive=clause.derive,
            )
        case Term() | Phrase():
            return described(word, languages, inflect=clause.inflect, head=False)
        case _:
            return described(word, languages)


def _options(group: Group, path: str) -> Iterator[tuple[str, Clause]]:
    """The clauses of the declared rule by the path that the compiled one gives them."""
    for name in ("all", "any", "none"):
        for number, clause in enumerate(getattr(group, name)):
            here = f"{path}{name}[{number}]"
            inner = clause.clause if isinstance(clause, Within) else clause
            if isinstance(inner, Group):
                yield from _options(inner, f"{here}.")
            elif not isinstance(inner, Constituents):
                yield here, inner


def _leaves(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Every node with its clause path, in the order of the rule; the items of a `near` after it."""
    match node:
        case Tree():
            for name in ("all", "any", "none"):
                for number, child in enumerate(getattr(node, name)):
                    here = path if node.whole else f"{path}{name}[{number}]"
                    yield from _leaves(child, f"{here}." if isinstance(child, Tree) and not child.whole else here)
        case Inside():
            yield from _leaves(node.node, path)
        case Nearby():
            yield path, node
            for item in node.items:
                yield from _leaves(item, path)
        case _:
            yield path, node


def _misses(tree: Tree, reading: Reading) -> Iterator[Miss]:
    for path, node in _leaves(tree, ""):
        if isinstance(node, Words) and not node.glued:
            for field, index in reading.indexes.items():
                for each in (miss for spelling in node.words for miss in misses(index, spelling)):
                    surface = index.read.text[each.start : each.end]
                    yield Miss(clause=path, term=node.term, surface=surface, field=field, start=each.start, end=each.end, why=each.why)


def _refused(compiled: CompiledRule, reading: Reading, article: Article) -> str:
    """Which condition fails, for a rule of which some words are there; the first one in the order in which they are tried."""
    rule = compiled.rule
    code = article.language.code
    if rule.langs and not speaks(code, rule.langs) and (rule.lang_strict or code != "und"):
        return f"the text is in {code!r}, the rule is for {', '.join(rule.langs)}"
    for number, child in enumerate(compiled.tree.none):
        if evidence(Tree(all=(child,)), reading, rule.fields) is not None:
            words = ", ".join(_surfaces(child, reading, rule.fields))
            return f"none[{number}] excludes it: {words}" if words else f"none[{number}] excludes it"
    missing = [number for number, child in enumerate(compiled.tree.all) if evidence(Tree(all=(child,)), reading, rule.fields) is None]
    if missing:
        return "not found: " + ", ".join(f"all[{number}]{_distant(compiled.tree.all[number], reading, rule.fields)}" for number in missing)
    if compiled.tree.any and evidence(Tree(any=compiled.tree.any), reading, rule.fields) is None:
        return "no clause of `any` is found" + "".join(_distant(child, reading, rule.fields) for child in compiled.tree.any)
    found = evidence(compiled.tree, reading, rule.fields)
    if found and refused(of_where(rule.where), article):
        return "the entities do not admit it"
    return f"it scores less than min_score {rule.min_score}" if found and rule.min_score else ""


def _surfaces(node: Node, reading: Reading, searched: Iterable[str]) -> list[str]:
    found = evidence(Tree(all=(node,)), reading, tuple(searched)) or []  # type: ignore[arg-type]  # the rule's own fields
    return list(dict.fromkeys(reading.texts[each.field].text[each.start : each.end] for each in found))


def _distant(node: Node, reading: Reading, searched: Iterable[str]) -> str:
    """For a `near` of which all words are there: that they stand too far apart."""
    for _, each in _leaves(node, ""):
        if isinstance(each, Nearby) and all(_surfaces(item, reading, searched) for item in each.items):
            scope = "paragraph" if each.paragraph else "sentence"
            return f" (all its words are there, but not within {each.within} words of one {scope})"
    return ""

"""What matching costs an article when there are many rules, and what the rules cost a worker: seconds to load, megabytes to hold.

The rules are a seeded mixture: a fifth are alternatives, 45 % demand one or two words, any of two to four others and exclude up to two, a tenth are
alternatives with exclusions, an eighth phrases, the rest nearness. Of their words 98.95 % are drawn from the dictionary and 1.05 % from the articles;
none but first words of phrases stands in more than 2 % of the articles; one phrase in twenty is written in an article. With 100,000 of them an article of
`de_news` is tried against about 52 and meets about 22: not sparser than a demanded word, any of four and one excluded: 46 and 16.7 (2026-11).
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import msgspec

from pipeline.article import Article, Language
from pipeline.bench.machine import usage
from pipeline.lexicon.building import HEADS
from pipeline.lexicon.store import opened
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.compiled import CompiledRule, RuleSet
from pipeline.rules.match import analyse_fields, candidates, match
from pipeline.rules.model import Clause, Group, Near, Phrase, Rule, Term
from pipeline.rules.publish import RuleTable, records
from pipeline.rules.terms import terms
from pipeline.text.folding import fold
from pipeline.text.tokens import forget

SIZES = (1_000, 10_000, 100_000)
SILENT = "silent"
Figures = dict[str, Any]

_LEAST_LETTERS = 5
_MOST_COMMON_SHARE = 0.02
# Nobody is told of words that stand in every fiftieth article, and most words of a desk's rules stand in no article of a given day.
_DICTIONARY_SHARE = 0.9895
_WRITTEN_PHRASE_SHARE = 0.05


def measure_matching(articles: Sequence[Article], seed: int, rounds: int = 3, sizes: Sequence[int] = SIZES) -> Figures:
    """Milliseconds an article for analysis and matching with each number of rules, the growth from the first to the last, and the memory.

    All sizes take turns in each round; the text is analysed anew each time, the caches of words are warm from a pass before. `silent` are those of the
    most rules that match no article: what the number of rules costs by itself, for the rest of the growth is the matches that more rules bring.
    """
    german = [msgspec.structs.replace(each, revision=1, language=Language(code="de")) for each in articles]
    declared = mixed_rules(german, max(sizes), seed)
    started = process_time()
    compiled = [compile_rule(each) for each in declared]
    compile_seconds = process_time() - started
    sets = {str(size): rule_set(compiled[:size]) for size in sizes}
    sets[SILENT] = rule_set(_silent(sets[str(max(sizes))], german))
    seconds: dict[str, list[float]] = {name: [] for name in sets}
    for round_number in range(rounds + 1):
        for name, rules in sets.items():
            taken = _matched(rules, german)
            if round_number:
                seconds[name].append(taken)
    rows = {name: _row(rules, german, median(seconds[name])) for name, rules in sets.items()}
    silent = rows.pop(SILENT)
    first, last = (rows[str(size)]["ms_per_article"] for size in (min(sizes), max(sizes)))
    del sets
    return {
        "articles": len(german),
        "sizes": rows,
        "growth": last / first,
        "silent": {**silent, "growth": silent["ms_per_article"] / first},
        "compile_ms_per_rule": compile_seconds / len(declared) * 1000,
        "worker": _held(compiled),
    }


def _silent(rules: RuleSet, articles: Sequence[Article]) -> list[CompiledRule]:
    """The rules that match none of the articles."""
    heard = {each.rule_id for article in articles for each in match(rules, article, analyse_fields(article))}
    return [each for rule_id, each in rules.rules.items() if rule_id not in heard]


def _matched(rules: RuleSet, articles: Sequence[Article]) -> float:
    forget()
    gc.collect()
    started = process_time()
    for article in articles:
        match(rules, article, analyse_fields(article))
    return process_time() - started


def _row(rules: RuleSet, articles: Sequence[Article], seconds: float) -> Figures:
    found = [match(rules, article, analyse_fields(article)) for article in articles]
    tried = [len(candidates(rules, analyse_fields(article).values())) for article in articles]
    return {
        "rules": len(rules.rules),
        "ms_per_article": seconds / len(articles) * 1000,
        "candidates_per_article": sum(tried) / len(articles),
        "matches_per_article": sum(map(len, found)) / len(articles),
    }


def mixed_rules(articles: Sequence[Article], count: int, seed: int) -> list[Rule]:
    """`count` German rules of every kind: alternatives, demands, exclusions, phrases, nearness, in fixed shares."""
    chance = random.Random(seed)
    words = _Words(articles, chance)
    return [
        Rule(id=f"bench-{number:06}", title=f"Mixed rule {number}", langs=("de",), match=_group(words, chance)) for number in range(count)
    ]


class _Words:
    """Words and neighbours of words to make rules of."""

    def __init__(self, articles: Sequence[Article], chance: random.Random) -> None:
        texts = [analyse_fields(each)["body"] for each in articles]
        surfaces = [{read.surface(token) for token in range(len(read.forms))} for read in texts]
        nouns = {word for each in surfaces for word in each if word[0].isupper() and word.isalpha() and len(word) >= _LEAST_LETTERS}
        times = Counter(term for each in articles for term in terms(analyse_fields(each).values()))
        most = max(2, len(articles) * _MOST_COMMON_SHARE)
        self.written = sorted(word for word in nouns if times[fold(word)] <= most)
        listed = (key[::-1] for key in opened("de", HEADS) if len(key) >= _LEAST_LETTERS)
        self.listed = sorted(word.capitalize() for word in listed if times[word] <= most)
        self.pairs = [
            f"{read.surface(at)} {read.surface(at + 1)}"
            for read in texts
            for at in range(0, len(read.forms) - 1, 7)
            if read.surface(at + 1)[0].isupper() and len(read.forms[at + 1]) >= _LEAST_LETTERS and times[read.forms[at + 1]] <= most
        ]
        self._chance = chance

    def term(self) -> Term:
        held = self.listed if self._chance.random() < _DICTIONARY_SHARE else self.written
        return Term(self._chance.choice(held))

    def terms(self, least: int, most: int) -> tuple[Term, ...]:
        return tuple(self.term() for _ in range(self._chance.randint(least, most)))


def _group(words: _Words, chance: random.Random) -> Group:
    kind = chance.random()
    if kind < 0.2:
        return Group(any=words.terms(1, 3))
    if kind < 0.65:
        return Group(all=words.terms(1, 2), any=words.terms(2, 4), none=words.terms(0, 2))
    if kind < 0.75:
        return Group(any=words.terms(1, 3), none=words.terms(1, 2))
    if kind < 0.87:
        written = chance.random() < _WRITTEN_PHRASE_SHARE
        text = chance.choice(words.pairs) if written else f"{words.term().term} {words.term().term}"
        phrase: Clause = Phrase(text, chance.randint(0, 2))
        return Group(any=(phrase, *words.terms(0, 2)))
    return Group(any=(Near(words.terms(2, 3), chance.randint(3, 10)),))


def _held(compiled: Sequence[CompiledRule]) -> Figures:
    """What a fresh process needs to read the rules from the records of their topic: seconds, and resident bytes more than before."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records"
        written = [(each.key, each.value or b"") for each in records(compiled)]
        path.write_bytes(msgspec.msgpack.encode(written))
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_hold, args=(str(path), theirs))
        process.start()
        seconds, grown = ours.recv()
        process.join()
    return {
        "rules": len(compiled),
        "load_seconds": seconds,
        "memory_bytes": grown,
        "topic_bytes": sum(len(value) for _, value in written),
    }


def _hold(path: str, answer: Connection) -> None:
    written = msgspec.msgpack.decode(Path(path).read_bytes(), type=list[tuple[str, bytes]])
    gc.collect()
    before = usage(os.getpid(), with_children=False).resident_bytes
    table = RuleTable()
    started = perf_counter()
    for key, value in written:
        table.apply(key, value)
    seconds = perf_counter() - started
    gc.collect()
    answer.send((seconds, usage(os.getpid(), with_children=False).resident_bytes - before))

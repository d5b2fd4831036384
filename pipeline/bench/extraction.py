"""Article text from web pages: ours beside trafilatura's fast mode, over the pages of the article extraction benchmark where they are there.

The score is that benchmark's: F1 over runs of four words, of the mean precision and the mean recall of all pages.
"""

from __future__ import annotations

import gzip
import importlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from time import process_time

import msgspec

Figures = dict[str, float]

_PAGES = Path("extraction")
_WORD = re.compile(r"\w+")
_RUN_WORDS = 4


def measure_extraction(data_folder: Path, rounds: int) -> Figures | None:
    """F1 and CPU milliseconds a page of both, in turn, medians of the rounds; None where the pages are not there.

    Ours is the whole reading of a page, title, dates and kind included, as the connectors' worker does it; the other is the text alone.
    """
    folder = data_folder / _PAGES
    if not (folder / "ground_truth.json").is_file():
        return None
    truth = {name: each["articleBody"] for name, each in msgspec.json.decode((folder / "ground_truth.json").read_bytes()).items()}
    pages = {name: gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes()).decode("utf-8", "replace") for name in truth}
    # Imported by name: what stands before the broker may import this package, never the reverse.
    ours = importlib.import_module("connectors._page.text").extract
    peer = importlib.import_module("trafilatura").extract
    readers: dict[str, Callable[[str], str]] = {
        "ours": lambda page: str(ours(page)["text"]),
        "trafilatura_fast": lambda page: str(peer(page, fast=True, include_comments=False) or ""),
    }
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    figures: Figures = {"pages": len(pages), "rounds": rounds}
    for _ in range(rounds):
        for name, read in readers.items():
            started = process_time()
            texts = {page: read(html) for page, html in pages.items()}
            seconds[name].append(process_time() - started)
            figures[f"{name}_f1"] = score(truth, texts)
    figures |= {f"{name}_cpu_ms_per_page": median(each) / len(pages) * 1000 for name, each in seconds.items()}
    return figures | {"times_trafilatura_fast": median(seconds["trafilatura_fast"]) / median(seconds["ours"])}


def score(truth: Mapping[str, str], texts: Mapping[str, str]) -> float:
    """F1 of the mean precision and the mean recall over all pages of `truth`."""
    precisions, recalls = [], []
    for name, wanted in truth.items():
        true, found = _runs(_WORD.findall(wanted)), _runs(_WORD.findall(texts[name]))
        common = (true & found).total()
        precisions.append(common / found.total())
        recalls.append(common / true.total())
    precision, recall = mean(precisions), mean(recalls)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _runs(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    """How often each run of four words occurs; a shorter text is one run."""
    return Counter(tuple(words[start : start + _RUN_WORDS]) for start in range(max(1, len(words) - _RUN_WORDS + 1)))

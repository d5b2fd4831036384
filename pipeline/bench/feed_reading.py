"""Items of feeds: ours beside feedparser, over the RSS feeds of the demonstration that need no feedparser, and a plain one with twenty items.

What limits ours, measured 2026-11-21 on a feed of 7 items and 9.8 kB that takes feedparser 3.4 ms: 0.38 ms, of it encoding and safety 0.07,
libxml2 0.06, originals and channel 0.05, the values of the items 0.15. Twenty times would leave 0.04 ms for these, 6 microseconds an item.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

from pipeline.bench.feed_server import document as plain
from pipeline.demo.feeds import SampleFeeds
from pipeline.text.decoding import decode

Figures = dict[str, float]

_ADDRESS = "https://feeds.example.org/all.xml"
# So often in a row, because the clock of the process is too coarse for a millisecond.
_TIMES = 20


def measure_feeds(rounds: int) -> Figures:
    """Items a CPU second of both, in turn, medians of the rounds, and how many times as fast ours is.

    Ours is everything between the bytes and the items: encoding, limits, and each item's own bytes. The other is its `parse` as it comes, which
    cleans HTML on the way; ours leaves that to the identify stage.
    """
    # Imported by name: what stands before the broker may import this package, never the reverse.
    ours = importlib.import_module("connectors._feed.parsing").parse
    peer = importlib.import_module("feedparser").parse
    feeds = [each for each in (plain(1, 100), *_samples()) if _is_plain(each)]
    readers: dict[str, Callable[[bytes], Any]] = {
        "ours": lambda data: ours(data, _ADDRESS).items,
        "feedparser": lambda data: peer(data).entries,
    }
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    items: dict[str, int] = {}
    for _ in range(rounds):
        for name, read in readers.items():
            started = process_time()
            found = [len(read(data)) for _ in range(_TIMES) for data in feeds]
            seconds[name].append(process_time() - started)
            items[name] = sum(found)
    spent = {name: median(each) for name, each in seconds.items()}
    figures: Figures = {"feeds": len(feeds), "rounds": rounds, "times_feedparser": spent["feedparser"] / spent["ours"]}
    for name, each in spent.items():
        figures |= {f"{name}_items": items[name] / _TIMES, f"{name}_items_per_second": items[name] / each}
    return figures


def _is_plain(data: bytes) -> bool:
    prepared = importlib.import_module("connectors._xml_safety").prepared(decode(data, None, "xml").text)
    return importlib.import_module("connectors._feed.quick_parsing").read(prepared, data, _ADDRESS) is not None


def _samples() -> list[bytes]:
    feeds = SampleFeeds(stepwise=True)
    try:
        feeds.advance(feeds.steps - 1)
        names = [each.name for each in feeds.samples.feeds.values() if each.format == "rss"]
        found = [feeds.document(f"/feeds/{name}.rss") for name in names]
        return [each.body for each in found if each]
    finally:
        feeds.stop()

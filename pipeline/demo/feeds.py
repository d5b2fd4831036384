"""Serves the samples on 127.0.0.1 as feeds whose items appear over time, and fills the watched folder.

There are two modes. In the timed one an item appears `appears_after_seconds / speed` after `start_at`. In the stepwise one (`stepwise=True`)
nothing moves by itself: `advance(step)` serves everything due up to that step, and each state of a live blog, each second delivery and
each copy has a later step than what it follows. Whoever drives it lets a step be processed to the end before the next.

Repeated starts: GUIDs, links without a port and texts never change between starts; published dates and the day in text files move
with `start_at`. The pipeline's content hash knows neither dates nor links, so on kept data a second start brings repeats and nothing new.
Articles without a GUID carry a fixed link for the same reason. A folder that already holds the files keeps those that are equal.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline import whole_file
from pipeline.clock import utc_now
from pipeline.demo.declarations import SAMPLES, Delivery, Feed, Sample, Samples, State, load
from pipeline.demo.render import Item, feed_bytes, page
from pipeline.demo.serving import HOST, Document, listen

# Publishers need a moment between the date they print and the feed.
_PUBLISHED_SECONDS_BEFORE = 45
_SECOND_LINE_DATE = re.compile(rb"\A([^\n]*\n)\d{4}-\d{2}-\d{2}(?=\n)")


class SampleFeeds:
    """The server of the sample feeds, from `start()` to `stop()`; also a context manager."""

    def __init__(
        self,
        samples_folder: Path = SAMPLES,
        start_at: datetime | None = None,
        speed: float = 1.0,
        *,
        stepwise: bool = False,
        now: Callable[[], datetime] = utc_now,
        port: int = 0,
    ) -> None:
        """`start_at` is aware (default: `now()`); `speed` 2 is twice as fast. `port` is taken when it is free, else any free one.

        Raises BadSample for faulty declarations, ValueError for a speed that is not above zero or a naive `start_at`.
        """
        if not speed > 0:
            raise ValueError(f"speed is {speed}; it must be above zero")
        self.samples: Samples = load(samples_folder)
        self.start_at = (start_at or now()).replace(microsecond=0)
        if self.start_at.tzinfo is None:
            raise ValueError(f"start_at {self.start_at} has no time zone")
        self.speed = speed
        self.steps = self.samples.steps
        self._stepwise = stepwise
        self._step = 0
        self.served: Counter[str] = Counter()  # feed name → requests answered since the last `advance`
        self._now = now
        self._server = listen(port, self.document)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sample-feeds", daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> SampleFeeds:
        """This object, answering requests in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Returns when the port is closed; may be called twice, or without `start`."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> SampleFeeds:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def advance(self, step: int) -> None:
        """From now on everything up to `step` (0 … `steps` - 1) is served. Raises ValueError in timed mode, backwards or beyond the end."""
        if not self._stepwise:
            raise ValueError("advance() belongs to the stepwise mode; in timed mode the clock decides")
        if not self._step <= step < self.steps:
            raise ValueError(f"step {step} cannot follow step {self._step} of {self.steps}")
        self._step = step
        self.served.clear()

    def finished(self) -> bool:
        """Whether everything that is declared has appeared."""
        if self._stepwise:
            return self._step == self.steps - 1
        return self._elapsed_seconds() >= self.samples.lasts_seconds

    def document(self, path: str) -> Document | None:
        """What the server answers for `path`, or None when there is nothing (yet)."""
        if path.startswith("/feeds/"):
            name, _, extension = path.removeprefix("/feeds/").rpartition(".")
            feed = self.samples.feeds.get(name)
            self.served[name] += 1
            return self._feed(feed) if feed and feed.format == extension and extension != "folder" else None
        if path.startswith("/articles/"):
            return self._page(path.removeprefix("/articles/"))
        return None

    def write_due_files(self, folder: Path) -> list[Path]:
        """The files that were written into `folder` (created where missing): those that are due and not there with these bytes yet.

        Each is written beside its place and then renamed, so that a watcher never sees half a file. A date line gets the day of
        `start_at`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for sample in self.samples.articles:
            if not sample.file or not any(self._due(delivery) for delivery in sample.deliveries):
                continue
            day = self.start_at.strftime("%Y-%m-%d").encode()
            data = _SECOND_LINE_DATE.sub(rb"\g<1>" + day, (self.samples.folder / "folder" / sample.file).read_bytes())
            target = folder / sample.file
            if target.exists() and target.read_bytes() == data:
                continue
            whole_file.put(target, data)
            written.append(target)
        return written

    def published_at(self, sample: Sample) -> datetime | None:
        """The published date of `sample` in this run; None when it carries none that can be read."""
        if sample.no_date or sample.published_raw:
            return None
        if sample.published_hours_before_start is not None:
            return self.start_at - timedelta(hours=sample.published_hours_before_start)
        return self._appeared_at(sample.deliveries[0]) - timedelta(seconds=_PUBLISHED_SECONDS_BEFORE)

    def _appeared_at(self, event: Delivery | State) -> datetime:
        """When it appeared. Stepwise, the run ends at `start_at`: what comes last is the newest, and nothing lies in the future."""
        seconds = event.appears_after_seconds - (self.samples.lasts_seconds if self._stepwise else 0)
        return (self.start_at + timedelta(seconds=seconds / self.speed)).replace(microsecond=0)

    def _elapsed_seconds(self) -> float:
        return (self._now() - self.start_at).total_seconds() * self.speed

    def _due(self, event: Delivery | State) -> bool:
        if self._stepwise:
            return event.step <= self._step
        return event.appears_after_seconds <= self._elapsed_seconds()

    def _state(self, sample: Sample) -> State:
        """The newest state that is due; the first one of an article that is not due yet."""
        return [state for state in sample.states if state.revision == 0 or self._due(state)][-1]

    def _feed(self, feed: Feed) -> Document:
        shown = []
        for sample in self.samples.articles:
            for delivery in sample.deliveries:
                if delivery.feed == feed.name and self._due(delivery):
                    state = self._state(sample)
                    changed_at = max(self._appeared_at(delivery), self._appeared_at(state))
                    item = Item(sample, state, delivery.form, self._link(feed, sample), self.published_at(sample), changed_at)
                    shown.append((delivery.appears_after_seconds, item))
        shown.sort(key=lambda each: (-each[0], each[1].sample.slug))
        items = [item for _, item in shown]
        modified_at = max((item.updated_at for item in items), default=self._earliest())
        body = feed_bytes(feed, items, f"http://{feed.site}/", modified_at)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return Document(body, f"application/{feed.format}+xml", etag, modified_at)

    def _earliest(self) -> datetime:
        return self.start_at - timedelta(seconds=self.samples.lasts_seconds / self.speed)

    def _link(self, feed: Feed, sample: Sample) -> str:
        return sample.link or f"http://{feed.site}:{self.port}/articles/{sample.slug}"

    def _page(self, slug: str) -> Document | None:
        for sample in self.samples.articles:
            if sample.slug == slug and any(self._due(each) for each in sample.deliveries):
                publisher = self.samples.feeds[sample.deliveries[0].feed].title
                return Document(page(sample, self._state(sample), publisher), "text/html; charset=utf-8")
        return None


def sources(base_url: str, folder: Path, samples: Samples | None = None, every_seconds: float = 2.0) -> list[dict[str, Any]]:
    """The sample feeds as `sources:` of a configuration, the watched folder among them; feeds of one publisher share their `owner`."""
    return [
        {
            "id": feed.name,
            "connector": "directory" if feed.format == "folder" else "rss",
            "name": feed.title,
            "country": feed.country,
            "language": feed.language,
            "owner": feed.site.removesuffix(".localhost"),
            "every_seconds": every_seconds,
            "backfill_alerts": True,
            "options": {"path": str(folder)} if feed.format == "folder" else _rss_options(feed, base_url),
        }
        for feed in (samples or load()).feeds.values()
    ]


def _rss_options(feed: Feed, base_url: str) -> dict[str, Any]:
    return {"url": f"{base_url}/feeds/{feed.name}.{feed.format}", "site": feed.site, "allow_private": [HOST]}

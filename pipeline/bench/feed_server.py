"""A server of very many feeds for the benchmark: answers late, sometimes with an error or not at all, and knows validators. A process of its own.

Feed `n` lives at `/feed/n`. It changes at its own pace, and its ETag with it; whoever sends the ETag back gets 304.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

ITEMS_SHOWN = 20
_ITEM = (
    '<item><title>Meldung {0} aus Feed {1}</title><link>https://f{1}.example/{0}</link><guid isPermaLink="false">{1}-{0}</guid>'
    "<pubDate>Fri, 20 Nov 2026 10:00:00 +0000</pubDate><description>{2}</description></item>"
)
_TEXT = "Ein Absatz, wie er in vielen Feeds steht, mit einigen Sätzen über das, was geschehen ist. " * 3


@dataclass(frozen=True)
class Manner:
    """How the server behaves: mean latency (exponential), shares of errors and of requests without an answer, and seconds until a feed changes."""

    latency_seconds: float = 0.2
    error_share: float = 0.01
    hanging_share: float = 0.002
    change_seconds: float = 3_600.0
    seed: int = 1


@dataclass
class _Served:
    """What was asked: when each feed was asked last, the pauses between two askings, and counts by status."""

    last_at: dict[int, float]
    pauses: list[float]
    statuses: dict[int, int]


@contextmanager
def serving_feeds(manner: Manner) -> Iterator[tuple[str, Connection]]:
    """The address, and a connection: send anything to get what was asked since, as a dictionary."""
    spawned = multiprocessing.get_context("spawn")
    ours, theirs = spawned.Pipe()
    process = spawned.Process(target=_run, args=(manner, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield f"http://127.0.0.1:{ours.recv()}", ours
    finally:
        process.terminate()
        process.join(10)
        ours.close()


def _run(manner: Manner, answer: Connection) -> None:
    asyncio.run(_serve(manner, answer))


async def _serve(manner: Manner, answer: Connection) -> None:
    chance, served = random.Random(manner.seed), _Served({}, [], {})

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            await _answer(head, writer, manner, chance, served)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass
        finally:
            writer.close()

    def tell() -> None:
        answer.recv()
        asked: dict[str, Any] = {"statuses": dict(served.statuses), "pauses": list(served.pauses), "feeds": len(served.last_at)}
        served.statuses.clear()
        served.pauses.clear()
        answer.send(asked)

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1_024)
    asyncio.get_running_loop().add_reader(answer.fileno(), tell)
    answer.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _answer(head: str, writer: asyncio.StreamWriter, manner: Manner, chance: random.Random, served: _Served) -> None:
    feed, now = int(head.split(" ", 2)[1].rpartition("/")[2]), time.time()
    if feed in served.last_at:
        served.pauses.append(now - served.last_at[feed])
    served.last_at[feed] = now
    roll = chance.random()
    if roll < manner.hanging_share:
        served.statuses[0] = served.statuses.get(0, 0) + 1
        await asyncio.sleep(120)
        return
    await asyncio.sleep(chance.expovariate(1 / manner.latency_seconds))
    version = int((now + feed * 7.13) // manner.change_seconds)
    etag, body = f'"{feed}-{version}"', b""
    if roll < manner.hanging_share + manner.error_share:
        status = 503
    elif f"if-none-match: {etag}" in head.lower():
        status = 304
    else:
        status, body = 200, document(feed, version)
    served.statuses[status] = served.statuses.get(status, 0) + 1
    writer.write(
        f"HTTP/1.1 {status} x\r\nETag: {etag}\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )
    await writer.drain()


def document(feed: int, version: int) -> bytes:
    """The feed as it is after so many changes: each brings one item, and pushes one out."""
    items = "".join(_ITEM.format(number, feed, _TEXT) for number in range(version, version - ITEMS_SHOWN, -1))
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Feed {feed}</title><link>https://f{feed}.example/</link>{items}</channel></rss>'.encode()

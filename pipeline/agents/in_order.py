"""Records of a partition one after the other: the hole before a record is fetched again before the record is taken (`pipeline.succession` says why)."""

from __future__ import annotations

import asyncio
from typing import Any

import faust
import structlog
from faust.types import TP

from pipeline import broker
from pipeline.settings import Settings
from pipeline.succession import Succession

log = structlog.get_logger()


class InOrder:
    """What one worker process asks its consumer to read again."""

    def __init__(self, settings: Settings, app: faust.App) -> None:
        self._settings = settings
        self._app = app

    async def takes(self, succession: Succession, topic: str, partition: int, offset: int) -> bool:
        """Whether the record comes next in its partition, and is taken herewith. Behind a hole, the hole is asked for first."""
        place = succession.place(partition, offset)
        if place == "behind a hole" and not succession.is_asked_for(partition):
            first = await asyncio.get_running_loop().run_in_executor(None, self._beginning, topic, partition)
            succession.begins_at(partition, first)
            place = succession.place(partition, offset)
            if place == "behind a hole":
                succession.ask_for(partition)
                self._read_again(topic, partition, succession.wanted(partition))
        if place == "next":
            succession.take(partition, offset)
        return place == "next"

    def read_what_stands_still(self, succession: Succession, topic: str) -> None:
        """Ask again for what the broker holds and no fetch brings: a hole at the end of a partition has nothing behind it."""
        for partition, offset in succession.still().items():
            if (self._app.consumer.highwater(TP(self._settings.topic(topic), partition)) or 0) > offset:
                self._read_again(topic, partition, offset)

    def _beginning(self, topic: str, partition: int) -> int:
        return broker.beginnings(self._settings.kafka, self._settings.topic(topic), [partition])[partition]

    def _read_again(self, topic: str, partition: int, offset: int) -> None:
        log.warning("reading again what was fetched and not handed over", topic=topic, partition=partition, offset=offset)
        consumer: Any = self._app.consumer
        consumer.read_again(self._settings.topic(topic), partition, offset)

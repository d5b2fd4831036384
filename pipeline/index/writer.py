"""Send until every document has its outcome. Nothing is given up: see the tables in `bulk.py`."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

import structlog

from pipeline.index import bulk
from pipeline.index.bulk import Answer, Next, Operation, Verdict, Whole

log = structlog.get_logger()

# While Elasticsearch takes nothing, the log says so at once and then this often.
REMIND_SECONDS = 30.0


class Writer:
    """Sends operations through `post`, which takes a request's bytes and returns the Answer without ever raising for one.

    It learns how large a request the server takes: after a 413 no request is as large again.
    """

    def __init__(
        self,
        post: Callable[[bytes], Answer],
        max_documents: int,
        max_bytes: int,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._post = post
        self._max_documents = max_documents
        self._max_bytes = max_bytes
        self._clock = clock
        self._chance = chance
        self.failures = 0  # fruitless tries in a row
        self.unreachable = False  # whether the newest request found no server
        self._answered = True  # whether the newest request was answered document by document
        self._since: float | None = None
        self._reminded_at = 0.0

    @property
    def max_bytes(self) -> int:
        return self._max_bytes

    def attempt(self, operations: Sequence[Operation]) -> list[Verdict]:
        """One try of each operation, in order: its verdict. What has `AGAIN` goes into the next attempt, after `wait_seconds`.

        After a request that failed as a whole the rest is not tried: it waits as well.
        """
        verdicts: list[Verdict] = []
        self._answered = True
        for request in bulk.requests(operations, self._max_documents, self._max_bytes):
            verdicts += self._send(request) if self._answered else [verdicts[-1]] * len(request)
        self._remember(verdicts)
        return verdicts

    def _send(self, request: Sequence[Operation]) -> list[Verdict]:
        body = b"".join([operation.payload for operation in request])
        answer = self._post(body)
        whole = bulk.judge_request(answer, len(request))
        self.unreachable = answer.status == 0
        self._answered = whole is Whole.READ
        if whole is Whole.READ:
            return bulk.judge(answer, len(request))
        if whole is not Whole.SPLIT:
            return [Verdict(Next(whole.value), answer.reason or f"status {answer.status}")] * len(request)
        if answer.status == 413:
            self._max_bytes = min(self._max_bytes, max(len(body) // 2, 1))
        if len(request) == 1:
            self._answered = True
            return [Verdict(Next.REFUSED, answer.reason or f"status {answer.status}")]
        return self._halves(request)

    def _halves(self, request: Sequence[Operation]) -> list[Verdict]:
        middle = len(request) // 2
        first = self._send(request[:middle])
        if not self._answered:
            return first + [first[-1]] * (len(request) - middle)
        return first + self._send(request[middle:])

    def missed(self, reason: str) -> None:
        """The server was not worth a try: count that like a fruitless one."""
        self._remember([Verdict(Next.AGAIN, reason)])

    @property
    def wait_seconds(self) -> float:
        """How long to wait before the next attempt."""
        return bulk.wait_seconds(self.failures, self._chance()) if self.failures else 0.0

    def _remember(self, verdicts: Sequence[Verdict]) -> None:
        """Count fruitless tries and tell the log: the first, then every `REMIND_SECONDS`, and the end."""
        waiting = [verdict for verdict in verdicts if verdict.next is Next.AGAIN]
        now = self._clock()
        if not waiting:
            if self._since is not None:
                log.info("Elasticsearch takes documents again", after_seconds=round(now - self._since, 1))
            self.failures, self._since = 0, None
            return
        self.failures = 1 if len(waiting) < len(verdicts) else self.failures + 1
        if self._since is None:
            self._since = now
        elif now - self._reminded_at < REMIND_SECONDS:
            return
        self._reminded_at = now
        log.warning(
            "Elasticsearch does not take documents; trying until it does",
            waiting=len(waiting),
            since_seconds=round(now - self._since, 1),
            why=waiting[-1].reason[:300],
        )


def write_all(
    writer: Writer, operations: Sequence[Operation], wait: Callable[[float], None] = time.sleep
) -> list[tuple[Operation, Verdict]]:
    """Every operation with its final verdict (done, older, refused), however long that takes.

    Returns early, with the STOP verdicts in the list, when the server refuses us.
    """
    settled: list[tuple[Operation, Verdict]] = []
    waiting = list(operations)
    while waiting:
        verdicts = writer.attempt(waiting)
        pairs = list(zip(waiting, verdicts, strict=True))
        settled += [pair for pair in pairs if pair[1].next is not Next.AGAIN]
        if any(verdict.next is Next.STOP for verdict in verdicts):
            return settled
        waiting = [operation for operation, verdict in pairs if verdict.next is Next.AGAIN]
        if waiting:
            wait(writer.wait_seconds)
    return settled

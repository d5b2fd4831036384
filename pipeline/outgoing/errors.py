"""Why a request brought no answer. Callers turn these into errors of their own, whose type says whether to try again."""

from __future__ import annotations

from pipeline.errors import LagebildError


class OutgoingError(LagebildError):
    """The root of what `pipeline.outgoing` raises."""


class NotAllowed(OutgoingError):
    """`host` leads to `address`, which is not on the open internet and was not allowed. Nothing was connected."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} leads to {address}, which is not on the open internet")
        self.host = host
        self.address = address


class NotResolved(OutgoingError):
    """The name service knows no address of the host, or does not answer."""


class NotSendable(OutgoingError):
    """The request can never be sent as it is: its address or a header is not what HTTP allows."""


class NotTrusted(OutgoingError):
    """The server's certificate does not hold; the message is the reason."""


class TimeIsOver(OutgoingError):
    """The deadline passed, or the server took longer than a step of the request may."""


class NoAnswer(OutgoingError):
    """Refused, broken off, or not HTTP."""


class TooLarge(OutgoingError):
    """The answer goes on beyond `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the answer is larger than {max_bytes:,} bytes")
        self.max_bytes = max_bytes

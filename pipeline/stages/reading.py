"""The article that a record carries."""

from __future__ import annotations

import msgspec

from pipeline.article import Article, decode
from pipeline.errors import Permanent, why_unreadable
from pipeline.outcome import Rejection
from pipeline.runner import Work


def read(work: Work) -> Article:
    """The article in the record's value. Raises Permanent (`invalid`) when it holds none."""
    try:
        return decode(work.value)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise Permanent(Rejection.INVALID, f"the record is not an article: {why_unreadable(error)}") from error

"""Whether a feed is to be pushed. What that takes, a web server among it, is loaded only then: every command loads the connectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.plugins import Connector, Context

if TYPE_CHECKING:
    from connectors._websub.pushed import Options

# The name under which a cursor keeps what is known of the hub.
NAME = "websub"


def is_wanted(options: Options, context: Context) -> bool:
    """Whether the feed's hub is to push it: that is switched on, and others can reach us."""
    callback = context.callback
    return callback is not None and (callback.every_source if options.websub is None else options.websub)


def with_pushes(feed: Connector, options: Options, context: Context) -> Connector:
    """`feed`, pushed by its hub as well where that is wanted; else `feed` itself."""
    if context.callback is None or not is_wanted(options, context):
        return feed
    from connectors._websub.pushed import Pushed

    return Pushed(feed, options, context, context.callback)


def has_hub(cursor: Mapping[str, Any]) -> bool:
    """Whether the feed of this cursor was to be pushed."""
    return NAME in cursor


def left(cursor: Mapping[str, Any], options: Options, context: Context, *, goes_on: bool) -> Mapping[str, Any] | None:
    """The cursor without its hub, once that has confirmed the end; None while it may still push, or is to go on."""
    if not has_hub(cursor) or (goes_on and is_wanted(options, context)):
        return None
    from connectors._websub import leaving

    return leaving.left(cursor, options, context)

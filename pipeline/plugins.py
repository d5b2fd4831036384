"""Plug-ins: connectors, enrichers and notifiers, found by file name.

The file name is the registration: `connectors/rss.py` is the connector `rss`. A plug-in module has

* `Options`: a pydantic model with a help text for each option (unknown options are refused), and
* `create(options, context)`, which returns an object with the one method of its kind, below.

A connector's module may also have `leave(cursor, options, context, *, goes_on)`. At a start it is called in a thread of its own with the cursor of each of its
sources, with `goes_on` false for those that are paused or removed: it ends what others were asked to do for the source, and returns the cursor to keep, or
None when it is to stay as it is.

`plugins:` in the configuration names further folders that are searched in the same way (`<folder>/connectors/*.py`, …). Files that
start with an underscore are machinery, never plug-ins. A plug-in is imported only when the configuration uses it.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pydantic

from pipeline.article import Article
from pipeline.clock import utc_now
from pipeline.errors import LagebildError
from pipeline.sources import Push

KINDS = {"connectors": "connectors", "enrichers": "pipeline.enrichers", "notifiers": "pipeline.notifiers"}


@dataclass(frozen=True)
class Unreadable:
    """Something a connector met and could not read: it ends in `articles.rejected` with its bytes."""

    subject: str  # what it was: a path, a URL, an item's GUID
    reason: str  # a value of `pipeline.outcome.Rejection`
    detail: str  # one sentence for a person
    original: bytes = b""

    @property
    def named_detail(self) -> str:
        """The detail with its subject before it, once: many details begin with it."""
        return self.detail if self.detail.startswith(f"{self.subject}: ") else f"{self.subject}: {self.detail}"


@dataclass(frozen=True)
class Batch:
    """What one fetch brought.

    `cursor` (JSON values only) says where the next fetch goes on; it is saved after the broker has confirmed all of `articles`
    and `unreadable`. `wait_seconds` is how long to wait before the next fetch; None leaves it to the collector.
    """

    articles: tuple[Article, ...] = ()
    cursor: Mapping[str, Any] = field(default_factory=dict)
    wait_seconds: float | None = None
    unreadable: tuple[Unreadable, ...] = ()
    more: bool = False  # fetch again at once: the source has more than this batch
    unchanged: bool = False  # the source itself said that nothing is new, and sent nothing
    possible_losses: int = 0  # how often something may have come and gone unseen since the last fetch
    left_out: int = 0  # items that a limit of ours kept out of this batch; they are told in `note` or `unreadable` too
    about: Mapping[str, Any] = field(
        default_factory=dict
    )  # what the source says of itself (status, validators, …), for `lagebild feeds test`
    note: str = ""  # one sentence for a person about the source's state, such as an address that has moved; "" when there is none
    push: Push | None = None  # how things stand with whoever pushes to us what we would else ask for; None where nobody was asked to


class Connector(Protocol):
    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The next batch after `cursor` ({} at first).

        Called by the collector, one call at a time per source, in a thread; may block on the network within its own
        timeouts. It never loops for ever, never sleeps and never knows Kafka. `Transient` backs off and keeps the cursor; `Permanent`
        does the same and marks the source as broken until a fetch succeeds.

        A connector may have an attribute `host`, the publisher's host: then its sources are fetched one at a time, with a pause between two.
        A connector that waits inside `fetch` for what others send has an attribute `listens = True`: it does not count among the fetches at once. Called
        with another cursor than that of its last batch, that batch did not arrive. Where there is a method `close`, it is called at the end.
        Where nothing can be fetched at all it has an attribute `try_by`, the sentence with which `feeds test` says how to try it instead.
        One that asks, and to which others push as well, has an attribute `has_pushes`: while it is true, and after `Context.callback.ring`, the
        next fetch comes at once and takes nobody's place, so it must not ask its publisher.
        """
        ...


class Enricher(Protocol):
    def enrich(self, article: Article) -> Article:
        """The article with what this enricher knows of it. Called once per article, in order; pure but for its own loaded data."""
        ...


class Notifier(Protocol):
    def notify(self, alert: Mapping[str, Any]) -> str | None:
        """Send one notification (the JSON object of `pipeline.message.Message`).

        Returns when the receiver has taken it, with what it answered (an id, a queue's name) for those who ask later; raises `TryAgain` or `GiveUp`. Retrying is the alerter's. Called in a thread.
        """
        ...


@dataclass(frozen=True)
class Callback:
    """Where others can reach the connectors of this process: `url` is the public address of `host` and `port`.

    `every_source`: whether sources use it that do not say. `ring` asks for a fetch of this source at once; it may be called in any thread.
    """

    url: str
    host: str
    port: int
    every_source: bool
    ring: Callable[[], None]


@dataclass(frozen=True)
class Context:
    """What a plug-in may know of its surroundings."""

    name: str  # the source's, enricher's or receiver's name in the configuration
    folder: Path = Path()  # the configuration's folder: relative paths start here
    now: Callable[[], datetime] = utc_now  # aware UTC; tests set it
    every_seconds: float | None = None  # the pause that the configuration names for this source; None leaves it to the connector
    callback: Callback | None = None  # None where nobody fetches again, such as in `feeds test`, or where no address is configured


class NoSuchPlugin(LagebildError):
    """A plug-in named in the configuration was not found."""


class FaultyPlugin(LagebildError):
    """A plug-in raised what it may not raise; the message names its file and line."""


@contextmanager
def faults_named(name: str, file: str | None) -> Iterator[None]:
    """Turns a defect in the plug-in `name`, whose module is `file`, into FaultyPlugin; errors of ours pass as they are."""
    try:
        yield
    except (LagebildError, pydantic.ValidationError):
        raise
    except Exception as error:
        lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == file]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        what = error.msg if isinstance(error, SyntaxError) else error
        raise FaultyPlugin(f"the plug-in {name!r} is faulty: {file}:{line or 1}: {type(error).__name__}: {what}") from error


def make(module: ModuleType, options: Any, context: Context) -> Any:
    """What the plug-in's `create` returns. Raises FaultyPlugin with file and line for a defect in it, and errors of ours as they are."""
    name = module.__name__.rpartition(".")[2]
    with faults_named(name, module.__file__):
        return module.create(options, context)


def names(kind: str, folders: tuple[Path, ...] = ()) -> list[str]:
    """All plug-ins of `kind` (`connectors`, `enrichers`, `notifiers`), sorted. Imports none of them."""
    package = importlib.import_module(KINDS[kind])
    found = {module.name for module in pkgutil.iter_modules(package.__path__)}
    for folder in folders:
        found |= {path.stem for path in (folder / kind).glob("*.py")}
    return sorted(name for name in found if not name.startswith("_"))


def load(kind: str, name: str, folders: tuple[Path, ...] = ()) -> ModuleType:
    """The plug-in's module; the team's own folders are searched first.

    Raises NoSuchPlugin when there is none of that name, FaultyPlugin when it cannot be imported or has no `Options` or `create`.
    """
    for folder in folders:
        path = folder / kind / f"{name}.py"
        if path.is_file():
            return _load_file(kind, name, path)
    if name not in names(kind):
        raise NoSuchPlugin(f"there is no plug-in {name!r} among the {kind}; known are: {', '.join(names(kind, folders))}")
    return importlib.import_module(f"{KINDS[kind]}.{name}")


def _load_file(kind: str, name: str, path: Path) -> ModuleType:
    full_name = f"lagebild_plugins.{kind}.{name}"
    if full_name in sys.modules and sys.modules[full_name].__file__ == str(path):
        return sys.modules[full_name]
    spec = importlib.util.spec_from_file_location(full_name, path)
    if spec is None or spec.loader is None:
        raise NoSuchPlugin(f"{path} cannot be loaded as a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full_name] = module
    try:
        with faults_named(name, str(path)):
            spec.loader.exec_module(module)
        if missing := [each for each in ("Options", "create") if not hasattr(module, each)]:
            raise FaultyPlugin(f"the plug-in {name!r} is faulty: {path}:1: it has no {' and no '.join(missing)}")
    except BaseException:
        del sys.modules[full_name]
        raise
    return module

"""The words in which `content.py` and `watches.py` declare what Kibana shows. Nothing here knows how Kibana stores it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Operation = Literal["count", "unique_count", "max", "sum", "median", "percentile", "last_value"]
Shape = Literal["metric", "bars", "stacked", "lines", "donut", "table"]
# Left edge, upper edge, width and height on a dashboard of 48 columns.
Place = tuple[int, int, int, int]


@dataclass(frozen=True)
class View:
    """One index or alias of `pipeline.index.templates`, as people choose it in Kibana. `links` are fields that show as links."""

    name: str
    index: str
    title: str
    time_field: str = "@timestamp"
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measure:
    """One figure. `where` (KQL) narrows it; `percent` belongs to the operation `percentile`."""

    label: str
    operation: Operation = "count"
    field: str = ""
    where: str = ""
    percent: int = 0


@dataclass(frozen=True)
class Terms:
    """The most frequent values of a field, or with `rising` those whose first measure is smallest."""

    label: str
    field: str
    size: int = 10
    others: bool = False
    rising: bool = False


@dataclass(frozen=True)
class OverTime:
    """Slots of time, as wide as the chosen range makes them."""

    field: str = "@timestamp"


@dataclass(frozen=True)
class Panel:
    """One chart. `where` (KQL) narrows it; `since` gives it a time range of its own, which ends now."""

    name: str
    title: str
    shape: Shape
    view: str
    measures: tuple[Measure, ...]
    place: Place
    by: tuple[Terms | OverTime, ...] = ()
    where: str = ""
    since: str = ""


@dataclass(frozen=True)
class Search:
    """A saved search: which columns of which documents, newest first by `sort`."""

    name: str
    title: str
    view: str
    columns: tuple[str, ...]
    sort: str
    where: str = ""


@dataclass(frozen=True)
class SearchPanel:
    """A saved search on a dashboard."""

    name: str
    title: str
    search: str
    place: Place
    since: str = ""


@dataclass(frozen=True)
class Dashboard:
    name: str
    title: str
    description: str
    since: str
    refresh_seconds: int
    panels: tuple[Panel | SearchPanel, ...]


@dataclass(frozen=True)
class Watch:
    """One alert rule of Kibana: documents for which `where` (KQL) holds, one alert for each value of `each`.

    An alert stays active while its document was indexed within `minutes`, and tells once: so it does not repeat within that time. `shown` are Mustache
    names of a hit for the message.
    """

    name: str
    title: str
    view: str
    where: str
    each: str
    minutes: int
    shown: tuple[str, ...]
    tags: tuple[str, ...] = field(default=())

"""The text of a message in one dialect and within a limit: in the words of the rule's template where it has one, else in the usual form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.rendering.dialects import Dialect, written
from pipeline.rendering.fitting import fitted
from pipeline.rendering.lines import Line, lines
from pipeline.rendering.template import BadTemplate, rendered


@dataclass(frozen=True)
class Body:
    """A message that fits. `alert` is what it was made of, shortened where it had to be; `templated`: in the words of the rule's template."""

    text: str
    alert: Mapping[str, Any]
    templated: bool = False

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it says in the usual form, shortened alike."""
        return lines(self.alert)

    def in_usual_form(self, alert: Mapping[str, Any]) -> dict[str, Any]:
        """`alert`, of which this was made in vain, without its template, but with what is wrong with that."""
        return {**alert, "template_source": "", "template_problem": self.alert.get("template_problem", "")}


def body(alert: Mapping[str, Any], dialect: Dialect, limit: int, measure: Callable[[str], int] = len) -> Body:
    """The message in `dialect`, with `measure` of its text at most `limit`.

    A faulty template, or one whose shortest text does not fit, gives way to the usual form, which says so: a mistake in wording costs no alert.
    """
    if source := str(alert.get("template_source") or ""):
        try:
            found = fitted(alert, lambda each: measure(rendered(source, each, dialect)) <= limit)
            text = rendered(source, found, dialect)
            if text and measure(text) <= limit:
                return Body(text, found, templated=True)
            alert = {**alert, "template_problem": "the text is too long for this channel" if text else "it writes nothing"}
        except BadTemplate as error:
            alert = {**alert, "template_problem": str(error)}
    found = fitted(alert, lambda each: measure(written(lines(each), dialect)) <= limit)
    return Body(written(lines(found), dialect), found)

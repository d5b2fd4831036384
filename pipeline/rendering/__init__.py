"""From the JSON object of an alert to what people read, once for all channels.

`cleaning`: text and addresses without what deceives. `words`: German and English. `lines`: what a message says, in order, without any markup.
`dialects`: how a channel writes it, with everything escaped. `fitting`: how it is shortened. `template`: a rule's own wording. `mail`: the HTML of
an e-mail. Everything here is pure; the notifiers send it.
"""

from __future__ import annotations

from pipeline.rendering.dialects import ATOM, DIALECTS, MATRIX, MATTERMOST, PLAIN, SLACK, TELEGRAM, Dialect, written
from pipeline.rendering.fitting import fitted
from pipeline.rendering.lines import Line, Run, lines, subject
from pipeline.rendering.template import BadTemplate, prepared, rendered
from pipeline.rendering.whole import body

__all__ = [
    "ATOM",
    "BadTemplate",
    "DIALECTS",
    "Dialect",
    "Line",
    "MATRIX",
    "MATTERMOST",
    "PLAIN",
    "Run",
    "SLACK",
    "TELEGRAM",
    "body",
    "fitted",
    "lines",
    "prepared",
    "rendered",
    "subject",
    "written",
]

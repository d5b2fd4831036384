"""IPTC 7901: the text format of agency wires, a header, a text and a time between control characters."""

from __future__ import annotations

import re
from dataclasses import replace

from connectors._files import text_layout
from connectors._item import Item
from connectors._wire.instants import embargo
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.text.decoding import decode

SOH, STX, ETX = b"\x01", b"\x02", b"\x03"
MAX_MESSAGES = 1_000
# Idle characters, SOH, and a header that is text.
BEGINS = re.compile(rb"[\x00\r\n\x16 ]{0,50}\x01[\r\n\t -\x7e]{4,400}\x02")

# Source and number, priority (1 flash to 9), category, words: "bdt0123 3 pl 275 Raketen".
_HEADER = re.compile(r"([A-Za-z]{0,8}) ?(\d{1,6}) +(\d) +([A-Za-z]{1,5}) +(\d{1,6})(?: +(.{1,200}))?")
_MONTHS = {
    name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
} | {
    "mai": 5,
    "okt": 10,
    "dez": 12,
}
# Day and time, zone, month, year: "201158 Nov 26", "201158 GMT Nov 26".
_TIME = re.compile(r"(\d{2})(\d{2})(\d{2}) *(Z|GMT|UTC)? *([A-Za-zä]{3})[a-zä]* +(\d{2}|\d{4})", re.IGNORECASE)
_EMBARGO = re.compile(r"[^\w\n]*(?:sperrfrist|embargo(?:ed)?(?: until)?|hold for release(?: until)?)\b[ :]*(.{0,80})", re.IGNORECASE)
# Words joined without blanks, as agencies file a story: "Nordkorea/Raketen/", "KOREA-MISSILE/TEST (UPDATE 1)".
_SLUG = re.compile(r"[\w.&'-]{1,60}(?:/[\w.&'-]{0,60}){1,8}(?: ?\([^()]{1,40}\))?|[A-Z0-9]{2,30}(?:-[A-Z0-9]{1,30}){1,6}")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def messages(data: bytes) -> list[bytes]:
    """The messages in `data`, each from its SOH to before the next; `MAX_MESSAGES` at most. Raises Permanent above."""
    found = [SOH + each for each in data.split(SOH)[1:]]
    if len(found) > MAX_MESSAGES:
        raise Permanent(Rejection.TOO_LARGE, f"{len(found):,} messages in one file; {MAX_MESSAGES:,} are read at most: split it")
    return found


def read(data: bytes) -> tuple[Item, str]:
    """The article in one message, and the encoding it was read in. Raises Permanent when header or text are missing, or an embargo cannot be read.

    The format has no ids: source, number and day tell a message from others, and a repeated number of the same day replaces it.
    """
    head, begun, rest = data.removeprefix(SOH).partition(STX)
    body, _, tail = rest.partition(ETX)
    decoded = decode(body.strip() or b" ")
    lines = [_CONTROLS.sub("", line).strip() for line in head.decode("latin-1").splitlines()]
    header = next((found for line in lines if (found := _HEADER.fullmatch(line))), None)
    if not begun or header is None:
        raise Permanent(
            Rejection.UNREADABLE, "the message has no IPTC 7901 header (source and number, priority, category, words) before its text"
        )
    source, number, priority, category, _words, keywords = header.groups()
    time = _time(tail.decode("latin-1"))
    slug, text = _without_slug(_CONTROLS.sub("", decoded.text))
    item = text_layout.read(text)
    line = next((found for each in item.body.splitlines()[:5] + [item.title] if (found := _EMBARGO.match(each))), None)
    return (
        replace(
            item,
            guid=f"iptc7901:{source.lower()}{int(number)}:{time[:10]}",
            published=item.published or time,
            section=category,
            keywords=(
                *(each for each in (keywords or "").split() if each),
                *(each for each in re.split(r"[/ ]+", slug) if each),
                f"priority {priority}",
            ),
            embargoed_at=embargo(line[1]) if line else None,
            original=data,
        ),
        decoded.encoding,
    )


def _without_slug(text: str) -> tuple[str, str]:
    """The slug line, if the text begins with one, and the text behind it: the headline comes after it. A last line is never taken for a slug."""
    first, _, rest = text.lstrip().partition("\n")
    return (first.strip(), rest) if rest.strip() and _SLUG.fullmatch(first.strip()) else ("", text)


def _time(tail: str) -> str:
    """The time behind the text in ISO 8601, with a zone where it names one; "" when there is none."""
    found = _TIME.search(_CONTROLS.sub(" ", tail))
    month = _MONTHS.get(found[5].lower()) if found else None
    if not found or not month:
        return ""
    day, hour, minute, zone, _, year = found.groups()
    return f"{int(year) % 100 + 2000}-{month:02}-{day}T{hour}:{minute}:00{'Z' if zone else ''}"

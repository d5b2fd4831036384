"""What every notifier keeps to: each against a real receiver on this machine."""

from __future__ import annotations

import itertools
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, get_args

import pydantic
import pytest

from pipeline import plugins
from pipeline.errors import GiveUp, TryAgain
from pipeline.matched import Snippet
from pipeline.message import HeldBack, Item, Kind, Reporter, Why
from pipeline.notifiers._preview import preview
from pipeline.rendering import prepared
from pipeline.rendering.cleaning import one_line
from tests.channels import ADDRESSED, HTTP, LEAVING, LINK, NOON, SECRET, Channel, alert
from tests.local_servers import hanging, raw_server, resetting

# Not ours to mend: Apprise imports it to see whether it is there.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

NAMES = plugins.names("notifiers")
ITEM = Item(
    episode_id="e2", rule_title="Beben", severity="low", headline="Erdbeben", at=NOON, url="https://a.example/2", source="Blatt", members=4
)
Opened = Callable[[str], Channel]


def plain(text: str) -> str:
    """What somebody reads: without the unseen blanks and without the marks around words."""
    return text.translate({0x200B: None, ord("»"): None, ord("«"): None, 0x2217: "*", 0x2CD: "_", 0x223C: "~", 0x2CB: "`"})


def test_every_notifier_is_found_and_machinery_is_not() -> None:
    assert set(NAMES) == {*HTTP, "email", "kafka", "atom", "file", "console"}


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_described_and_unknown_ones_are_refused(name: str) -> None:
    options = plugins.load("notifiers", name).Options
    assert all(field.description for field in options.model_fields.values())
    with pytest.raises(pydantic.ValidationError, match="not permitted"):
        options.model_validate({"no_such_option": 1})


@pytest.mark.parametrize("name", NAMES)
def test_its_example_is_valid_and_shows_a_message_without_any_server(name: str) -> None:
    module = plugins.load("notifiers", name)
    options = module.Options.model_validate(module.EXAMPLE)
    assert "Raketentest" in str(module.payload(alert(), options))
    assert "Raketentest" in preview(name, alert())


@pytest.mark.parametrize("name", NAMES)
def test_a_message_arrives_once_with_headline_and_link(name: str, opened: Opened) -> None:
    found = opened(name)
    found.make().notify(alert())
    (seen,) = found.seen()
    assert "Nordkorea meldet Raketentest" in plain(seen.text)
    assert LINK in seen.links


@pytest.mark.parametrize("name", [each for each in HTTP if each not in ("apprise", "alertmanager")])
def test_what_is_sent_is_what_is_shown_beforehand_but_for_secrets(name: str, opened: Opened) -> None:
    found = opened(name)
    assert found.receiver
    found.make().notify(alert())
    module = plugins.load("notifiers", name)
    shown = module.payload(alert(), module.Options.model_validate(found.options))
    sent = json.loads(found.receiver.got[0][1])
    assert {key: value for key, value in sent.items() if key not in ("source", "topic", "routing_key")} == {
        key: value for key, value in shown.items() if key != "source"
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_message_is_taken(name: str, opened: Opened) -> None:
    found = opened(name)
    notifier = found.make()
    changes: list[dict[str, Any]] = [
        *({"kind": kind, "why": why} for kind, why in itertools.zip_longest(get_args(Kind), get_args(Why), fillvalue="first")),
        {"why": "storm", "kind": "storm", "held_back": 3, "held": (HeldBack(episode_id="e", headline="h", url="u", source="s", at=NOON),)},
        {"why": "digest", "kind": "digest", "items": (ITEM, ITEM)},
        {"why": "channel_failed", "kind": "channel", "text": "The channel phone does not take messages."},
        {"first_source": Reporter(name="Erster", at=NOON), "links": {"story": "https://a.example/s"}, "reader_language": "en"},
        {"source": None, "headline": "", "headline_marks": (), "snippet": Snippet(), "new_facts": (), "url": "", "lead": ""},
    ]
    for number, each in enumerate(changes):
        notifier.notify({**alert(**each), "notification_id": f"n{number}", "episode_id": f"e{number}"})


@pytest.mark.parametrize("name", NAMES)
def test_many_threads_may_notify_at_once(name: str, opened: Opened) -> None:
    found = opened(name)
    notifier = found.make()
    messages = [alert(notification_id=f"n{number}", episode_id=f"e{number}") for number in range(8)]
    threads = [threading.Thread(target=notifier.notify, args=(each,)) for each in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found.seen()) == 8


HOSTILE = {
    "header": "Raketentest\r\nBcc: evil@example.org\r\nX-Evil: 1\r\n\r\n<script>alert(1)</script>",
    "html": "<b>Raketentest</b> <img src=x onerror=alert(1)> <a href='javascript:alert(1)'>x</a> </blockquote> &lt;b&gt; \"'",
    "markdown": "**Raketentest** [x](https://evil.example) ![y](https://evil.example/i.png) `c` ~~d~~ _e_ > q # h <https://evil.example> \\",
    "slack": "*Raketentest* <!everyone> <!channel> <@U123> <https://evil.example|Bank> &lt;!here&gt;",
    "mention": "Raketentest @channel @here @all @everyone @room @admin :bomb: ~town-square #top",
    "template": "Raketentest {{ 7*7 }} {% raise %} ${7*7} #{7*7} @{triggerBody()} %s {0} <%= 7*7 %>",
    "controls": "Raketentest \x1b[31m\x9b2J \x07 \x00 \u2028 \u2029 \u202eevil\u202c \u2066x\u2069 \ufeff\u200b\xad [bold]x[/bold]",
    "cdata": "Raketentest ]]> <![CDATA[ <!DOCTYPE x> <?php ?> <!-- -->",
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", [each for each in NAMES if each not in ("webhook", "file", "kafka")])
def test_a_hostile_headline_is_shown_as_text_and_does_nothing_else(name: str, hostile: str, opened: Opened) -> None:
    found = opened(name)
    found.make().notify(alert(HOSTILE[hostile], lead=HOSTILE[hostile], rule_title="R"))
    (seen,) = found.seen()
    assert one_line(HOSTILE[hostile]) in plain(seen.text)
    assert not [each for each in seen.text if not each.isprintable() and each not in "\n\u200b\u200c\u200d"]
    if name != "console":
        assert set(seen.links) == {LINK}
    assert "49" not in seen.text.replace("7*7", "")


@pytest.mark.parametrize("name", ["slack", "teams", "mattermost", "telegram", "matrix", "apprise"])
def test_no_headline_can_ring_everybody_in_a_chat(name: str, opened: Opened) -> None:
    found = opened(name)
    found.make().notify(alert(HOSTILE["mention"] + " " + HOSTILE["slack"]))
    sent = found.seen()[0].raw.decode("utf-8")
    if name != "slack":
        assert not [word for word in ("@channel", "@here", "@all", "@everyone", "@room", "@admin") if word in sent]
    assert "<!everyone>" not in found.seen()[0].text.rpartition("\n")[2]


@pytest.mark.parametrize("name", ["webhook", "file", "kafka"])
def test_channels_for_programs_carry_the_headline_as_it_came(name: str, opened: Opened) -> None:
    found = opened(name)
    for hostile in HOSTILE.values():
        found.make().notify(alert(hostile))
    assert [each.text.split("\nRaketentest")[0] for each in found.seen()] and len(found.seen()) == len(HOSTILE)
    assert all(hostile in each.text for hostile, each in zip(HOSTILE.values(), found.seen(), strict=True))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("character", ["x", "&", "\U0001f680", "*"])
def test_an_enormous_message_is_shortened_to_what_the_channel_takes_and_keeps_its_link(name: str, character: str, opened: Opened) -> None:
    found = opened(name)
    headline = "Raketentest " + character * 10_000
    links = {"story": "https://a.example/s" + "y" * 500, "episode": "https://a.example/e"}
    items = tuple([ITEM] * 300)
    found.make().notify(alert(headline, snippet=Snippet(text=character * 200_000), lead=character * 50_000, links=links, items=items))
    (seen,) = found.seen()
    assert LINK in seen.links
    assert "Raketentest" in plain(seen.text)
    assert seen.size <= found.limit


PROGRAMS = ("webhook", "file", "kafka")


@pytest.mark.parametrize("name", NAMES)
def test_a_faulty_template_costs_no_message_and_is_said_in_it(name: str, opened: Opened) -> None:
    found = opened(name)
    found.make().notify(alert() | {"template_source": "{{ nothing.there }}", "template": "eigene"})
    (seen,) = found.seen()
    assert "Nordkorea meldet Raketentest" in plain(seen.text) and LINK in seen.links
    assert name in (*PROGRAMS, "console") or "Die Vorlage eigene der Regel ist fehlerhaft" in plain(seen.text)
    assert b"template_source" not in seen.raw


@pytest.mark.parametrize("name", [each for each in NAMES if each not in (*PROGRAMS, "console")])
def test_a_rules_template_words_the_message(name: str, opened: Opened) -> None:
    found = opened(name)
    source = "EIGENE WORTE {{ headline|upper }} {{ url|link('hin') }}"
    found.make().notify(alert("Raketentest <b> & *x*") | {"template_source": source, "template": "eigene"})
    raw = preview(name, alert("Raketentest <b> & *x*") | {"template_source": source}, found.options or None)
    assert "EIGENE WORTE" in raw and "a.example" in raw
    if name != "slack":
        assert "EIGENE WORTE RAKETENTEST <B> & *X*" in plain(found.seen()[0].text)


def test_a_template_that_is_not_there_is_said_in_the_message(tmp_path: Path, opened: Opened) -> None:
    found = opened("mattermost")
    found.make().notify(prepared(alert(template="fehlt"), tmp_path, "Europe/Berlin"))
    assert "fehlt.j2 cannot be read" in plain(found.seen()[0].text)


@pytest.mark.parametrize("name", LEAVING)
def test_private_addresses_are_refused_unless_allowed(name: str, opened: Opened) -> None:
    found = opened(name)
    with pytest.raises(GiveUp, match="allow_private"):
        found.make(allow_private=["192.168.7.0/24"]).notify(alert())
    assert found.seen() == []


STATUSES = [
    (400, {}, GiveUp, None),
    (401, {}, GiveUp, None),
    (403, {}, GiveUp, None),
    (404, {}, GiveUp, None),
    (301, {"location": "http://127.0.0.1/"}, GiveUp, None),
    (307, {"location": "http://127.0.0.1/"}, GiveUp, None),
    (408, {}, TryAgain, None),
    (410, {}, GiveUp, None),
    (413, {}, GiveUp, None),
    (425, {}, TryAgain, None),
    (429, {"retry-after": "17"}, TryAgain, 17.0),
    (429, {}, TryAgain, None),
    (500, {}, TryAgain, None),
    (502, {}, TryAgain, None),
    (503, {"retry-after": "17"}, TryAgain, 17.0),
    (503, {"retry-after": format_datetime(NOON + timedelta(seconds=40), usegmt=True)}, TryAgain, 40.0),
    (503, {"retry-after": "nonsense"}, TryAgain, None),
]


@pytest.mark.parametrize(("status", "headers", "raised", "after_seconds"), STATUSES)
@pytest.mark.parametrize("name", [each for each in HTTP if each != "apprise"])
def test_each_status_has_its_meaning(
    name: str, status: int, headers: dict[str, str], raised: type[Exception], after_seconds: float | None, opened: Opened
) -> None:
    found = opened(name)
    assert found.receiver
    found.receiver.answers.append((status, headers))
    with pytest.raises(raised, match=str(status)) as caught:
        found.make().notify(alert())
    assert getattr(caught.value, "after_seconds", None) == after_seconds
    assert len(found.receiver.got) == 1


@pytest.mark.parametrize("name", LEAVING)
@pytest.mark.parametrize("fault", [hanging, resetting], ids=["hanging", "resetting"])
def test_a_receiver_that_hangs_or_breaks_off_is_tried_again(name: str, fault: Any, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    found = opened(name)
    with raw_server(fault) as address:
        _redirect(found, address.rstrip("/"), monkeypatch)
        notifier = found.make(**_elsewhere(found, address.rstrip("/")), timeout_seconds=0.3)
        began = time.monotonic()
        with pytest.raises(TryAgain):
            notifier.notify(alert())
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("name", LEAVING)
def test_nobody_there_is_tried_again(name: str, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    found = opened(name)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        _redirect(found, address, monkeypatch)
        with pytest.raises(TryAgain):
            found.make(**_elsewhere(found, address), timeout_seconds=0.5).notify(alert())


def _elsewhere(found: Channel, address: str) -> dict[str, Any]:
    """The options that name another address."""
    if found.name == "email":
        return {"port": int(address.rpartition(":")[2])}
    named = [each for each in ("url", "api", "homeserver") if each in found.options]
    return {} if found.name in ADDRESSED else {each: address for each in named}


def _redirect(found: Channel, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if found.name in ADDRESSED:
        scheme = "json" if found.name == "apprise" else "http"
        monkeypatch.setenv("CHANNEL_SECRET", f"{address.replace('http', scheme)}/{SECRET}")


@pytest.mark.parametrize("name", HTTP)
def test_no_secret_is_shown_in_an_error_a_representation_a_log_or_a_payload(
    name: str, opened: Opened, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    found = opened(name)
    assert found.receiver
    notifier = found.make()
    shown = [repr(notifier), str(vars(found)), caplog.text]
    for status in (200, 400, 403, 500):
        found.receiver.answers.append((status, {}, b"<html>nonsense</html>"))
        try:
            notifier.notify(alert())
        except (GiveUp, TryAgain) as error:
            shown += _chain(error)
    for change in ({"allow_private": []}, {"timeout_seconds": 0.0001}):
        with pytest.raises((GiveUp, TryAgain)) as caught:
            found.make(**change).notify(alert()) if name != "apprise" else found.make(allow_private=[]).notify(alert())
        shown += _chain(caught.value)
    module = plugins.load("notifiers", name)
    options = module.Options.model_validate(found.options)
    shown += [repr(options), options.model_dump_json(), str(module.payload(alert(), options)), caplog.text, *capsys.readouterr()]
    assert not [text for text in shown if SECRET in text]


def _chain(error: BaseException | None) -> list[str]:
    found = []
    while error is not None:
        found += [str(error), repr(error)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


SECRET_OPTIONS = {
    "webhook": ("secret",),
    "slack": ("url", "token"),
    "teams": ("url",),
    "mattermost": ("url",),
    "telegram": ("token",),
    "matrix": ("token",),
    "ntfy": ("token", "password"),
    "pagerduty": ("routing_key",),
    "alertmanager": ("token", "password"),
    "apprise": ("url",),
    "email": ("password",),
}


@pytest.mark.parametrize(("name", "option"), [(name, option) for name, options in SECRET_OPTIONS.items() for option in options])
def test_a_secret_that_is_written_out_is_refused_and_not_shown(name: str, option: str) -> None:
    module = plugins.load("notifiers", name)
    with pytest.raises(pydantic.ValidationError, match=r"\$\{env:NAME\}") as caught:
        module.Options.model_validate({**module.EXAMPLE, option: f"https://a.example/{SECRET}"})
    assert SECRET not in str(caught.value)


def test_every_option_that_is_a_secret_is_known_here() -> None:
    found = {
        name: tuple(
            sorted(
                option
                for option, field in plugins.load("notifiers", name).Options.model_fields.items()
                if field.annotation is pydantic.SecretStr and field.metadata
            )
        )
        for name in NAMES
    }
    assert {name: set(options) for name, options in found.items() if options} == {
        name: set(options) for name, options in SECRET_OPTIONS.items()
    }

"""A rule's own wording: what a template may say, that it always ends, and that nothing of an article is ever run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rendering import DIALECTS, MATTERMOST, PLAIN, SLACK, TELEGRAM, BadTemplate, body, prepared, rendered
from pipeline.rendering.template import MAX_OUTPUT_CHARACTERS, MAX_SOURCE_CHARACTERS, problem
from tests.channels import LINK, Markup, alert


def test_a_template_words_the_message_in_the_dialect_of_each_channel() -> None:
    source = "{{ severity|severity|upper }} {{ marked_headline }} {{ url|link('hin') }}{% if members > 1 %} +{{ members }}{% endif %}"
    assert rendered(source, alert(), PLAIN) == f"HOCH Nordkorea meldet »Raketentest« hin: {LINK} +3"
    assert '<u>Raketentest</u> <a href="https://a.example/1?x=1&amp;y=2">hin</a>' in rendered(source, alert(), TELEGRAM)
    assert "[hin](https://a.example/1?x=1&y=2)" in rendered(source, alert(), MATTERMOST)


@given(st.text())
def test_what_is_put_in_is_escaped_and_never_read_as_a_template(headline: str) -> None:
    hostile = headline + " {{ 7*7 }} {% raise %} <b>&"
    text = rendered("A {{ headline }} B", alert(hostile, word=""), TELEGRAM)
    parsed = Markup(text)
    assert parsed.tags == [] and "{{ 7*7 }} {% raise %} <b>&" in parsed.text
    assert "<!channel>" not in rendered("{{ headline }}", alert("<!channel>" + headline, word=""), SLACK)


@pytest.mark.parametrize(
    "source",
    [
        "{{ headline.__class__ }}",
        "{{ headline.upper() }}",
        "{{ items.append }}",
        "{% if headline.upper %}x{% endif %}",
        "{{ links.items }}",
        "{{ nothing }}",
        "{{ source.nothing }}",
        "{{ self }}",
        "{{ ''.__class__.__mro__[1] }}",
        "{{ ''['__class__'] }}",
        "{{ lipsum }}",
        "{{ range(9) }}",
        "{{ 'x' * 10**9 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% set x = 1 %}",
        "{% for a in 'x' %}{% for b in 'x' %}{% for c in 'x' %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in items recursive %}{{ loop(items) }}{% endfor %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}x{% endfilter %}",
        "{% autoescape false %}{{ headline }}{% endautoescape %}",
        "{{ headline|safe }}",
        "{{ headline|attr('x') }}",
        "{{ [1, 2] }}",
        "{{ {} }}",
        "{{ source }}",
        "{{ headline ~ headline }}",
        "{{ headline[0:3] }}",
        "{{ headline is callable }}",
        "{{",
        "{% if %}",
        "{{ members < 'x' }}",
        "{{ took_seconds|link|nothing }}",
        "x" * (MAX_SOURCE_CHARACTERS + 1),
        "{{ a.b }}" * 2_000,
        "{% if a %}" * 500 + "{% endif %}" * 500,
    ],
)
def test_what_a_template_may_not_say_is_refused(source: str) -> None:
    with pytest.raises(BadTemplate):
        rendered(source, alert(), PLAIN)


def test_a_mistake_names_its_line() -> None:
    assert problem("a\nb {% set x = 1 %}") == "line 2: Assign is not allowed in templates of messages"
    assert problem("a\n{{ headline|nothing }}").startswith("line 2: No filter named 'nothing'")
    assert problem("{{ headline }}") == ""


def test_a_template_that_writes_too_much_or_takes_too_long_ends() -> None:
    items = [{"headline": "x" * 2_000}] * 200
    with pytest.raises(BadTemplate, match=f"{MAX_OUTPUT_CHARACTERS:,} characters"):
        rendered("{% for a in items %}{% for b in items %}{{ b.headline }}{% endfor %}{% endfor %}", alert() | {"items": items}, PLAIN)
    began = time.monotonic()
    slow = "{% for a in items %}{% for b in items %}" + "{% if a.headline < b.headline %}{% endif %}" * 150 + "{% endfor %}{% endfor %}"
    with pytest.raises(BadTemplate, match="too long"):
        rendered(slow, alert() | {"items": items}, PLAIN, max_seconds=0.05)
    assert time.monotonic() - began < 5


def test_a_list_has_at_most_200_entries_and_may_be_joined() -> None:
    facts = [{"words": f"w{number}"} for number in range(1_000)]
    text = rendered(
        "{{ new_facts|join(', ', 'words') }}|{{ new_facts|length }}|{{ new_facts[0].words }}", alert() | {"new_facts": facts}, PLAIN
    )
    assert text.startswith("w0, w1, ") and text.endswith("w199|200|w0")


def test_optional_fields_are_there_and_may_have_a_default() -> None:
    assert rendered("{{ first_source|default('niemand') }} {{ links.story|default('-') }} {{ text }}", alert(), PLAIN) == "niemand -"


@pytest.mark.parametrize("name", DIALECTS)
def test_a_faulty_template_gives_way_to_the_usual_form_which_says_so(name: str) -> None:
    found = body(alert(template="eigene") | {"template_source": "{{ nothing }}"}, DIALECTS[name], 4_000)
    assert not found.templated and "eigene" in found.text and "nothing" in found.text and "Raketentest" in found.text


def test_a_long_snippet_is_shortened_in_a_template_too() -> None:
    made = alert() | {"snippet": {"text": "x" * 10_000, "marks": []}, "template_source": "{{ marked_snippet }} {{ url|link('hin') }}"}
    found = body(made, PLAIN, 500)
    assert found.templated and len(found.text) <= 500 and LINK in found.text


@pytest.mark.parametrize("name", ["../secrets", "/etc/passwd", "a/b", "", "x" * 65, "fehlt", ".hidden", "a\x00b"])
def test_only_a_template_in_its_folder_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "secrets.j2").write_text("geheim", encoding="utf-8")
    (tmp_path / "templates").mkdir()
    found = prepared(alert() | {"template": name}, tmp_path / "templates", "Europe/Berlin")
    assert "template_source" not in found and bool(found.get("template_problem")) == bool(name)


def test_the_template_that_a_rule_names_is_used(tmp_path: Path) -> None:
    (tmp_path / "kurz.j2").write_text("Kurz: {{ headline }}\n", encoding="utf-8")
    found = prepared(alert() | {"template": "kurz"}, tmp_path, "Europe/Vienna")
    assert body(found, PLAIN, 1_000).text == "Kurz: Nordkorea meldet Raketentest" and found["time_zone"] == "Europe/Vienna"
    (tmp_path / "kurz.j2").write_bytes(b"\xff\xfe")
    assert prepared(alert() | {"template": "kurz"}, tmp_path, "UTC")["template_problem"]

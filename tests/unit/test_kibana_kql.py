"""The part of Kibana's query language that the dashboards are written in."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.kibana.kql import NotKql, fields, parse, quoted, to_query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", {"match_all": {}}),
        ("   ", {"match_all": {}}),
        ("a : b", {"match": {"a": "b"}}),
        ('a.b:"two words"', {"match_phrase": {"a.b": "two words"}}),
        ("a : *", {"exists": {"field": "a"}}),
        ('a : "*"', {"match_phrase": {"a": "*"}}),
        ("not a : *", {"bool": {"must_not": {"exists": {"field": "a"}}}}),
        ("a : (b or c)", {"bool": {"should": [{"match": {"a": "b"}}, {"match": {"a": "c"}}], "minimum_should_match": 1}}),
        ("a : (b)", {"match": {"a": "b"}}),
        ("n >= 3 and n < 9", {"bool": {"filter": [{"range": {"n": {"gte": "3"}}}, {"range": {"n": {"lt": "9"}}}]}}),
        (
            "a : b or c : d and e : f",
            {
                "bool": {
                    "should": [{"match": {"a": "b"}}, {"bool": {"filter": [{"match": {"c": "d"}}, {"match": {"e": "f"}}]}}],
                    "minimum_should_match": 1,
                }
            },
        ),
        (
            "(a : b OR c : d) AND NOT e : f",
            {
                "bool": {
                    "filter": [
                        {"bool": {"should": [{"match": {"a": "b"}}, {"match": {"c": "d"}}], "minimum_should_match": 1}},
                        {"bool": {"must_not": {"match": {"e": "f"}}}},
                    ]
                }
            },
        ),
    ],
)
def test_it_becomes_the_query_that_kibana_makes(text: str, query: dict[str, Any]) -> None:
    assert to_query(parse(text)) == query


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a", "ends where a comparison"),
        ("a :", "ends where a value of a"),
        ('a : "b', "quote missing"),
        ("a : (b or c", "not closed"),
        ("(a : b", "not closed"),
        ("a : b c : d", "goes on with 'c'"),
        ("a b", "after a comes 'b'"),
        ('"a" : b', "where a field should"),
        ("a : )", "where a value of a should"),
        ("a : b and", "ends where a field"),
    ],
)
def test_what_it_cannot_read_is_named(text: str, why: str) -> None:
    with pytest.raises(NotKql, match=why):
        parse(text)


def test_every_field_is_named_with_its_comparison() -> None:
    assert fields(parse("a : b and not (c > 1 or a : *)")) == {("a", ":"), ("c", ">")}
    assert fields(parse("")) == set()


@pytest.mark.parametrize("value", ["raketentest", 'ein "Wort"', "back\\slash", "or", "(x)", "*"])
def test_a_quoted_value_is_taken_as_it_is(value: str) -> None:
    assert to_query(parse(f"a : {quoted(value)}")) == {"match_phrase": {"a": value}}

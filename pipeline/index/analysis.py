"""The analyser of ours for German texts, as data. Other languages have the one that Elasticsearch ships.

It is the shipped `german` (stop words, umlauts and ß folded, light stems) with two things that German news needs and the shipped one lacks. A compound is found
in either spelling, "Raketen-Test" and "Raketentest": the parts stand beside the whole. And what cannot be seen on a page (soft hyphens, zero-width
blanks) does not cut a word in two, while a hyphen that does not break lines is a hyphen. Whoever needs more, such as heads of compounds, asks
`news.terms`: no analyser of Elasticsearch knows them without lists.
"""

from __future__ import annotations

from typing import Any

# Its name in index settings and mappings.
GERMAN = "news_german"

_INVISIBLE = "news_invisible"
_COMPOUNDS = "news_compounds"
_STOP = "news_german_stop"
_STEMS = "news_german_stems"

# Written as the server gives index settings back: every value is a text.
SETTINGS: dict[str, Any] = {
    "char_filter": {
        _INVISIBLE: {
            "type": "mapping",
            "mappings": ["\\u00AD=>", "\\u200B=>", "\\u200C=>", "\\u2060=>", "\\uFEFF=>", "\\u2010=>-", "\\u2011=>-"],
        },
    },
    "filter": {
        _COMPOUNDS: {
            "type": "word_delimiter_graph",
            "catenate_words": "true",
            "split_on_case_change": "false",
            "split_on_numerics": "false",
            "stem_english_possessive": "false",
        },
        _STOP: {"type": "stop", "stopwords": "_german_"},
        _STEMS: {"type": "stemmer", "language": "light_german"},
    },
    "analyzer": {
        GERMAN: {
            "type": "custom",
            "char_filter": [_INVISIBLE],
            # Keeps hyphens for the filter that reads them; that filter drops all other punctuation.
            "tokenizer": "whitespace",
            # An index holds no graph, hence flatten_graph.
            "filter": [_COMPOUNDS, "flatten_graph", "lowercase", _STOP, "german_normalization", _STEMS],
        },
    },
}


def inline(text: str) -> dict[str, Any]:
    """The body of an `_analyze` request that asks a server without an index of ours what the analyser makes of `text`."""
    analyser = SETTINGS["analyzer"][GERMAN]
    return {
        "tokenizer": analyser["tokenizer"],
        "char_filter": [SETTINGS["char_filter"][name] for name in analyser["char_filter"]],
        "filter": [SETTINGS["filter"].get(name, name) for name in analyser["filter"]],
        "text": text,
    }

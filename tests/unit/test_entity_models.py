"""The models: corpora in, weights out, the same bytes each time, scores that count strictly."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.enrichers._names import packaged_names
from pipeline.entities import small_spacy
from pipeline.entities.card import ORIGINS, Judged, card
from pipeline.entities.corpora import Sentence, Span, read, spans_of
from pipeline.entities.features import features_of
from pipeline.entities.fit import Example, fit, labels_of
from pipeline.entities.hints import hints_in, joined
from pipeline.entities.judge import judged
from pipeline.entities.score import Score, scores
from pipeline.entities.speed import tokens_a_second
from pipeline.entities.tag import Tagger
from pipeline.entities.tokens import tokens_of
from pipeline.entities.train import RECIPES, Recipe, trained
from pipeline.entities.weights import packed, shipped, shipped_languages, unpacked
from pipeline.errors import BadConfiguration

MODELS = Path(__file__).parents[2] / "pipeline" / "entities" / "models"
FIRST = ("Anna", "Bert", "Clara", "Dieter", "Erika", "Franz")
LAST = ("Habermann", "Lindqvist", "Obermoser", "Petrovic", "Quast")
TOWNS = ("Neudorf", "Altheim", "Bruchsal", "Lauterach", "Wittlich")


def corpus() -> list[Sentence]:
    """Sentences from which a model can learn that two unknown words before a verb are a person."""
    made = []
    for number in range(60):
        name, town = f"{FIRST[number % 6]} {LAST[number % 5]}", TOWNS[number % 5]
        words = (*name.split(), "kam", "gestern", "nach", town, ".")
        made.append(Sentence(words, ("B-PER", "I-PER", "O", "O", "O", "B-LOC", "O"), "test"))
        made.append(Sentence(("Das", "Haus", "ist", "alt", "."), ("O",) * 5, "test"))
    return made


def as_germeval(sentences: list[Sentence]) -> str:
    blocks = []
    for each in sentences:
        rows = [f"{number}\t{word}\t{label}\tO" for number, (word, label) in enumerate(zip(each.words, each.labels, strict=True), 1)]
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks) + "\n"


def seen(sentences: list[Sentence]) -> list[Example]:
    return [Example(features_of(each.words, [""] * len(each.words), "de"), labels_of(each)) for each in sentences]


def test_the_formats_of_the_corpora_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("1\t#\tO\tO\n2\tBonn\tB-LOC\tO\n3\tEU-Etat\tB-ORGpart\tO\n\n1\tJa\tO\tO\n", encoding="utf-8")
    (tmp_path / "b.iob2").write_text("# text = x\n1\tNew\tB-LOC\t-\t-\n2\tYork\tI-LOC\t-\t-\n", encoding="utf-8")
    mention = {"span": {"start": 4, "end": 14}, "type": "organization-company"}
    document = {"text": {"string": "Die Siemens AG liefert. Gut."}, "conceptMentions": {"array": [mention]}}
    (tmp_path / "c.json.gz").write_bytes(gzip.compress((json.dumps(document) + "\n\n" + json.dumps(document)).encode()))
    assert [each.words for each in read(tmp_path / "a.tsv")] == [("#", "Bonn", "EU-Etat"), ("Ja",)]
    assert spans_of(read(tmp_path / "a.tsv")[0].labels) == [Span(1, 2, "LOC"), Span(2, 3, "ORGpart")]
    assert spans_of(read(tmp_path / "b.iob2")[0].labels) == [Span(0, 2, "LOC")]
    first, second, *_ = read(tmp_path / "c.json.gz")
    assert (first.words, spans_of(first.labels)) == (("Die", "Siemens", "AG", "liefert", "."), [Span(1, 3, "ORG")])
    assert second.words == ("Gut", ".")


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("a.tsv", "1\tBonn\n", "a.tsv:1:1: a line is number, token and tag"),
        ("a.json", '{"text": {"string": 3}}', "a.json:1:1: is not a SmartData document"),
        ("a.txt", "x", "unknown format"),
        ("a.tsv", "1\tBonn\tB-TOWN\n", "unknown type 'TOWN': known are PER, ORG, LOC, OTH"),
        ("a.json.gz", "no gzip", "cannot be read"),
    ],
)
def test_a_file_in_no_known_format_is_named_with_its_line(tmp_path: Path, name: str, content: str, part: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadConfiguration, match=part.replace("(", r"\(")):
        read(tmp_path / name)


def test_tokens_are_cut_as_the_corpora_cut_them() -> None:
    assert tokens_of("EU-Gipfel: „Ja“, sagte O'Neill (AT&T).").forms == [
        "EU-Gipfel",
        ":",
        "„",
        "Ja",
        "“",
        ",",
        "sagte",
        "O'Neill",
        "(",
        "AT&T",
        ")",
        ".",
    ]


def test_a_score_counts_only_names_whose_ends_and_type_are_right() -> None:
    sentence = Sentence(("Anna", "Quast", "in", "Bonn"), ("B-PER", "I-PER", "O", "B-LOC"), "test")
    found = scores([sentence], lambda _: [Span(0, 1, "PER"), Span(3, 4, "LOC"), Span(2, 3, "ORG")])
    assert found["PER"] == Score(1, 1, 0) and found["LOC"] == Score(1, 1, 1)
    assert (found["PER/ORG/LOC"].precision, found["PER/ORG/LOC"].recall) == (pytest.approx(1 / 3), 0.5)
    assert found["OTH"].f1 == 0.0


def test_training_twice_gives_the_same_bytes_and_a_model_that_has_learnt() -> None:
    once, twice = (fit(seen(corpus())) for _ in range(2))
    files = [packed("de", each.labels, each.states, each.steps, ()) for each in (once, twice)]
    assert files[0] == files[1]
    tagger = Tagger(unpacked(files[0]))
    text, tokens = joined(("Gerda", "Lindqvist", "kam", "nach", "Altheim", "."))
    assert [name[:3] for name in tagger.names(tokens, [""] * 6, [(0, len(text))])] == [(0, 2, "PER"), (4, 5, "LOC")]


def test_numpy_gives_the_probabilities_that_crfsuite_gives(tmp_path: Path) -> None:
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({"c1": 0.05, "c2": 0.05, "max_iterations": 20, "feature.possible_transitions": True})
    for example in seen(corpus()):
        trainer.append(example.features, example.labels)
    trainer.train(str(tmp_path / "crf"))
    theirs = pycrfsuite.Tagger()
    theirs.open(str(tmp_path / "crf"))
    known = theirs.info()
    states: dict[str, dict[str, float]] = {}
    for (feature, label), weight in known.state_features.items():
        states.setdefault(feature, {})[label] = weight
    labels = ("O", "B-LOC", "B-PER", "I-PER")
    ours = Tagger(unpacked(packed("de", labels, states, known.transitions, ())))
    sentences = [each.words for each in corpus()[:2]]
    words = [word for sentence in sentences for word in sentence]
    ranges = [(0, len(sentences[0])), (len(sentences[0]), len(words))]
    mine = ours._probabilities(ours._scores(words, [""] * len(words), ranges), ranges)
    at = 0
    for sentence in sentences:
        theirs.set(features_of(sentence, [""] * len(sentence), "de"))
        for place in range(len(sentence)):
            expected = [theirs.marginal(label, place) for label in labels]
            assert np.allclose(mine[at], expected, atol=0.02)
            at += 1


def test_a_whole_training_gives_a_calibrated_model_and_scores_of_sentences_it_has_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "germeval_2014.tsv").write_text(as_germeval(corpus()), encoding="utf-8")
    gazetteer = packaged_names("de")
    made = trained(Recipe("de", "germeval_2014.tsv"), tmp_path, gazetteer, lambda line: None)
    calibration = unpacked(made.content).header.calibration
    assert len(calibration) == 10 and list(calibration) == sorted(calibration) and calibration[-1] > 0.9
    assert sum(len(unseen) for _, unseen, _ in made.folds) == len(corpus())
    monkeypatch.setattr(small_spacy, "is_installed", lambda: False)
    said: list[str] = []
    found = judged(made, gazetteer, said.append).scores
    assert set(found) == {"lagebild", "gazetteers alone", "bare CRF"}
    assert found["lagebild"]["PER"].f1 > 0.9 > found["gazetteers alone"]["PER"].f1
    assert said == ["de: the baseline spaCy is left out: pip install 'lagebild[spacy]'"]


def test_speed_is_measured_in_tokens_of_the_corpus() -> None:
    read_before: list[int] = []
    sentences = corpus()[:50]
    assert tokens_a_second(lambda texts: read_before.append(len(texts)) or sum(range(100_000)), sentences) > 0
    assert set(read_before) == {3}


def test_the_models_that_ship_are_small_and_have_their_cards() -> None:
    assert set(shipped_languages()) == {recipe.language for recipe in RECIPES}
    for recipe in RECIPES:
        path, text = MODELS / f"{recipe.language}.model.gz", (MODELS / f"{recipe.language}.md").read_text(encoding="utf-8")
        assert path.stat().st_size < 5_000_000
        assert shipped(recipe.language).header.language == recipe.language
        assert f"`{recipe.corpus}`" in text and ORIGINS[recipe.corpus].licence in text
        assert hashlib.sha256(path.read_bytes()).hexdigest() in text
        named = [re.split(r" *[|] *", line)[1] for line in text.splitlines() if "| PER/ORG/LOC |" in line]
        assert named[:3] == ["lagebild", "gazetteers alone", "bare CRF"] and named[3].startswith("small spaCy 3.")
        assert "times as fast" in text


def test_long_sentences_and_many_words_are_bounded() -> None:
    tagger = Tagger(shipped("de"))
    text = " ".join(f"Wort{number}" for number in range(10_000))
    tokens = tokens_of(text)
    hints = hints_in(tokens.forms[:10], packaged_names("de"), 1) + [""] * (len(tokens.forms) - 10)
    tagger.names(tokens, hints, [(0, len(text))])
    tagger.names(tokens, hints, [(0, len(text))])
    assert len(tagger._words.numbers) <= 60_000


def test_the_commands_answer_for_scripts(tmp_path: Path) -> None:
    runner = CliRunner()
    tried = runner.invoke(app, ["entities", "try", "Moskau warnt Petra Hubermann.", "--language", "de", "--json"])
    assert tried.exit_code == 0, tried.output
    assert {"Moskau", "Petra Hubermann"} <= {each["name"] for each in json.loads(tried.stdout)["entities"]}
    (tmp_path / "small.tsv").write_text(as_germeval(corpus()[:6]), encoding="utf-8")
    scored = runner.invoke(app, ["entities", "score", str(tmp_path / "small.tsv"), "--json"])
    assert scored.exit_code == 0, scored.output
    assert set(json.loads(scored.stdout)["scores"]) == {"lagebild", "gazetteers alone"}
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "ours.csv").write_text("name,type\nKim Ju Ae,person\n", encoding="utf-8")
    assert json.loads(runner.invoke(app, ["entities", "lists", "check", str(lists), "--json"]).stdout) == {
        "names": 1,
        "problems": [],
        "advice": [],
    }
    (lists / "names.xlsx").write_bytes(b"PK")
    assert "names.xlsx:1:1: advice: not read" in runner.invoke(app, ["entities", "lists", "check", str(lists)]).stderr
    for text in ("report.txt", " "):
        assert runner.invoke(app, ["entities", "try", text]).exit_code == 2
    (lists / "bad.csv").write_text("name,type\nX,nobody\n", encoding="utf-8")
    checked = runner.invoke(app, ["entities", "lists", "check", str(lists)])
    assert checked.exit_code == 1 and "bad.csv:2" in checked.output
    missing = runner.invoke(app, ["entities", "score", str(tmp_path / "none.tsv")])
    assert missing.exit_code == 2 and "does not exist" in missing.output


def test_a_card_has_a_date_and_every_score(tmp_path: Path) -> None:
    (tmp_path / "germeval_2014.tsv").write_text(as_germeval(corpus()[:4]), encoding="utf-8")
    judged = Judged({"lagebild": {"PER": Score(4, 4, 3)}}, {"small spaCy 3.8": 16_000.0, "all of lagebild": 200_000.0})
    text = card(Recipe("de", "germeval_2014.tsv"), tmp_path, b"x", judged, date(2026, 11, 21))
    assert "2026-11-21" in text and "| lagebild | PER | 4 | 0.750 | 0.750 | 0.750 |" in text
    assert "small spaCy 3.8 16,000; all of lagebild 200,000, 12.5 times as fast." in text

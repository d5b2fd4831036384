"""The team's own names: read, found, changed while running, and broken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.article import Article, Language, Source
from pipeline.enrichers._watch_list_advice import advice
from pipeline.enrichers.entities import Entities, Options, create
from pipeline.errors import BadConfiguration, Problem
from pipeline.plugins import Context


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "lists" / name
    path.parent.mkdir(exist_ok=True)
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))
    return path


def enricher(folder: Path) -> Entities:
    return create(Options(watch_lists="lists"), Context(name="entities", folder=folder))


def found(entities: Entities, body: str, language: str = "de") -> dict[str, list[str]]:
    article = entities.enrich(Article(id="a1", source=Source(id="s1"), body=body, language=Language(code=language)))
    return {each.id: [mention.text for mention in each.mentions] for each in article.entities}


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(BadConfiguration) as caught:
        enricher(folder)
    return caught.value.problems


def test_csv_names_and_aliases_are_found_with_type_and_recogniser(tmp_path: Path) -> None:
    write(
        tmp_path,
        "desk.csv",
        "name,aliases,type,id,languages,notes\nKim Ju Ae,Kim Chu-ae|Kim Ju-ae,person,ju-ae,,daughter\nHwasong-18,,other,,,\n",
    )
    article = enricher(tmp_path).enrich(
        Article(id="a1", source=Source(id="s1"), body="Kim Ju-aes Auftritt vor einer Hwasong-18", language=Language(code="de"))
    )
    assert {(each.id, each.type, each.name, each.recogniser) for each in article.entities} == {
        ("list:desk:ju-ae", "person", "Kim Ju Ae", "list:desk"),
        ("list:desk:hwasong-18", "other", "Hwasong-18", "list:desk"),
    }


def test_an_ampersand_stands_inside_a_name(tmp_path: Path) -> None:
    write(tmp_path, "desk.csv", "name,type,id\nKröger & Brandt,organisation,kb\nAT&T,organisation,att\n")
    text = "Kröger & Brandt kauft von AT&T."
    assert found(enricher(tmp_path), text) == {"list:desk:kb": ["Kröger & Brandt"], "list:desk:att": ["AT&T"]}


def test_signs_belong_to_the_names_that_have_them(tmp_path: Path) -> None:
    write(tmp_path, "desk.csv", "name,type,id\nDisney+,other,plus\nVer.di,organisation,verdi\nC++ Club,organisation,club\nC#,other,sharp\n")
    entities = enricher(tmp_path)
    assert found(entities, "Auf Disney+ streiken Ver.dis Leute im C++ Club gegen C#.") == {
        "list:desk:plus": ["Disney+"],
        "list:desk:verdi": ["Ver.dis"],
        "list:desk:club": ["C++ Club"],
        "list:desk:sharp": ["C#"],
    }
    assert not [each for each in found(entities, "Disney zeigt: Ver di, C Club, C++Club, Disney++ und C.") if each.startswith("list:")]


def test_cells_may_be_parted_by_semicolons(tmp_path: Path) -> None:
    write(tmp_path, "desk.csv", "name;aliases;type\nAlphawerk;Alpha & Co|Aw Gruppe;organisation\n")
    assert found(enricher(tmp_path), "Alpha & Co, auch Aw Gruppe") == {"list:desk:alphawerk": ["Alpha & Co", "Aw Gruppe"]}


def test_a_folder_without_lists_is_a_problem_only_when_something_else_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    assert found(enricher(tmp_path), "Alphawerk") == {}
    (tmp_path / "lists" / "names.txt").write_text("Alphawerk\n", encoding="utf-8")
    assert "rename names.txt" in problems(tmp_path)[0].message


def test_advice_names_commas_in_aliases_and_common_words(tmp_path: Path) -> None:
    path = write(tmp_path, "desk.csv", 'name,aliases,type\nAlphawerk,"AW, Awerk",organisation\nEssen,,other\nBetawerk,Bw|Bwerk,other\n')
    assert [(each.line, each.column, each.message.split(":")[0]) for each in advice(path)] == [
        (2, 11, "'AW, Awerk' is one alias with a comma in it"),
        (3, 1, "'Essen' is a common word, too, and is found wherever that stands"),
    ]


def test_yaml_names_are_found_only_in_their_languages(tmp_path: Path) -> None:
    write(tmp_path, "desk.yaml", "- name: Gift\n  aliases: [Geschenk GmbH]\n  type: organisation\n  languages: [en]\n- name: iBlitz\n")
    entities = enricher(tmp_path)
    assert found(entities, "The Gift arrived, an iBlitz", "en") == {"list:desk:gift": ["Gift"], "list:desk:iblitz": ["iBlitz"]}
    assert found(entities, "Das Gift der Schlange") == {}


def test_the_teams_names_win_over_the_packaged_ones_and_the_longest_wins(tmp_path: Path) -> None:
    write(tmp_path, "desk.csv", "name,type\nNordkorea,country\nKorea-Stiftung Seoul,organisation\n")
    entities = enricher(tmp_path)
    assert set(found(entities, "Nordkorea und Japan")) == {"list:desk:nordkorea", "iso:JP"}
    assert set(found(entities, "Die Korea-Stiftung Seoul tagt")) == {"list:desk:korea-stiftung-seoul"}


def test_short_abbreviations_need_their_capitals(tmp_path: Path) -> None:
    write(tmp_path, "desk.csv", "name\nDAS\n")
    entities = enricher(tmp_path)
    assert found(entities, "Das ist so") == {}
    assert set(found(entities, "Das DAS meldet")) == {"list:desk:das"}


def test_a_changed_file_is_taken_by_reload(tmp_path: Path) -> None:
    write(tmp_path, "desk.csv", "name\nAlphawerk\n")
    entities = enricher(tmp_path)
    write(tmp_path, "desk.csv", "name\nBetawerk\n")
    assert found(entities, "Alphawerk und Betawerk") == {"list:desk:alphawerk": ["Alphawerk"]}
    assert entities.reload() == ()
    assert found(entities, "Alphawerk und Betawerk") == {"list:desk:betawerk": ["Betawerk"]}


def test_a_broken_file_keeps_its_old_names_and_says_where(tmp_path: Path) -> None:
    path = write(tmp_path, "desk.csv", "name,type\nAlphawerk,organisation\n")
    write(tmp_path, "other.csv", "name\nGammawerk\n")
    entities = enricher(tmp_path)
    write(tmp_path, "desk.csv", "name,type\nBetawerk,organisation\nDelta,organistion\n")
    write(tmp_path, "other.csv", "name\nEpsilonwerk\n")
    first = entities.reload()
    assert [(p.file, p.line, p.column) for p in first] == [(str(path), 3, 7)]
    assert "Did you mean 'organisation'?" in first[0].message
    assert entities.reload() == first
    assert set(found(entities, "Alphawerk Betawerk Gammawerk Epsilonwerk")) == {"list:desk:alphawerk", "list:other:epsilonwerk"}
    write(tmp_path, "desk.csv", "name,type\nBetawerk,organisation\n")
    assert entities.reload() == ()
    assert set(found(entities, "Alphawerk Betawerk")) == {"list:desk:betawerk"}


def test_a_removed_file_takes_its_names_away(tmp_path: Path) -> None:
    path = write(tmp_path, "desk.csv", "name\nAlphawerk\n")
    entities = enricher(tmp_path)
    path.unlink()
    assert entities.reload() == ()
    assert found(entities, "Alphawerk") == {}


@pytest.mark.parametrize(
    ("name", "text", "line", "column", "part"),
    [
        ("a.csv", "nam,type\nX,person\n", 1, 1, "Did you mean 'name'?"),
        ("a.csv", "name\n--\n", 2, 1, "at least one letter"),
        ("a.csv", "name,type\nA,person,x\n", 2, 10, "quotation marks"),
        ("a.csv", "name,id\nAlpha,1\nBeta,1\n", 3, 6, "stands in line 2"),
        ("a.csv", "name,languages\nAlpha,deu\n", 2, 7, "two-letter"),
        ("a.csv", "name\n" + "x" * 201 + "\n", 2, 1, "longer than 200"),
        ("a.csv", "", 1, 1, "name the columns"),
        ("a.csv", 'name,type\nAlpha,person\n"Beta,person\nGamma,person\n', 3, 1, "is not closed"),
        ("a.csv", "name,type\nder,person\n", 2, 1, "stands in most texts"),
        ("a.csv", "name,aliases\nAlphawerk,AW;Awerk\n", 2, 11, "put | between them"),
        ("a.yaml", "- nme: X\n", 1, 3, "Did you mean 'name'?"),
        ("a.yaml", "names: X\n", 1, 1, "a list of names"),
        ("a.yaml", "- name: X\n  type: town\n", 2, 9, "unknown type 'town'"),
        ("a.yaml", "- name: [X\n", 2, 1, "not valid YAML"),
        ("a.yaml", "- name: 5\n", 1, 9, "quotation marks"),
        ("a.yaml", "- name: X\n  aliases: Y\n", 2, 12, "aliases is a list"),
        ("a.yaml", "- just text\n", 1, 3, "each item"),
    ],
)
def test_a_fault_is_reported_with_file_line_and_column(tmp_path: Path, name: str, text: str, line: int, column: int, part: str) -> None:
    path = write(tmp_path, name, text)
    first = problems(tmp_path)[0]
    assert (first.file, first.line, first.column) == (str(path), line, column)
    assert part in first.message


def test_bytes_that_are_no_text_are_a_problem_not_a_crash(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "name\n")
    path.write_bytes(b"name\n\xff\xfe\n")
    assert "not UTF-8" in problems(tmp_path)[0].message


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    assert "does not exist" in problems(tmp_path)[0].message


def test_many_names_are_found_as_well_as_few(tmp_path: Path) -> None:
    write(tmp_path, "desk.csv", "name,type\n" + "".join(f"Vorname{n} Nachname{n},person\n" for n in range(20_000)))
    assert found(enricher(tmp_path), "Vorname19999 Nachname19999 traf Vorname7 Nachname8; Nachname19999 schwieg.") == {
        "list:desk:vorname19999-nachname19999": ["Vorname19999 Nachname19999", "Nachname19999"]
    }

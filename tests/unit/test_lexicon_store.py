"""The dictionaries on disk: built once, by one process, again when damaged, and never half."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

import pytest

from pipeline.lexicon import folder, store
from pipeline.lexicon.blocks import Blocks, is_word, pairs, write_blocks
from pipeline.lexicon.folder import DONE, built, cache_folder
from pipeline.lexicon.store import Lexicon, dictionary_of, lexicon, warm_up
from pipeline.text.folding import fold


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAGEBILD_CACHE", str(tmp_path))
    return tmp_path


def test_the_environment_says_where(elsewhere: Path) -> None:
    assert cache_folder() == elsewhere


def test_without_the_environment_a_writable_folder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAGEBILD_CACHE", raising=False)
    assert cache_folder() in (Path("/var/cache/lagebild"), Path.home() / ".cache" / "lagebild")


def test_what_is_built_is_built_once(elsewhere: Path) -> None:
    calls: list[Path] = []

    def build(into: Path) -> None:
        calls.append(into)
        (into / "words").write_text("one", encoding="utf-8")

    first, second = built("xx", build), built("xx", build)
    assert first == second
    assert (first / "words").read_text(encoding="utf-8") == "one"
    assert len(calls) == 1
    assert calls[0] != first


def test_many_that_start_at_once_build_once(elsewhere: Path) -> None:
    calls: list[Path] = []
    began = threading.Event()

    def build(into: Path) -> None:
        calls.append(into)
        began.wait(0.2)
        (into / "words").touch()

    threads = [threading.Thread(target=built, args=("xx", build)) for _ in range(8)]
    for each in threads:
        each.start()
    began.set()
    for each in threads:
        each.join()
    assert len(calls) == 1


def test_a_build_that_fails_leaves_nothing_behind(elsewhere: Path) -> None:
    def build(into: Path) -> None:
        (into / "words").touch()
        raise ValueError("broken dictionary")

    with pytest.raises(ValueError, match="broken"):
        built("xx", build)
    assert not [each for each in elsewhere.rglob("*") if each.name in (DONE, "words")]
    assert (built("xx", lambda into: (into / "words").touch()) / DONE).exists()


def test_another_format_is_built_beside_the_old_one(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = built("xx", lambda into: None)
    monkeypatch.setattr(folder, "FORMAT", folder.FORMAT + 1)
    assert built("xx", lambda into: None) != old


def test_a_damaged_file_is_built_again(elsewhere: Path) -> None:
    words = Lexicon("ms")
    expected = words.forms_of("buku")
    damaged = next(elsewhere.rglob("ms")) / "index.npy"
    damaged.unlink()
    damaged.write_bytes(b"no index")
    assert Lexicon("ms").forms_of("buku") == expected


def test_a_missing_file_is_built_again(elsewhere: Path) -> None:
    Lexicon("ms")
    (next(elsewhere.rglob("ms")) / "records.bin").unlink()
    assert Lexicon("ms").entries("buku") is not None


def test_a_cut_off_file_is_built_again(elsewhere: Path) -> None:
    Lexicon("ms")
    cut = next(elsewhere.rglob("ms")) / "restarts.msgpack"
    content = cut.read_bytes()
    cut.unlink()
    cut.write_bytes(content[: len(content) // 2])
    assert Lexicon("ms").entries("rumah")


def test_two_processes_share_one_build(elsewhere: Path) -> None:
    code = "from pipeline.lexicon.store import Lexicon; assert Lexicon('ms').entries('rumah')"
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2]) for _ in range(3)]
    assert [each.wait(50) for each in running] == [0, 0, 0]
    assert not list(elsewhere.rglob("*unfinished*"))


@pytest.mark.parametrize(
    ("code", "expected"), [("de", "de"), ("zh-cn", ""), ("hr", "hbs"), ("no", "nb"), ("pt-BR", "pt"), ("und", ""), ("", "")]
)
def test_each_language_has_its_dictionary_or_none(code: str, expected: str) -> None:
    assert dictionary_of(code) == expected


def test_a_language_without_dictionary_has_no_lexicon() -> None:
    assert lexicon("zh") is None


@pytest.fixture(scope="module")
def german() -> Lexicon:
    """Builds outside the time that a single test has."""
    return store.german_words()


def test_words_are_found_through_the_fold(german: Lexicon) -> None:
    assert german.lemmas("Fluechtling") == ("Flüchtling",)
    assert "Flüchtlingen" in german.forms_of("Flüchtling")
    assert german.lemmas("xqzw") == ()


def test_forms_that_only_compounds_show_are_added(german: Lexicon) -> None:
    assert "Brandes" in german.forms_of("Brand")
    assert "Bären" in german.forms_of("Bär")


@pytest.mark.parametrize("language", ["ms", "en"])
def test_blocks_answer_as_the_whole_dictionary_does(language: str, tmp_path: Path) -> None:
    write_blocks(language, tmp_path)
    blocks = Blocks(tmp_path)
    whole = {form: lemma for form, lemma in pairs(language) if is_word(form) and is_word(lemma)}
    forms: defaultdict[str, set[str]] = defaultdict(set)
    spelled: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for form, lemma in whole.items():
        forms[lemma].add(form)
        spelled[fold(form)].add((form, lemma))
        spelled[fold(lemma)] |= {(lemma, lemma)} if lemma not in whole else set()
    for form in sorted(whole)[:: len(whole) // 100]:
        assert set(blocks.entries(fold(form))) == spelled[fold(form)]
        assert set(blocks.forms_of(whole[form])) == forms[whole[form]]


@pytest.mark.parametrize("backwards", [False, True])
def test_records_that_are_written_from_their_end_are_read_too(backwards: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turned = -1 if backwards else 1
    words = {f"wörter{number}".encode()[::turned]: f"wort{number % 7}".encode()[::turned] for number in range(300)}
    records = b"".join(bytes([0, len(key)]) + key + bytes([255, len(value)]) + value for key, value in sorted(words.items()))
    stream = b"SMFC1" + bytes([backwards, 300 & 0x7F | 0x80, 300 >> 7]) + records
    monkeypatch.setattr("pipeline.lexicon.blocks._read_decompressed", lambda language: stream)
    write_blocks("xx", tmp_path)
    assert set(Blocks(tmp_path).forms_of("wort3")) == {f"wörter{number}" for number in range(3, 300, 7)}
    assert list(Blocks(tmp_path).entries("woerter9")) == [("wörter9", "wort2")]
    assert dict(pairs("xx"))["wörter299"] == "wort5"


def test_blocks_know_nothing_of_other_words(tmp_path: Path) -> None:
    write_blocks("ms", tmp_path)
    blocks = Blocks(tmp_path)
    assert list(blocks.entries("xqzw")) == []
    assert list(blocks.forms_of("xqzw")) == []
    assert list(blocks.entries("")) == []


@pytest.mark.usefixtures("german")
def test_warming_up_opens_no_foreign_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(store, "Blocks", lambda folder: opened.append(folder.name))
    lexicon.cache_clear()
    warm_up()
    assert not opened
    assert store.german_cutter().heads("raketentest")[0] == "test"

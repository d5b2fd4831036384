from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Signature
from pipeline.text import signature as signatures
from pipeline.text.signature import MINIMA, SCHEME, SEED, SMALLEST, containment, minima, sign, similarity, smallest

WORDS = [f"wort{number}" for number in range(2_000)]
ROOT = Path(__file__).parents[2]


def signed(forms: list[str]) -> Signature:
    made = sign(forms)
    assert made is not None
    return made


def jaccard(one: list[str], other: list[str]) -> float:
    first, second = ({tuple(forms[place : place + 3]) for place in range(len(forms) - 2)} for forms in (one, other))
    return len(first & second) / len(first | second)


@pytest.mark.parametrize("count", [0, 1, 2, 29])
def test_a_text_under_30_tokens_has_no_signature(count: int) -> None:
    assert sign(WORDS[:count]) is None


def test_a_text_of_30_tokens_has_one() -> None:
    made = signed(WORDS[:30])
    assert (made.scheme, made.seed, made.tokens, made.shingles) == (SCHEME, SEED, 30, 28)
    assert len(made.values) == 4 * (MINIMA + SMALLEST)


def test_a_text_that_repeats_itself_keeps_as_many_hashes_as_it_has() -> None:
    made = signed(["ja"] * 40)
    assert made.shingles == 1
    assert len(smallest(made)) == 1
    assert similarity(made, made) == 1.0


def test_the_order_of_words_counts() -> None:
    assert similarity(signed(WORDS[:400]), signed(WORDS[399::-1])) < 0.05


@pytest.mark.parametrize("kept", [0, 50, 100, 200, 300, 380, 400])
def test_the_estimate_lies_near_the_jaccard_similarity(kept: int) -> None:
    one, other = WORDS[:400], WORDS[:kept] + WORDS[1_000 : 1_400 - kept]
    assert similarity(signed(one), signed(other)) == pytest.approx(jaccard(one, other), abs=0.15)


def test_the_estimate_has_no_bias() -> None:
    draw = np.random.default_rng(20261120)
    errors = []
    for _ in range(300):
        start, kept = int(draw.integers(0, 1_000)), int(draw.integers(0, 300))
        one = WORDS[start : start + 300]
        other = one[:kept] + [f"anders{start}-{number}" for number in range(300 - kept)]
        errors.append(similarity(signed(one), signed(other)) - jaccard(one, other))
    assert abs(float(np.mean(errors))) < 0.01
    assert float(np.std(errors)) < 0.05


def test_containment_finds_a_part_in_the_whole() -> None:
    whole, part = signed(WORDS[:400]), signed(WORDS[:160])
    assert containment(similarity(whole, part), whole.shingles, part.shingles) == pytest.approx(1.0, abs=0.25)
    assert set(smallest(whole).tolist()) & set(smallest(part).tolist())
    other = signed(WORDS[600:760])
    assert containment(similarity(whole, other), whole.shingles, other.shingles) < 0.1


def test_the_smallest_hashes_ascend_and_belong_to_the_text() -> None:
    values = smallest(signed(WORDS[:200]))
    assert values.tolist() == sorted(set(values.tolist()))
    assert set(values.tolist()) <= set(signatures._shingle_hashes(WORDS[:200]).tolist())


def test_long_texts_are_worked_on_in_blocks_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = signed(WORDS * 3)
    monkeypatch.setattr(signatures, "_BLOCK", 7)
    assert signed(WORDS * 3) == whole


def test_tokens_beyond_the_limit_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "MAXIMUM_TOKENS", 100)
    assert signed(WORDS[:500]).values == signed(WORDS[:100]).values
    assert signed(WORDS[:500]).tokens == 500


def test_the_cache_of_token_hashes_is_bounded_and_does_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = signed(WORDS)
    monkeypatch.setattr(signatures, "_KEPT_HASHES", 10)
    signatures._token_hashes.clear()
    assert signed(WORDS) == expected
    assert len(signatures._token_hashes) <= 10


def test_the_values_are_the_same_in_every_process_and_version() -> None:
    """A change of these bytes needs a new `SCHEME`: old signatures stand in topics."""
    code = (
        "from pipeline.text.signature import sign; import hashlib;"
        "print(hashlib.sha256(sign([f'wörter{n}' for n in range(99)]).values).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "4afee868187df981bab2cc02d71ab032253d581265ec20e3f9614e528b347042"


def test_other_schemes_and_seeds_are_refused() -> None:
    one = signed(WORDS[:100])
    for other in (msgspec.structs.replace(one, scheme="simhash/1"), msgspec.structs.replace(one, seed=SEED + 1)):
        with pytest.raises(ValueError, match="cannot be compared"):
            similarity(one, other)
        with pytest.raises(ValueError, match="cannot be compared"):
            similarity(other, one)


@pytest.mark.parametrize("values", [b"", b"\x00" * 511, b"\x00" * 4 * (MINIMA + SMALLEST + 1)])
def test_damaged_signatures_are_refused(values: bytes) -> None:
    one = signed(WORDS[:100])
    with pytest.raises(ValueError, match="damaged"):
        minima(msgspec.structs.replace(one, values=values))


def test_a_signature_survives_the_wire() -> None:
    one = signed(WORDS[:100])
    assert msgspec.json.decode(msgspec.json.encode(one), type=Signature) == one


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=30, max_size=80))
def test_any_tokens_can_be_signed_and_resemble_themselves_only_fully(forms: list[str]) -> None:
    one = signed(forms)
    assert similarity(one, signed(list(forms))) == 1.0
    assert containment(1.0, one.shingles, one.shingles) == 1.0

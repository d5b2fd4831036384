"""Which language a text is in: langdetect's profiles and text rules, summed instead of sampled.

langdetect draws n-grams at random until one language stands out. Here the log-probabilities of all n-grams are added up, so the
answer does not depend on chance, and the sum is split by word: n-grams never span a blank, hence the n-grams of a word always
add the same vector, which is kept. `pipeline/bench/functions.py` measures it side by side with langdetect.

This is the only file that knows langdetect. It has 55 languages and answers with the nearest of them for all others
(Serbian comes out as Macedonian or Croatian).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from langdetect.detector import Detector as LangdetectDetector
from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException
from langdetect.utils.ngram import NGram

from pipeline.article import Language
from pipeline.text.language_codes import normalise_code
from pipeline.text.ngram_profiles import SCALE, Profile, Profiles, Scores

UNDETERMINED = "und"
CHARACTERS = 1_500  # of the body, and at most of the title: nothing is gained after about 500 (German news, 2026-11-20)
MINIMUM_LETTERS = 60  # under 60 letters 5 % and more of all answers are wrong (same measurement)
MINIMUM_CONFIDENCE = 0.8
# Three n-grams end at every letter and overlap, so their sum counts the same evidence about three times.
EVIDENCE_SHARE = 1 / 3
LONGEST_KEPT_WORD = 32  # longer runs are Chinese, Japanese or Thai sentences, or junk, and hardly ever come back

# Runs of what langdetect does not call a blank (ASCII other than letters, four signs of Latin-1, general punctuation).
_WORD = re.compile("[A-Za-z\x80-\x9f\xa1-\xaa\xac-\xaf\xb1-\xba\xbc-\u1fff\u2070-\U0010ffff]+")
_LATIN = re.compile("[A-z]")  # langdetect's own range, with the six signs between Z and a
# An ideograph or a syllable says about as much as three letters.
_SYLLABLE = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_LETTERS_PER_SYLLABLE = 3
_IDEOGRAPHIC = {"ja", "ko", "zh-cn", "zh-tw"}
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")


class Detector:
    """Detects languages, remembering the vectors of at most `cache_words` words (220 bytes each, and the word). Not for several threads."""

    def __init__(self, cache_words: int = 65_536) -> None:
        self._profiles = _profiles()
        self._cache_words = cache_words
        self._table = np.empty((cache_words, len(self._profiles.codes)), np.int32)
        self._row: dict[str, int] = {}

    def warm_up(self) -> None:
        """Runs every path once, so that the first article is not the slow one."""
        self.detect("Guten Morgen", "Die Regierung berät am Montag über den Haushalt. " * 4)

    def detect(self, title: str, body: str, declared: str = "") -> Language:
        """The language of a text, from its title and the start of its body.

        `declared` is what the publisher says, in any usual form ("de-DE", "deu", "German"); it decides where the text is too short or
        too ambiguous. Without it such a text is `und`. `confidence` is the probability that the detected language is right; it is 0 for a
        declared language that the text does not support.
        """
        said = normalise_code(declared)
        words = _words(f"{title[:CHARACTERS]}\n{body[:CHARACTERS]}")
        code, confidence = self._best(words) if words else (UNDETERMINED, 0.0)
        if confidence >= MINIMUM_CONFIDENCE and _enough(words):
            return Language(code=code, confidence=confidence, origin="detected", declared=said)
        if said:
            return Language(code=said, confidence=confidence if code == said else 0.0, origin="declared", declared=said)
        return Language(code=UNDETERMINED, confidence=confidence, origin="undetermined")

    def _best(self, words: list[str]) -> tuple[str, float]:
        """The most probable language and its probability, rounded to four digits."""
        scores = self._scores(words)
        best = int(scores.argmax())
        if self._profiles.codes[best] in _IDEOGRAPHIC and not _HANGUL.search("".join(words)):
            # langdetect calls short Chinese texts Korean, because its Korean profile holds Chinese characters.
            scores[self._profiles.codes.index("ko")] = 0
            best = int(scores.argmax())
        distance = (scores - scores[best]) * (EVIDENCE_SHARE / SCALE)
        return self._profiles.codes[best], round(1 / math.fsum(np.exp(distance).tolist()), 4)

    def _scores(self, words: list[str]) -> Scores:
        row = self._row
        try:
            rows = [row[word] for word in words]
        except KeyError:
            return self._scores_with_new_words(words)
        return self._sum(rows)

    def _sum(self, rows: list[int]) -> Scores:
        total: Scores = np.add.reduce(self._table.take(rows, axis=0), axis=0, dtype=np.int32)
        return total

    def _scores_with_new_words(self, words: list[str]) -> Scores:
        count = Counter(words)
        new = [word for word in count if word not in self._row]
        vectors = self._profiles.vectors(new)
        scores = self._sum([self._row[word] for word in words if word in self._row])
        scores += np.array([count[word] for word in new], np.int32) @ vectors
        self._keep(new, vectors)
        return scores

    def _keep(self, words: list[str], vectors: Scores) -> None:
        """Keeps the vectors of short words. A full cache starts again: the words of the language come back within a few articles."""
        places = [place for place, word in enumerate(words) if len(word) <= LONGEST_KEPT_WORD]
        if len(self._row) + len(places) > self._cache_words:
            self._row.clear()
        start = len(self._row)
        places = places[: self._cache_words - start]
        self._table[start : start + len(places)] = vectors[places]
        self._row.update((words[place], start + offset) for offset, place in enumerate(places))


def _words(text: str) -> list[str]:
    """The words of a text as langdetect sees them, without links and mail addresses."""
    if "://" in text:
        text = LangdetectDetector.URL_RE.sub(" ", text)
    if "@" in text:
        text = LangdetectDetector.MAIL_RE.sub(" ", text)
    if not text.isascii():
        text = _other_scripts(text)
    return _WORD.findall(text)


def _other_scripts(text: str) -> str:
    """The text with Vietnamese letters composed, and without its Latin letters where other scripts outweigh them by two to one."""
    codes = _codes(text)
    if not (codes >= 0x300).any():
        return text
    if ((codes >= 0x300) & (codes <= 0x323)).any():
        text = NGram.normalize_vi(text)
        codes = _codes(text)
    others, latin = int((codes >= 0x300).sum()), int(((codes >= ord("A")) & (codes <= ord("z"))).sum())
    return _LATIN.sub("", text) if latin * 2 < others else text


def _codes(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _enough(words: list[str]) -> bool:
    letters = sum(map(len, words))
    if letters < MINIMUM_LETTERS:
        letters += (_LETTERS_PER_SYLLABLE - 1) * len(_SYLLABLE.findall("".join(words)))
    return letters >= MINIMUM_LETTERS


@cache
def _profiles() -> Profiles:
    paths = sorted(path for path in Path(PROFILES_DIRECTORY).iterdir() if path.is_file() and not path.name.startswith("."))
    read = [json.loads(path.read_text("utf-8")) for path in paths]
    profiles = [Profile(code=one["name"], counts=one["freq"], totals=tuple(one["n_words"])) for one in read]
    return Profiles(profiles, NGram.normalize, smoothing=LangdetectDetector.ALPHA_DEFAULT / LangdetectDetector.BASE_FREQ)


@cache
def _reference_factory() -> DetectorFactory:
    """A factory of our own, because the seed is an attribute that all users of langdetect's default one would share."""
    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    factory.set_seed(0)
    return factory


def reference(text: str) -> str:
    """langdetect's own answer with a fixed seed, `und` where it finds no letters: for tests and benchmarks only."""
    detector = _reference_factory().create()
    detector.append(text)
    try:
        return str(detector.detect())
    except LangDetectException:
        return UNDETERMINED

from __future__ import annotations

import gzip
import json
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Language
from pipeline.text.language import Detector, _profiles, _reference_factory, _words, reference
from pipeline.text.language_codes import normalise_code
from pipeline.text.ngram_profiles import SCALE
from tests.shared_data import shared

TEXTS = {
    "de": "Die Regierung hat am Dienstag mitgeteilt, dass die Brücke über den Fluss erst im nächsten Frühjahr wieder für den Verkehr geöffnet "
    "wird. Bis dahin müssen Pendler einen Umweg über die Nachbarstadt nehmen, was die Fahrt um etwa zwanzig Minuten verlängert.",
    "en": "The ministry said on Tuesday that the bridge across the river would not be opened to traffic again before next spring. Until then "
    "commuters have to take a detour through the neighbouring town, which makes the journey about twenty minutes longer.",
    "fr": "Le ministère a annoncé mardi que le pont qui traverse la rivière ne serait pas rouvert à la circulation avant le printemps prochain. "
    "D'ici là, les habitants devront faire un détour par la ville voisine, ce qui allonge le trajet d'une vingtaine de minutes.",
    "es": "El ministerio informó el martes de que el puente sobre el río no volverá a abrirse al tráfico hasta la próxima primavera. Mientras "
    "tanto los vecinos tendrán que dar un rodeo por la ciudad más cercana, lo que alarga el viaje unos veinte minutos.",
    "it": "Il ministero ha comunicato martedì che il ponte sul fiume non sarà riaperto al traffico prima della prossima primavera. Fino ad "
    "allora i pendolari dovranno passare per la città vicina, il che allunga il viaggio di circa venti minuti ogni giorno.",
    "nl": "Het ministerie heeft dinsdag laten weten dat de brug over de rivier pas volgend voorjaar weer voor het verkeer wordt geopend. Tot die "
    "tijd moeten forenzen omrijden door de naburige stad, waardoor de reis ongeveer twintig minuten langer duurt.",
    "pl": "Ministerstwo poinformowało we wtorek, że most na rzece zostanie ponownie otwarty dla ruchu dopiero wiosną przyszłego roku. Do tego "
    "czasu mieszkańcy muszą jeździć objazdem przez sąsiednie miasto, co wydłuża podróż o około dwadzieścia minut.",
    "tr": "Bakanlık salı günü yaptığı açıklamada nehir üzerindeki köprünün gelecek ilkbahardan önce trafiğe açılmayacağını bildirdi. O zamana "
    "kadar işe gidenler komşu şehirden dolaşmak zorunda kalacak, bu da yolculuğu yaklaşık yirmi dakika uzatıyor.",
    "ru": "Министерство сообщило во вторник, что мост через реку снова откроют для движения только следующей весной. До тех пор жителям "
    "придётся ездить в объезд через соседний город, из-за чего дорога занимает примерно на двадцать минут больше.",
    "uk": "Міністерство повідомило у вівторок, що міст через річку знову відкриють для руху лише наступної весни. До того часу мешканцям "
    "доведеться їздити в об'їзд через сусіднє місто, через що дорога займає приблизно на двадцять хвилин більше.",
    "el": "Το υπουργείο ανακοίνωσε την Τρίτη ότι η γέφυρα πάνω από το ποτάμι δεν θα ανοίξει ξανά στην κυκλοφορία πριν από την επόμενη άνοιξη. "
    "Μέχρι τότε οι κάτοικοι πρέπει να περνούν από τη γειτονική πόλη, και η διαδρομή διαρκεί είκοσι λεπτά περισσότερο.",
    "ar": "أعلنت الوزارة يوم الثلاثاء أن الجسر فوق النهر لن يفتح أمام حركة المرور قبل الربيع المقبل. وحتى ذلك الحين يتعين على السكان أن "
    "يسلكوا طريقا آخر عبر المدينة المجاورة، وهو ما يزيد مدة الرحلة نحو عشرين دقيقة كل يوم، حسب ما قاله المتحدث باسم الوزارة.",
    "he": "המשרד הודיע ביום שלישי כי הגשר מעל הנהר לא ייפתח שוב לתנועה לפני האביב הבא. עד אז יצטרכו התושבים לנסוע בדרך עוקפת דרך העיר "
    "השכנה, והנסיעה תתארך בכעשרים דקות בכל יום. ראש העיר אמר כי התושבים מבקשים פתרון מהיר יותר והבטיח לדון בכך במועצה.",
    "ja": "国土交通省は火曜日、川に架かる橋は来年の春まで再び通行できないと発表した。それまで通勤する人たちは隣の町を通って遠回りしなければならず、"
    "移動時間は毎日およそ二十分長くなるという。市長は住民がもっと早い解決を求めていると述べた。",
    "zh-cn": "交通部星期二表示，横跨这条河的大桥要到明年春天才会重新开放通车。在此之前，上班的人必须绕道经过邻近的城市，每天的路程因此要多花"
    "大约二十分钟。市长说，居民们希望能够更快地解决这个问题，并承诺会在议会上讨论。",
    "vi": "Bộ giao thông cho biết hôm thứ Ba rằng cây cầu bắc qua sông sẽ không được mở lại cho xe cộ trước mùa xuân năm sau. Cho đến lúc đó "
    "người dân phải đi đường vòng qua thành phố bên cạnh, khiến chuyến đi dài thêm khoảng hai mươi phút mỗi ngày.",
}


KEPT = Detector(cache_words=500)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_a_paragraph_is_recognised_and_agrees_with_langdetect(detector: Detector, code: str) -> None:
    found = detector.detect("", TEXTS[code])
    assert (found.code, found.origin) == (code, "detected")
    assert found.confidence > 0.99
    assert reference(TEXTS[code]) == code


def test_a_short_text_takes_the_declared_language(detector: Detector) -> None:
    assert detector.detect("Raketentest", "", "de-DE") == Language(
        code="de", confidence=detector.detect("Raketentest", "", "de").confidence, origin="declared", declared="de"
    )
    assert detector.detect("Sport am Abend", "", "deutsch").code == "de"


def test_a_short_text_without_a_declaration_is_undetermined(detector: Detector) -> None:
    found = detector.detect("Raketentest in Nordkorea", "")
    assert (found.code, found.origin, found.declared) == ("und", "undetermined", "")


def test_nonsense_in_the_declaration_is_ignored(detector: Detector) -> None:
    assert detector.detect("Raketentest", "", "klingon <script>").code == "und"
    assert detector.detect("", TEXTS["de"], "\x00" * 100_000).code == "de"


def test_a_clear_text_overrules_the_declaration_and_says_what_was_declared(detector: Detector) -> None:
    found = detector.detect("", TEXTS["en"], "de")
    assert (found.code, found.origin, found.declared) == ("en", "detected", "de")


def test_an_ambiguous_text_takes_the_declared_language(detector: Detector) -> None:
    scores = "Real Madrid 2:1 FC Barcelona, Inter 0:0 Milan, Lazio 1:3 Roma, Benfica 2:2 Porto, Ajax 4:0 Utrecht, Boca 1:1 River"
    assert detector.detect("", scores).origin == "undetermined"
    found = detector.detect("", scores, "es")
    assert (found.code, found.origin) == ("es", "declared")


def test_a_declared_language_that_the_text_does_not_support_has_no_confidence(detector: Detector) -> None:
    assert detector.detect("Raketentest der Regierung", "", "ja").confidence == 0.0


@pytest.mark.parametrize("text", ["", " \n\t", "12 345,67 – 89 %", "https://example.org/wort/wort", "name.nachname@example.org", "«»°"])
def test_a_text_without_letters_is_undetermined(detector: Detector, text: str) -> None:
    assert detector.detect("", text) == Language(code="und", confidence=0.0, origin="undetermined")


def test_a_few_ideographs_are_enough(detector: Detector) -> None:
    assert detector.detect("", "交通部星期二表示，横跨这条河的大桥要到明年春天才会重新开放通车。").code == "zh-cn"


def test_a_short_chinese_text_is_not_called_korean(detector: Detector) -> None:
    assert detector.detect("", "交通部星期二表示，横跨这條河的大橋要到明年春天才會重新開放通車。").code == "zh-tw"
    korean = "국토교통부는 화요일 강을 가로지르는 다리가 내년 봄까지 다시 개통되지 않을 것이라고 밝혔다."
    assert detector.detect("", korean).code == "ko"


def test_links_and_addresses_do_not_count(detector: Detector) -> None:
    links = " https://example.org/the/house/and/the/river/with/many/words.html" * 8 + " the.office@house-and-river.example " * 8
    assert detector.detect("", TEXTS["de"] + links).code == "de"
    assert reference(TEXTS["de"] + links) == "de"


def test_latin_letters_are_left_out_of_a_text_in_another_script(detector: Detector) -> None:
    mixed = TEXTS["ru"] + " The New York Times, Reuters and the Associated Press."
    assert detector.detect("", mixed) == detector.detect("", TEXTS["ru"])


def test_words_in_capitals_do_not_count(detector: Detector) -> None:
    shouted = TEXTS["de"] + " THE MINISTRY AND THE PRESIDENT OF THE UNITED STATES SAID THAT THEY WOULD NOT GO THERE"
    assert detector.detect("", shouted).code == "de" == reference(shouted)


def test_an_answer_does_not_depend_on_what_the_cache_holds() -> None:
    warm, tiny, none = Detector(), Detector(cache_words=7), Detector(cache_words=0)
    for text in list(TEXTS.values()) * 2:
        assert warm.detect("", text) == tiny.detect("", text) == none.detect("", text)


def test_the_cache_stays_within_its_bound() -> None:
    detector = Detector(cache_words=50)
    for text in TEXTS.values():
        detector.detect("", text)
        assert len(detector._row) <= 50


def test_the_vectors_are_the_sums_of_langdetects_own_ngrams() -> None:
    """The bound of 1/4096 per n-gram is the rounding to whole numbers."""
    factory = _reference_factory()
    for text in (*TEXTS.values(), "EU-Gipfel: NATO, USA und der NDRfunk I AM a McDonald ÄÖ ÄÖü"):
        text += " "
        langdetects = factory.create()
        langdetects.append(text)
        langdetects.cleaning_text()
        grams = langdetects._extract_ngrams()
        expected = dict.fromkeys(factory.langlist, 0.0)
        for gram in grams:
            for language, share in zip(factory.langlist, factory.word_lang_prob_map[gram], strict=True):
                expected[language] += log(1 + share / (0.5 / 10_000))
        ours = _profiles().vectors(_words(text)).sum(axis=0) / SCALE
        for language, score in zip(_profiles().codes, ours, strict=True):
            assert score == pytest.approx(expected[language], abs=len(grams) / SCALE)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=60))
def test_any_text_gets_an_answer_and_always_the_same(title: str, body: str, declared: str) -> None:
    found = KEPT.detect(title, body, declared)
    assert found == KEPT.detect(title, body, declared)
    assert 0 <= found.confidence <= 1
    assert found.origin in {"detected", "declared", "undetermined"}
    assert (found.code == "und") == (found.origin == "undetermined")


def test_lone_surrogates_and_letters_beyond_the_basic_plane_are_no_problem(detector: Detector) -> None:
    assert detector.detect("\ud800", TEXTS["de"] + " \U0001d400\U0001d401 \udfff 🚀").code == "de"


def test_huge_texts_are_cut() -> None:
    assert Detector().detect("ä" * 5_000_000, TEXTS["de"] + "x" * 5_000_000).origin in {"detected", "undetermined"}


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("de-DE", "de"),
        ("de_AT", "de"),
        ("DEU", "de"),
        ("ger", "de"),
        ("German", "de"),
        ("Deutsch", "de"),
        ("de, en", "de"),
        ("русский", "ru"),
        ("iw", "he"),
        ("nb-NO", "no"),
        ("zh", "zh-cn"),
        ("zh-Hans-SG", "zh-cn"),
        ("zh-Hant-HK", "zh-tw"),
        ("zh_TW", "zh-tw"),
        ("is", "is"),
        ("xx", ""),
        ("x-default", ""),
        ("und", ""),
        ("mul", ""),
        ("", ""),
        ("none", ""),
        ("{{ lang }}", ""),
    ],
)
def test_declared_codes_are_normalised(declared: str, code: str) -> None:
    assert normalise_code(declared) == code


def test_real_articles_get_langdetects_answer() -> None:
    with gzip.open(shared("de_news/articles.jsonl.gz"), "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines][::4]
    truth = json.loads(shared("extraction/ground_truth.json").read_text("utf-8"))
    texts += [page["articleBody"] for page in truth.values()]
    texts = [text for text in texts if sum(map(str.isalpha, text)) >= 200]
    detector = Detector()
    agreeing = sum(detector.detect("", text).code == reference(text) for text in texts)
    assert agreeing / len(texts) >= 0.995

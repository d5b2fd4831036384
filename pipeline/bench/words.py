"""Words and sentence patterns for generated news, by language. Written by hand for this repository.

`{…}` in a pattern names a slot, see `Slots` in `corpus.py`. Lists are in order of frequency: the first words are drawn most.
"""

from __future__ import annotations

from dataclasses import dataclass


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


@dataclass(frozen=True)
class Words:
    """What the generator knows of one language. A noun is a modifier and one of `heads`, by article (German: joined in one word)."""

    modifiers: tuple[str, ...]
    heads: dict[str, tuple[str, ...]]
    adjectives: tuple[str, ...]
    acts: tuple[str, ...]
    offices: tuple[str, ...]
    times: tuple[str, ...]
    units: tuple[str, ...]
    adverbs: tuple[str, ...]
    opinions: tuple[str, ...]
    sentences: tuple[str, ...]
    titles: tuple[str, ...]
    keyword_sentences: tuple[str, ...]


PLACES = _listed(
    "Berlin Hamburg Wien Zürich London Paris Rom Madrid Warschau Prag Kiel Bremen Dresden Leipzig Köln Mainz Graz Linz Bern Basel Lyon Lille Turin "
    "Mailand Neapel Sevilla Porto Lissabon Dublin Leeds York Bristol Oslo Bergen Malmö Uppsala Aarhus Odense Turku Tampere Riga Tallinn Vilnius "
    "Danzig Krakau Posen Brünn Budapest Szeged Zagreb Split Belgrad Sofia Athen Patras Ankara Izmir Kairo Tunis Rabat Dakar Accra Lagos Nairobi "
    "Kampala Durban Delhi Mumbai Dhaka Hanoi Manila Jakarta Seoul Busan Tokio Osaka Kyoto Sydney Perth Auckland Toronto Montreal Boston Denver "
    "Seattle Dallas Houston Lima Quito Bogotá Santiago Rosario Recife"
)
FIRST_NAMES = _listed(
    "Anna Peter Maria Thomas Julia Michael Lena Andreas Sofia Martin Clara Stefan Nora Daniel Eva Markus Ida Jonas Paula Felix Greta Simon Helene "
    "David Rosa Lukas Emma Oliver Vera Robert Alina Jakob Mira Konrad Selma Anton Olga Viktor Tessa Hugo Lydia Edgar Wanda Bruno Ines Arne Britta "
    "Carlos Dora Emil Fatma Georg Hanna Igor Jana Kemal Leila Mats Nina Omar"
)
LAST_NAMES = _listed(
    "Berger Hoffmann Novak Lindner Keller Marten Sommer Vogt Brandt Kessler Arnold Petersen Jansen Krüger Winter Falk Lorenz Seidel Haas Reuter "
    "Sander Thiel Busch Kolb Engel Horn Pohl Franke Ritter Albers Dahl Nyberg Larsen Holm Moreau Girard Rossi Conti Silva Ramos Ortega Vargas "
    "Kowalski Zielinski Horvat Petrov Ivanova Sokolova Demir Yilmaz Haddad Mansour Okafor Mensah Tanaka Suzuki Park Choi Nguyen Sharma Gupta "
    "Baker Carter Dawson Ellis Fisher Grant Hughes Irving Jenkins Lawson Mercer Norton Palmer Quinn Russell Shaw Turner Underwood Walsh"
)

GERMAN = Words(
    modifiers=_listed(
        "Haushalts Klima Verkehrs Energie Bildungs Gesundheits Sicherheits Wirtschafts Wohnungs Steuer Umwelt Hafen Bahn Flughafen Wasser Stadt "
        "Landes Bundes Schul Klinik Renten Handels Zoll Agrar Forst Fischerei Medien Kultur Sport Jugend Familien Arbeits Tarif Lohn Industrie "
        "Technik Forschungs Raumfahrt Grenz Asyl Justiz Polizei Feuerwehr Katastrophen Wetter Hochwasser Ernte Lebensmittel Apotheken Museums "
        "Theater Brücken Tunnel Straßen Radweg Strom Gas Wärme Solar Windkraft Batterie Daten Netz Funk Satelliten Post Paket Bank Sparkassen "
        "Börsen Kredit Zins Miet Bau Denkmal Park Zoo Küsten Insel Alpen Dorf Kreis Partei Wahl Parlaments Regierungs Minister Botschafts"
    ),
    heads={
        "der": _listed("plan rat bericht ausschuss streit haushalt vertrag entwurf beirat fonds auftrag markt verband gipfel umbau ausbau"),
        "die": _listed(
            "reform debatte kommission behörde sitzung abgabe förderung strategie aufsicht prognose gesellschaft konferenz prüfung krise"
        ),
        "das": _listed("gesetz programm projekt treffen verfahren abkommen konzept gutachten budget zentrum bündnis amt"),
    },
    adjectives=_listed(
        "neu umstritten geplant gemeinsam zweit regional europäisch städtisch öffentlich wichtig langfristig vorläufig unabhängig zusätzlich "
        "international teur dringend ehrgeizig verspätet überarbeitet gescheitert erfolgreich freiwillig gesetzlich technisch ländlich nördlich "
        "südlich östlich westlich privat staatlich digital ökologisch sozial historisch modern veraltet gefährdet beschleunigt ausgesetzt "
        "angekündigt verschoben erweitert verkleinert knapp großzügig streng mild"
    ),
    acts=_listed(
        "prüfte verschob begrüßte kritisierte verteidigte stoppte unterstützte beschloss erläuterte verwarf verlängerte kürzte bremste "
        "beschleunigte lobte tadelte änderte eröffnete beendete veröffentlichte bestätigte bezweifelte finanzierte übernahm erwähnte forderte "
        "vertagte genehmigte blockierte sicherte"
    ),
    offices=(
        "Sprecherin",
        "Minister",
        "Bürgermeisterin",
        "Abgeordnete",
        "Professor",
        "Direktorin",
        "Gewerkschafter",
        "Unternehmerin",
        "Richter",
        "Forscherin",
        "Staatssekretär",
        "Vorsitzende",
        "Anwalt",
        "Beraterin",
        "Trainer",
        "Kommissarin",
    ),
    times=(
        "am Montag",
        "am Dienstag",
        "am Mittwoch",
        "am Donnerstag",
        "am Freitag",
        "am Wochenende",
        "am Vormittag",
        "am späten Abend",
        "in der Nacht",
        "vor zwei Wochen",
        "seit dem Frühjahr",
        "im vergangenen Jahr",
        "nach langer Beratung",
        "kurz vor Mittag",
        "im Herbst",
        "zu Beginn der Woche",
    ),
    units=("Millionen Euro", "Prozent", "Stellen", "Haushalte", "Tonnen", "Kilometer", "Besucher", "Wohnungen", "Betriebe", "Fahrzeuge"),
    adverbs=_listed("zunächst erneut überraschend einstimmig deutlich vorsichtig endgültig teilweise offenbar schließlich"),
    opinions=_listed("überfällig mutig unzureichend gerecht riskant verständlich unklug teuer notwendig halbherzig vernünftig gefährlich"),
    sentences=(
        "{nom} {act} {time} {acc}.",
        "{time} {act} {nom} {adverb} {acc} in {place}.",
        "{person}, {office} aus {place}, nannte {acc} {opinion}.",
        "Nach Angaben von {person} kostet {nom} rund {number} {unit}.",
        "Zuvor hatte {nom} mit {dat} für Unruhe in {place} gesorgt.",
        "„{nom} ist {opinion}“, sagte {person} {time}.",
        "Weil {nom} {number} {unit} umfasst, hält {person} {acc} für {opinion}.",
        "In {place} warten {number} {unit} auf {acc}, wie {office} {person} mitteilte.",
        "{person} {act} {acc}, während {nom} {adverb} ausblieb.",
        "Bis {year} soll {nom} um {number} {unit} wachsen.",
        "Gegen {acc} protestierten in {place} und {place} mehrere tausend Menschen, darunter {person}.",
        "Ob {nom} zu {dat} passt, will {person} {time} entscheiden.",
        "{nom} und {nom} gelten als {opinion}, doch {person} aus {place} widerspricht.",
        "Zwischen {place} und {place} {act} {office} {person} {acc}.",
        "Fachleute rechnen mit {number} {unit}, falls {nom} an {dat} scheitert.",
        "{adverb} {act} {person} auch {acc} sowie {acc}.",
    ),
    titles=(
        "{nom} spaltet {place}",
        "{person} {act} {acc}",
        "{place}: {nom} vor {dat}",
        "{number} {unit} für {acc}",
        "Streit um {acc} in {place}",
    ),
    keyword_sentences=(
        "Aus {place} wurde {time} ein {keyword} gemeldet, den {person} {opinion} nannte.",
        "Den {keyword} {act} {office} {person} {time} in {place}.",
    ),
)

ENGLISH = Words(
    modifiers=_listed(
        "budget climate traffic energy school health security trade housing tax water harbour railway airport city county state hospital pension "
        "customs farm forest fishing media culture sports youth family labour wage industry science space border asylum court police fire disaster "
        "weather flood harvest food pharmacy museum theatre bridge tunnel road bicycle power gas heating solar wind battery data network radio "
        "satellite mail parcel bank market credit interest rent building heritage park zoo coast island valley village district party election "
        "parliament government cabinet embassy"
    ),
    heads={
        "the": _listed(
            "plan council report committee dispute contract draft board fund order association summit reform debate commission agency meeting levy "
            "strategy forecast company conference review crisis bill programme project deal concept study centre alliance office inquiry scheme "
            "package pledge warning ruling survey"
        )
    },
    adjectives=_listed(
        "new disputed planned joint second regional European municipal public important lasting preliminary independent additional international "
        "costly urgent ambitious delayed revised failed successful voluntary legal technical rural northern southern eastern western private "
        "national digital green social historic modern outdated endangered suspended announced postponed expanded smaller narrow generous strict "
        "cautious broad secret"
    ),
    acts=_listed(
        "examined postponed welcomed criticised defended stopped supported approved explained rejected extended trimmed slowed accelerated praised "
        "questioned changed opened ended published confirmed doubted financed adopted mentioned demanded adjourned blocked secured ignored"
    ),
    offices=(
        "spokeswoman",
        "minister",
        "mayor",
        "lawmaker",
        "professor",
        "director",
        "union leader",
        "businesswoman",
        "judge",
        "researcher",
        "state secretary",
        "chairman",
        "lawyer",
        "adviser",
        "coach",
        "commissioner",
    ),
    times=(
        "on Monday",
        "on Tuesday",
        "on Wednesday",
        "on Thursday",
        "on Friday",
        "over the weekend",
        "in the morning",
        "late in the evening",
        "overnight",
        "two weeks ago",
        "since the spring",
        "last year",
        "after long talks",
        "shortly before noon",
        "in the autumn",
        "early this week",
    ),
    units=("million euros", "percent", "jobs", "households", "tonnes", "kilometres", "visitors", "homes", "companies", "vehicles"),
    adverbs=_listed("initially again surprisingly unanimously clearly carefully finally partly apparently eventually"),
    opinions=_listed("overdue brave insufficient fair risky understandable unwise expensive necessary timid reasonable dangerous"),
    sentences=(
        "{nom} {act} {acc} {time}.",
        "{time} {nom} {adverb} {act} {acc} in {place}.",
        "{person}, a {office} from {place}, called {acc} {opinion}.",
        "According to {person} {nom} will cost about {number} {unit}.",
        "Earlier {nom} had caused concern in {place} because of {dat}.",
        '"{nom} is {opinion}," {person} said {time}.',
        "Because {nom} covers {number} {unit}, {person} considers {acc} {opinion}.",
        "In {place} some {number} {unit} are waiting for {acc}, as {office} {person} announced.",
        "{person} {act} {acc} while {nom} {adverb} failed to appear.",
        "By {year} {nom} is expected to grow by {number} {unit}.",
        "Several thousand people protested against {acc} in {place} and {place}, among them {person}.",
        "Whether {nom} fits with {dat} is for {person} to decide {time}.",
        "{nom} and {nom} are seen as {opinion}, but {person} from {place} disagrees.",
        "Between {place} and {place} {office} {person} {act} {acc}.",
        "Experts expect {number} {unit} if {nom} fails because of {dat}.",
        "{adverb} {person} also {act} {acc} as well as {acc}.",
    ),
    titles=(
        "{nom} divides {place}",
        "{person} {act} {acc}",
        "{place}: {nom} before {dat}",
        "{number} {unit} for {acc}",
        "Row over {acc} in {place}",
    ),
    keyword_sentences=(
        "A {keyword} was reported from {place} {time}, which {person} called {opinion}.",
        "{office} {person} {act} the {keyword} {time} in {place}.",
    ),
)

BY_LANGUAGE = {"de": GERMAN, "en": ENGLISH}

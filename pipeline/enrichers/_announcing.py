"""Nouns that say what the name beside them stands for: "Außenminister …", "Autobauer …", "Hafenstadt …", "Gewerkschaft …"; German and English.

A compound says what its last part says. All words are folded.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

Announced = Literal["person", "company", "organisation", "place", ""]

_ROLES_WORDS = """
minister ministerin ministers praesident praesidenten praesidentin kanzler kanzlerin chef chefin chefs premier machthaber machthaberin sprecher
sprecherin sekretaer sekretaerin general kommandeur fuehrer fuehrerin diktator staatsoberhaupt kandidat kandidatin politiker politikerin
republikaner demokrat kollege kollegen kollegin nachfolger nachfolgerin vorgaenger vorgaengerin kremlherrscher koenig koenigin kaiser prinz
prinzessin papst kardinal bischof bischoefin pfarrer herr herrn frau professor professorin autor autorin regisseur regisseurin schauspieler
schauspielerin saengerin schriftsteller schriftstellerin trainer trainerin torwart stuermer direktor direktorin vorsitzende vorsitzender
vorsitzenden abgeordnete abgeordneter abgeordneten botschafter botschafterin gouverneur gouverneurin senator senatorin buergermeister
buergermeisterin kommissar kommissarin beauftragte beauftragter beauftragten experte experten expertin oekonom oekonomin historiker historikerin
forscher forscherin anwalt anwaeltin richterin staatsanwalt gruender gruenderin vorstand manager managerin intendant komponist komponistin
unternehmer unternehmerin milliardaer investor investorin bankier aktivist aktivistin journalist journalistin reporter reporterin saenger
kuenstler kuenstlerin pianist pianistin physiker physikerin virologe virologin astronaut astronautin spieler spielerin kapitaen ehefrau ehemann
witwe witwer
president secretary chairman chairwoman chancellor senator governor mayor spokesman spokeswoman spokesperson ambassador minister leader ruler king
queen prince princess pope coach director professor analyst economist actor actress singer author mr mrs ms presidente ministre
"""
_COMPANY_WORDS = """
konzern konzerns hersteller herstellers ausruester ausruesters unternehmen unternehmens firma betreiber betreibers anbieter anbieters riese riesen tochter
bauer bauers versicherer versicherers zulieferer zulieferers discounter autobauer autobauers flugzeugbauer maschinenbauer anlagenbauer gesellschaft airline reederei brauerei verlag
werft fluggesellschaft startup carmaker chipmaker automaker
"""
_ORGANISATION_WORDS = """
gewerkschaft partei verband verbands verein vereins behoerde agentur universitaet hochschule institut instituts ministerium ministeriums sender
senders zeitung zeitschrift magazin magazins nachrichtenagentur miliz terrororganisation organisation stiftung denkfabrik klub club band
fraktion bundesamt landesamt kommission bank
"""
_PLACE_WORDS = """
stadt staedtchen bundesstaat bundesstaats bundesstaates bundesland bundeslandes provinz region insel landkreis kreis gouvernement oblast gemeinde hafenstadt kleinstadt grossstadt kuestenstadt millionenstadt kreisstadt altstadt universitaetsstadt
dorf ort ortsteil stadtteil vorort kueste kuestenort ferienort badeort kurort republik distrikt bezirk departement metropole fluss flusses see berg
vulkan halbinsel hauptstadt wueste gebirge strasse meerenge city town village province state river lake island district county capital
"""
_KINDS: dict[str, Announced] = {
    **dict.fromkeys(_ORGANISATION_WORDS.split(), "organisation"),
    **dict.fromkeys(_COMPANY_WORDS.split(), "company"),
    **dict.fromkeys(_PLACE_WORDS.split(), "place"),
    **dict.fromkeys(_ROLES_WORDS.split(), "person"),
}
# Of these, compounds say nothing: family names ("Schönbauer", "Weinberg"), towns ("Ingolstadt"), endings of other words ("working").
_ALONE_WORDS = """
bauer bauers see ort berg frau herr herrn band club klub bank king queen pope coach actor state city town lake river mr mrs ms werft stadt dorf
koenig kaiser bischof papst fluss magazin sender
"""
_ENDINGS = tuple(sorted(set(_KINDS) - set(_ALONE_WORDS.split()), key=lambda word: (-len(word), word)))
_CACHED_WORDS = 20_000


@lru_cache(maxsize=_CACHED_WORDS)
def announced(form: str) -> Announced:
    """What the folded noun says about the name beside it; "" for most words."""
    if form in _KINDS:
        return _KINDS[form]
    if not form.endswith(_ENDINGS):
        return ""
    return _KINDS[next(each for each in _ENDINGS if form.endswith(each))]


def is_role(form: str) -> bool:
    """Whether the folded word is a title or role, or a compound that ends in one ("aussenminister")."""
    return announced(form) == "person"

"""Words that are never a name by themselves, folded: articles, pronouns, prepositions, conjunctions and the like of German and English, and
articles of their neighbours."""

from __future__ import annotations

ARTICLES = frozenset(
    str.split("der die das dem den des ein eine einer eines einem einen the a an la le les el los il lo de het im bei von und")
)
_OPENERS_WORDS = """
als am an and as at auch auf aus because bei bevor beim bisher but damit danach dann dass denn derzeit doch ebenso einst erst for frueher
fuer from gegen gestern hat heute hier if in inzwischen ist ja jetzt kann laut mit morgen nach nachdem nicht noch nun nur ob obwohl oder of
on schon seit selbst sie so sogar soll spaeter statt that the then to trotz ueber um und unter viele von vor waehrend warum was weil wenn
when while why wie will wird wo with zu zudem zuletzt zuvor zwar
"""
# Words that are capitalised only because a sentence begins with them.
OPENERS = frozenset(_OPENERS_WORDS.split())
_OTHER_WORDS = """
er es wir ihr ich du mich dich uns euch ihm ihn ihnen sich man wer wen wem dies diese dieser dieses diesem diesen jene jener jenes alle alles
kein keine keiner keinen sein seine ihre ihrer ihren zum zur vom ins ans durch ohne bis aber sind war waren haben hatte werden wurde wurden
kann koennen muss sehr mehr mal etwa ab per pro he she it we you they i me him her us them his its our your their this these those there here
who whom which what or nor not no yes by into onto over under out up off down about after before is are was were be been has have had do does
did can could would should may might must
"""
FUNCTION_WORDS = ARTICLES | OPENERS | frozenset(_OTHER_WORDS.split())

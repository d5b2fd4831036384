"""Why the page or the alerter did not do something: for each name the German and the English words.

`error_…` are the codes of `asked.Fault`, `refused_…` those of `view_decisions.refusal_code`. `{why}` is the explanation itself, which is English:
what is wrong with a rule is said by the same code in every command.
"""

from __future__ import annotations

from typing import Final

REFUSED: Final[dict[str, tuple[str, str]]] = {
    "error_not_understood": ("Die Seite hat etwas Unverständliches gesendet: neu laden und noch einmal ({why}).", "The page sent what is not understood: reload it and try again ({why})."),
    "error_too_large": ("Das ist zu groß: kürzen Sie es.", "That is too large: shorten it."),
    "error_foreign": ("Abgelehnt: Das kam nicht von dieser Seite ({why}).", "Refused: that did not come from this page ({why})."),
    "error_not_sent": ("Kafka nimmt es nicht an: Es ist nichts geschehen, bitte gleich noch einmal ({why}).", "Kafka does not take it: nothing was done, try again in a moment ({why})."),
    "error_no_rule": ("Die Regel „{rule}“ ist nicht aktiv; es gibt nichts stummzuschalten.{near}", "The rule “{rule}” is not active; there is nothing to silence.{near}"),
    "error_no_rule_near": (" Meinten Sie „{nearest}“?", " Did you mean “{nearest}”?"),
    "error_too_much": ("Höchstens 50 Wörter von je 200 Zeichen, und ein Name von 120.", "At most 50 words of 200 characters each, and a name of 120."),
    "error_no_receiver": ("Einen Empfänger „{receiver}“ gibt es nicht mehr: Seite neu laden.", "There is no receiver “{receiver}” any more: reload the page."),
    "error_rule_faulty": ("So ist es keine Regel. Auf Englisch: {why}", "This is no rule yet: {why}"),
    "error_query_faulty": ("Der Suchausdruck ist nicht richtig. Auf Englisch: {why}", "The query is not right: {why}"),
    "error_rules_folder": ("Diese Seite kann die Regeldateien nicht schreiben ({why}). Lassen Sie sie dort laufen, wo die Regeln liegen.", "This page cannot write the rule files ({why}). Run it where the rules are."),
    "error_exists": ("Es gibt schon eine Datei dieses Namens: Geben Sie der Regel einen anderen Namen ({why}).", "There is a file of this name: name the rule differently ({why})."),
    "error_no_rule_file": ("Die Datei der Regel ist von hier aus nicht zu ändern ({why}).", "The rule's file cannot be changed from here ({why})."),
    "error_not_read": ("Die Meldungen der letzten 24 Stunden sind nicht zu lesen ({why}).", "The articles of the last 24 hours cannot be read ({why})."),
    # the alerter has the last word
    "said_unchanged": ("war schon so", "was so before"),
    "refused_no_episode": ("den Alarm gibt es nicht mehr", "the alert is gone by now"),
    "refused_not_acknowledged": ("niemand hatte ihn als gesehen gemeldet", "nobody has acknowledged it"),
    "refused_not_assigned": ("er war niemandem zugewiesen", "it was assigned to nobody"),
    "refused_no_verdict": ("es gab kein Urteil", "there was no verdict"),
    "refused_no_silence": ("die Stummschaltung gibt es nicht mehr", "the silence is gone by now"),
    "refused_silence_of_files": ("sie steht in den Regeldateien: dort ändern", "it stands in the rule files: change it there"),
    "refused_silence_too_long": ("sie dauert länger, als die Regeldateien erlauben", "it lasts longer than the rule files allow"),
    "refused_no_such_scope": ("der Alarm hat nichts dergleichen: die Regel oder den Alarm selbst stummschalten", "the alert has no such thing: silence its rule or the alert itself"),
}  # fmt: skip

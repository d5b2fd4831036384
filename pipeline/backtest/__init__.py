"""Rules over articles of the past: the code that runs live, a simulated clock, and nobody who is told.

Reading order: `selecting` (which rules), `stored` (where the articles come from), `looking` (which rules match them, in several processes),
`ordering` (in which order the alerter took the matches), `replaying` (the alerter itself under a simulated clock), `played` (what that leaves),
`figures` and `difference` (what came of it), `run` (all of it in one go). `last_day` is what the live page asks while somebody writes a rule.
"""

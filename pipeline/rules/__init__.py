"""Alert rules: from YAML files to matches with evidence.

`reading` and `declare` turn a file into a `Rule`, `load` does so for a folder, `compile` turns rules into what can be looked up, `match` looks
an article's words up, `check` runs the tests a rule carries, `publish` moves rule sets over the topic `rules`.
"""

"""The demonstration: a week of invented news, served as feeds and files on this machine.

`declarations` reads the hand-written samples, `render` turns them into RSS, Atom and pages, `feeds` serves them as time goes on, and
`ledger` derives from the same declarations what the pipeline must have made of them.
"""

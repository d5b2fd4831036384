"""Questions about what happened: who was told of what, why somebody was not, what a shift or an inquiry a year later must know.

`ledger` is what alerting has left in its topics; `gathering` reads it, and the rest. `report`, `why` and `evidence` answer without touching anything;
`handover` and `layout` write a report down, `words` says what stands in the records, `choosing` picks episodes.
"""

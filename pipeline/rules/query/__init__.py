"""The query language: one string instead of `any`, `all` and `none`.

`reading` cuts the string into tokens, `parse` makes clauses of them, `writing` writes clauses as a query. What `NOT`, `AND` and `OR` mean is
`pipeline.rules.canonical`'s form of a group: both ways of writing a rule end in the same records.
"""

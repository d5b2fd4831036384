"""Outgoing HTTP: the one place from which a request leaves for an address that a configuration, a feed or a redirect names.

1. `address`: which addresses may be reached (pure). 2. `network`: connects to those alone, under one deadline.
3. `exchange`: one request and its answer. 4. `answer`: what came back, never read without a limit. 5. `errors`: why there is none.

Callers decide what a status means and what their people are told: connectors in `connectors/_http.py`, notifiers in `notifiers/_post.py`.
"""

"""Everything after the broker, and the words that both sides share.

Reading order, as one article travels:

1. `topology`: the whole flow on one page. `article`: the record that travels. `outcome`, `errors`: how it can end.
2. `plugins`: what a connector hands over (connectors live beside this package and may import it, never the reverse).
3. `stages.identify`, `stages.deduplicate`, `stages.enrich`: what is decided about it, with `text`, `stories`, `enrichers` and `rules`.
4. `runner`, `acknowledge`, `lanes`, `state`, `agents`: how a stage is carried out without losing or doubling anything.
5. `index`, `indexer`, `search`: how it reaches Elasticsearch.
6. How it reaches people: `lexicon`, `rules`, `find` (which words a rule means, and where they stand), `matched`, `facts` (the match as it travels),
   `episodes` (does it ring?), `routing` (whom, and now?), `alerting`, `alerter` (both, over Kafka), `delivery`, `sender`, `rendering`, `notifiers` (the message on
   its way). `outgoing`: the one way by which requests leave, for notifiers and connectors.
7. What people do with it: `decisions`, `say` (what they decide), `inquiry` (what happened, and why), `backtest` (what a rule would have done).
8. `console`: how it is seen. `commands`: how all of this is used. `embedded`, `demo`, `bench`: how it is tried, shown and measured.
"""

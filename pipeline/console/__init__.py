"""The live page: what comes out of Kafka, shown to people within a second.

It is fed from Kafka alone, so it lives when Elasticsearch is down. In reading order: `tail` reads the topics, `article_view`, `alert_view` and
`source_view` turn each record into what the page shows of it, `board` gathers that, `feed` does so in a thread, `hub` hands it to every open
page, `app` answers requests.

What people decide: `guard` refuses what another site could send, `asked` reads it, `acting` makes it a command, `acting_routes` sends it to the
alerter, whose answer comes back as a record. What they ask: `desk` remembers alerting, `episode_view`, `rules_view` and `handover` tell of it.
Rules made and mended on the page: `watching`; `tightening` of a `rule_file` in one of the `ways_to_tighten`; `rule_routes`.
"""

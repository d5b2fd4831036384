"""What a team finds in its own Kibana: data views, saved searches, dashboards and alert rules, from one source.

=================  ==================================================================================
`declared.py`      the words of the source: view, search, panel, dashboard, watch
`content.py`       the source: views, searches and the three dashboards
`watches.py`       the source: what Kibana's own alert rules watch
`kql.py`           the part of Kibana's query language that the source uses, and its Elasticsearch query
`lens.py`          a panel as Lens keeps it
`objects.py`       the saved objects, and the NDJSON made of them
`alerting.py`      the bodies of connectors and rules for the alerting API, with their fixed ids
`fields.py`        which fields our index templates have, by index
`check.py`         what would not import or not show anything, found without a Kibana
`check_lens.py`    the same for one dashboard's panels
`check_rules.py`   the same for connectors and rules
`connection.py`    asking one Kibana: addresses, credentials, and what a refusal means
`reading.py`       what the answers to an import and an export say. Pure
`report.py`        what became of each thing
`apply.py`         bring a Kibana to this state, or say what would change
=================  ==================================================================================

Written in the shapes of Kibana 8.8: every later one takes older objects and brings them up to date itself, none takes newer ones.
"""

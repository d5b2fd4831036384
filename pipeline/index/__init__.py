"""What Elasticsearch holds, and how it gets there.

========================  ==================================================================================
`mappings.py`             the fields of our documents, as data
`field_list.py`           the same as a table for README
`analysis.py`             our analyser for German texts, as data
`templates.py`            the index templates made of them
`months.py`               monthly indices: their end, and how long they are kept
`lifecycle.py`            the same as a policy, for servers that remove old months themselves
`abilities.py`            what a server can do beyond what every Elasticsearch can
`apply.py`                bring a server's templates and indices to that state, or say what would change
`documents.py`            an article as its document, and the name of its index
`alerts.py`               episodes, notifications, silences and decisions as documents
`sources.py`              how a source is doing as a document
`rejections.py`           a rejected record as a document
`bulk.py`                 a bulk request's bytes, and what its answer means for each document
`writer.py`               send until every document has its outcome
`entries.py`              one record on its way: what to write, what to publish, what may be committed
`intake.py`               the consumer: gather a batch, wait while it is paused, commit
`rebuild.py`              fill an empty Elasticsearch from the topics
`retention.py`            delete whole months, for servers that do not
`queries.py`              what the commands and the live page ask
========================  ==================================================================================

The connection is `pipeline/search.py`, the process that keeps the index current is `pipeline/indexer.py`. Kafka is the truth and the index
is a view of it: it can be deleted and rebuilt.
"""

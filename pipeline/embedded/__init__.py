"""A real Kafka and a real Elasticsearch as child processes, from packages only, for the demo and the tests.

In reading order: `servers.py` (both together) · `server.py` (one) · `kafka.py` · `elasticsearch.py` · `leash.py` (children that
cannot outlive us) · `packages.py` (downloads) · `java.py` · `account.py` (not as root) · `folder.py` (where it all lies).
"""

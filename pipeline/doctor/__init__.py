"""What `lagebild doctor` finds: facts are gathered from the servers and this machine, and pure checks say what is wrong and how to mend it.

==========================  ==================================================================================
`facts.py`                  what was seen, as records; what could not be asked stays None
`gather.py`                 asks everybody; `kafka.py`, `elasticsearch.py` and `kibana.py` ask one server each
`finding.py`                what a check says
`reachable.py`              who does not answer, and why
`versions.py`               clients against servers; what a lean Elasticsearch lacks, and what follows
`topics.py`                 topics: missing, partitions, replication, configuration
`lag.py`                    how far the processes are behind
`templates.py`              templates and indices against what this version would write
`disk.py`                   disk watermarks and the cluster's health
`clock.py`                  this machine's clock against the servers'
`certificates.py`           certificates that end soon
`rights.py`                 rights in Kafka and Elasticsearch
`dashboards.py`             what Kibana needs for alert rules
`limits.py`                 open files
`examine.py`                all of them
==========================  ==================================================================================
"""

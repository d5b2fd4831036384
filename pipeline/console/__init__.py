"""The live page: what comes out of Kafka, shown to people within a second.

It is fed from Kafka alone, so it lives when Elasticsearch is down. In reading order: `tail` reads the topics, `view` turns each record into
what the page shows of it, `board` gathers that, `feed` does so in a thread, `hub` hands it to every open page, `app` answers requests.
"""

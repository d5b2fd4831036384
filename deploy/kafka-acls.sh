#!/usr/bin/env bash
# Gives each process of Lagebild the rights in Kafka that it needs and no others. Written by `python -m pipeline.privileges`; a test holds both
# against each other, and another one runs the processes with exactly these rights.
#
#   BOOTSTRAP=kafka1:9093 COMMAND_CONFIG=admin.properties bash deploy/kafka-acls.sh
#
# KAFKA_ACLS   Kafka's own command, when it is not kafka-acls.sh on PATH      PREFIX   kafka.topic_prefix of the configuration
# COLLECTOR, WORKER, ALERTER, INDEXER, CONSOLE, OPERATOR   the principals, for example COLLECTOR=User:feeds
#   For `lagebild run` without a name, which runs them all as one user, set all six to that user.
set -euo pipefail
prefix="${PREFIX:-}"

allow() {
  "${KAFKA_ACLS:-kafka-acls.sh}" --bootstrap-server "${BOOTSTRAP:?address of a broker}" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} --add "$@"
}

# collector: fetches from the sources
principal="${COLLECTOR:-User:lagebild-collector}"
allow --allow-principal "$principal" --operation Read --group "${prefix}collector"
allow --allow-principal "$principal" --operation Read --topic "${prefix}evidence" --topic "${prefix}sources.canaries"
allow --allow-principal "$principal" --operation Read --operation Write --topic "${prefix}articles.held" --topic "${prefix}pages.rereads" --topic "${prefix}sources.cursors" --topic "${prefix}sources.health"
allow --allow-principal "$principal" --operation Write --topic "${prefix}articles.collected" --topic "${prefix}articles.outcomes" --topic "${prefix}articles.rejected"

# worker: the Faust stages
principal="${WORKER:-User:lagebild-worker}"
allow --allow-principal "$principal" --operation Read --group "${prefix}worker"
allow --allow-principal "$principal" --operation Read --topic "${prefix}articles.collected" --topic "${prefix}rules"
allow --allow-principal "$principal" --operation Read --operation Write --topic "${prefix}articles.deduplicated" --topic "${prefix}articles.identified" --topic "${prefix}articles.known" --topic "${prefix}stories"
allow --allow-principal "$principal" --operation Write --topic "${prefix}articles.enriched" --topic "${prefix}articles.outcomes" --topic "${prefix}articles.rejected" --topic "${prefix}evidence" --topic "${prefix}matches"

# alerter: episodes and messages
principal="${ALERTER:-User:lagebild-alerter}"
allow --allow-principal "$principal" --operation Read --group "${prefix}alerter"
allow --allow-principal "$principal" --operation Read --topic "${prefix}alerts.commands" --topic "${prefix}matches" --topic "${prefix}rules"
allow --allow-principal "$principal" --operation Read --operation Write --topic "${prefix}alerts.episodes" --topic "${prefix}alerts.memory" --topic "${prefix}alerts.notifications" --topic "${prefix}alerts.silences"
allow --allow-principal "$principal" --operation Write --topic "${prefix}alerts.audit" --topic "${prefix}articles.rejected" --topic "${prefix}sources.canaries"
allow --allow-principal "$principal" --operation Write --transactional-id "${prefix}alerter"

# indexer: writes to Elasticsearch
principal="${INDEXER:-User:lagebild-indexer}"
allow --allow-principal "$principal" --operation Read --group "${prefix}indexer"
allow --allow-principal "$principal" --operation Read --topic "${prefix}alerts.audit" --topic "${prefix}alerts.episodes" --topic "${prefix}alerts.notifications" --topic "${prefix}alerts.silences" --topic "${prefix}articles.enriched" --topic "${prefix}sources.health"
allow --allow-principal "$principal" --operation Read --operation Write --topic "${prefix}articles.rejected"
allow --allow-principal "$principal" --operation Write --topic "${prefix}articles.outcomes"

# console: the live page: it reads everything, and people decide and write rules there
principal="${CONSOLE:-User:lagebild-console}"
allow --allow-principal "$principal" --operation Describe --group "${prefix}alerter" --group "${prefix}collector" --group "${prefix}indexer" --group "${prefix}worker"
allow --allow-principal "$principal" --operation Read --topic "${prefix}alerts.audit" --topic "${prefix}alerts.episodes" --topic "${prefix}alerts.memory" --topic "${prefix}alerts.notifications" --topic "${prefix}alerts.silences" --topic "${prefix}articles.collected" --topic "${prefix}articles.deduplicated" --topic "${prefix}articles.enriched" --topic "${prefix}articles.held" --topic "${prefix}articles.identified" --topic "${prefix}articles.known" --topic "${prefix}articles.outcomes" --topic "${prefix}articles.rejected" --topic "${prefix}evidence" --topic "${prefix}matches" --topic "${prefix}pages.rereads" --topic "${prefix}sources.canaries" --topic "${prefix}sources.cursors" --topic "${prefix}sources.health" --topic "${prefix}stories"
allow --allow-principal "$principal" --operation Read --operation Write --topic "${prefix}alerts.commands" --topic "${prefix}rules" --topic "${prefix}rules.versions"
allow --allow-principal "$principal" --operation Write --transactional-id "${prefix}rules apply"

# operator: whoever types commands: topics apply, rules apply, alerts, drill, rejected replay, doctor
principal="${OPERATOR:-User:lagebild-operator}"
allow --allow-principal "$principal" --operation Describe --group "${prefix}alerter" --group "${prefix}collector" --group "${prefix}indexer" --group "${prefix}worker"
allow --allow-principal "$principal" --operation AlterConfigs --operation Create --operation DescribeConfigs --operation Read --topic "${prefix}alerts.audit" --topic "${prefix}alerts.episodes" --topic "${prefix}alerts.memory" --topic "${prefix}alerts.notifications" --topic "${prefix}alerts.silences" --topic "${prefix}articles.held" --topic "${prefix}articles.known" --topic "${prefix}articles.outcomes" --topic "${prefix}articles.rejected" --topic "${prefix}evidence" --topic "${prefix}pages.rereads" --topic "${prefix}sources.canaries" --topic "${prefix}sources.cursors" --topic "${prefix}sources.health" --topic "${prefix}stories"
allow --allow-principal "$principal" --operation AlterConfigs --operation Create --operation DescribeConfigs --operation Read --operation Write --topic "${prefix}alerts.commands" --topic "${prefix}articles.collected" --topic "${prefix}articles.deduplicated" --topic "${prefix}articles.enriched" --topic "${prefix}articles.identified" --topic "${prefix}matches" --topic "${prefix}rules" --topic "${prefix}rules.versions"
allow --allow-principal "$principal" --operation Write --transactional-id "${prefix}rules apply"

#!/usr/bin/env bash
# Once, in compose.yaml: the users of Elasticsearch, each with one role of deploy/elasticsearch-roles.yml, and the password as which Kibana itself
# signs in. Running it again changes nothing but passwords. Passwords are of letters and digits (deploy/env.sh).
set -euo pipefail

ask() { # path, JSON: through a pipe, because arguments could be read in the list of processes
    printf 'user = "elastic:%s"\ndata = "%s"\n' "$ELASTIC_PASSWORD" "${2//\"/\\\"}" |
        curl -fsS -K - -o /dev/null -X POST -H 'Content-Type: application/json' "http://elasticsearch:9200/_security/user/$1"
    echo "$1: done"
}

ask kibana_system/_password "{\"password\":\"$KIBANA_PASSWORD\"}"
ask lagebild_setup "{\"password\":\"$LAGEBILD_SETUP_PASSWORD\",\"roles\":[\"lagebild_setup\"]}"
ask lagebild_indexer "{\"password\":\"$LAGEBILD_INDEXER_PASSWORD\",\"roles\":[\"lagebild_indexer\"]}"
ask lagebild_kibana "{\"password\":\"$LAGEBILD_KIBANA_PASSWORD\",\"roles\":[\"lagebild_kibana\"]}"

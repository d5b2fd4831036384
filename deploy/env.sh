#!/usr/bin/env bash
# Writes deploy/.env for deploy/compose.yaml: versions, and secrets made on the spot. An existing file is left as it is.
set -euo pipefail
umask 077

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
file=${1:-$folder/.env}

secret() { # 32 random bytes as 64 digits and small letters: nothing that a shell, a URL or a YAML file would read otherwise
    local made
    made=$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n')
    [ ${#made} = 64 ] || {
        echo "no random bytes could be read from /dev/urandom" >&2
        exit 1
    }
    printf '%s' "$made"
}

if [ -e "$file" ]; then
    echo "$file is there already and stays as it is. Delete it only together with the volumes: the passwords are in both." >&2
    exit 0
fi

content="# Made by deploy/env.sh on $(date -u +%Y-%m-%d). Secrets: keep it to yourself.
LAGEBILD_VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' "$folder/../pyproject.toml")
LAGEBILD_UID=$(id -u | sed 's/^0$/10001/')
LAGEBILD_GID=$(id -g | sed 's/^0$/10001/')
KAFKA_VERSION=4.3.0
STACK_VERSION=9.5.0
ELASTIC_PASSWORD=$(secret)
KIBANA_PASSWORD=$(secret)
LAGEBILD_SETUP_PASSWORD=$(secret)
LAGEBILD_INDEXER_PASSWORD=$(secret)
LAGEBILD_KIBANA_PASSWORD=$(secret)
KIBANA_OBJECTS_KEY=$(secret)
KIBANA_SESSIONS_KEY=$(secret)
KIBANA_REPORTS_KEY=$(secret)"

# As root the containers run as 10001, who must be able to write rules.
[ "$(id -u)" != 0 ] || chown 10001:10001 "$folder/compose/rules"

# Written under another name first: a half-written file would be taken for a whole one.
printf '%s\n' "$content" >"$file.part"
mv -n "$file.part" "$file"
echo "$file written. Sign in to Kibana at http://127.0.0.1:5601/ as elastic; the password stands there as ELASTIC_PASSWORD." >&2

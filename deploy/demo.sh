#!/usr/bin/env bash
# One command from a checkout to a running Lagebild. Arguments go to `lagebild demo` (--help lists them).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh" embedded
exec "$LAGEBILD_ROOT/.venv/bin/lagebild" demo "$@"

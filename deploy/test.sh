#!/usr/bin/env bash
# Every check and every test. Arguments go to pytest: deploy/test.sh -k rebuild
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh" embedded,dev
cd "$LAGEBILD_ROOT" || exit 1

has_browser() {
    { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null && command -v chromedriver >/dev/null
}

if ! has_browser; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing chromium and chromium-driver for the tests of the live page ..." >&2
        { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium chromium-driver; } \
            >.venv/browser-install.log 2>&1 || tail -n 15 .venv/browser-install.log >&2
    fi
    has_browser || lagebild_fail "The live page is tested in a browser, and chromium with chromedriver is not installed.
Debian: apt-get install chromium chromium-driver"
fi

without_servers=(tests/unit tests/habits)
with_servers=(tests/contract tests/end_to_end tests/faults)

failed=()
check() {
    local name=$1 started=$SECONDS
    shift
    echo "── $name" >&2
    "$@" || failed+=("$name")
    echo "   $name: $((SECONDS - started)) s" >&2
}

check "download of the servers" .venv/bin/python -m pipeline.embedded.servers --fetch-only
check "ruff check" .venv/bin/ruff check .
check "ruff format" .venv/bin/ruff format --check .
check "mypy" .venv/bin/mypy
check "import rules" .venv/bin/lint-imports
if [ $# -gt 0 ]; then
    check "pytest" .venv/bin/python -m pytest "$@"
else
    # The tests with servers mostly wait, those without need a processor: side by side they take the time of the longer ones.
    nice -n 10 .venv/bin/python -m pytest --durations=10 -p no:cacheprovider "${without_servers[@]}" >.venv/tests-without-servers.log 2>&1 &
    quick=$!
    check "pytest with servers" .venv/bin/python -m pytest --durations=15 "${with_servers[@]}"
    check "pytest without servers" wait "$quick"
    cat .venv/tests-without-servers.log >&2
fi

# Once more on the next major of Elasticsearch: the whole path, what Kibana asks, and the indexer, without what depends on Kafka alone.
next_major() {
    .venv/bin/python -m pipeline.embedded.servers --fetch-only --elasticsearch "$1" &&
        LAGEBILD_TEST_ELASTICSEARCH=$1 .venv/bin/python -m pytest --durations=5 tests/end_to_end/test_whole_path.py \
            tests/end_to_end/test_kibana_queries.py tests/end_to_end/test_decisions_in_the_index.py tests/end_to_end/test_indexing.py \
            -k "not two_indexers and not short_polls and not comes_later and not takes_the_place"
}
not_run=""
if [ $# -gt 0 ]; then
    not_run="the end-to-end tests on Elasticsearch 9.5, because only some tests were asked for"
elif jdk=$(.venv/bin/python -m pipeline.embedded.java 2>&1); then
    check "pytest on Elasticsearch 9.5 with $jdk" next_major 9.5.0
else
    not_run="the end-to-end tests on Elasticsearch 9.5: $jdk"
fi
[ -z "$not_run" ] || echo "NOT RUN: $not_run" >&2

if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed after %d s:' "$SECONDS" >&2
    printf ' [%s]' "${failed[@]}" >&2
    echo >&2
    exit 1
fi
echo "all passed in $SECONDS s${not_run:+, but NOT RUN: $not_run}" >&2

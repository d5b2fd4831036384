# Sourced by demo.sh and test.sh: makes the virtual environment .venv in the checkout, and installs Lagebild into it.
#
#   . deploy/setup.sh embedded          extras to install, separated by commas
#
# Afterwards LAGEBILD_ROOT is the checkout. Nothing is installed again as long as pyproject.toml, constraints.txt and the place
# of the checkout stay the same. LAGEBILD_PYTHON names the Python to use (default: the first one found that is new enough).
# shellcheck shell=bash

LAGEBILD_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

lagebild_fail() {
    printf '\n%s\n' "$1" >&2
    exit 1
}

lagebild_python() {
    local candidate
    for candidate in ${LAGEBILD_PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

lagebild_stamp() { # the state that an installation belongs to
    "$1" - "$LAGEBILD_ROOT" <<'PYTHON'
import hashlib, pathlib, sys

root = pathlib.Path(sys.argv[1])
state = hashlib.sha256(str(root).encode())
for name in ("pyproject.toml", "deploy/constraints.txt"):
    state.update((root / name).read_bytes())
print(state.hexdigest())
PYTHON
}

lagebild_installed() { # whether the stamp file says: this state, with at least these extras
    local state=$1 extras=$2 stamped_state stamped_extras extra
    read -r stamped_state stamped_extras 2>/dev/null <"$LAGEBILD_ROOT/.venv/lagebild-installed" || return 1
    [ "$stamped_state" = "$state" ] || return 1
    for extra in ${extras//,/ }; do
        case ",$stamped_extras," in *",$extra,"*) ;; *) return 1 ;; esac
    done
}

lagebild_install() {
    # The pip that comes with Python 3.11 takes the extras html_clean and html-clean for two, and leaves out what one of them needs.
    "$1" -m pip install --disable-pip-version-check --no-input --progress-bar off --upgrade 'pip>=25' &&
        "$1" -m pip install --disable-pip-version-check --no-input --progress-bar off \
            -c "$LAGEBILD_ROOT/deploy/constraints.txt" -e "$LAGEBILD_ROOT[$2]"
}

lagebild_setup() {
    local extras=$1 venv="$LAGEBILD_ROOT/.venv" python state log
    if ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$(lagebild_python) || lagebild_fail "Lagebild needs Python 3.11 or later. ${LAGEBILD_PYTHON:-python3} is $("${LAGEBILD_PYTHON:-python3}" --version 2>/dev/null || echo 'not usable').
Install one (Debian and Ubuntu: apt-get install python3 python3-venv), or name it: LAGEBILD_PYTHON=/path/to/python3.12"
        "$python" -c 'import ensurepip, venv' 2>/dev/null || lagebild_fail "$python cannot make virtual environments.
Debian and Ubuntu keep that part in a package of its own: apt-get install python3-venv"
        [ -w "$LAGEBILD_ROOT" ] || lagebild_fail "$(id -un) cannot write to $LAGEBILD_ROOT, where .venv belongs. Use a checkout of your own."
        echo "Making the virtual environment $venv with $("$python" --version)" >&2
        rm -rf "$venv"
        "$python" -m venv "$venv" >&2 || lagebild_fail "The virtual environment $venv could not be made with $python."
    fi
    state=$(lagebild_stamp "$venv/bin/python")
    if lagebild_installed "$state" "$extras"; then return; fi
    echo "Installing Lagebild and what it needs into .venv (once; some 200 MB to download) ..." >&2
    log="$venv/lagebild-install.log"
    if ! lagebild_install "$venv/bin/python" "$extras" >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        lagebild_fail "The installation failed; the whole output is in $log. Without a network to PyPI, set a mirror: PIP_INDEX_URL=..."
    fi
    echo "$state $extras" >"$venv/lagebild-installed"
    echo "Installed." >&2
}

lagebild_setup "${1:-embedded}"

# Sourced by the scripts: makes .venv with exactly the packages of poetry.lock and this package, editable.
# Sets ROOT (the repository) and VENV. Does nothing more when the environment is up to date.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VENV=$ROOT/.venv

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Prints the first Python that pyproject.toml allows.
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 python3.10; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "No suitable Python: $(python3 --version 2>/dev/null || echo 'there is no python3') on the PATH, but 3.10," \
        "3.11, 3.12 or 3.13 is needed. Install one of them and run this again."
}

# Prints what the environment depends on, as a hash: interpreter, place, lock and project.
fingerprint() {
    "$1" - "$ROOT" <<'PYTHON'
import hashlib, pathlib, sys

root = pathlib.Path(sys.argv[1])
parts = [sys.version.encode(), bytes(root), *((root / name).read_bytes() for name in ("poetry.lock", "pyproject.toml"))]
print(hashlib.sha256(b"\0".join(parts)).hexdigest())
PYTHON
}

venv_pip() {
    # A "user" install, which some set as their default, cannot be made in a virtual environment.
    PIP_USER=0 "$VENV/bin/python" -m pip --quiet --disable-pip-version-check --no-input "$@" >>"$VENV/install.log" 2>&1
}

make_environment() {
    local python=$1
    # What is made anew is emptied first, also behind a link.
    [ ! -L "$VENV" ] ||
        die "$VENV is a link to $(readlink "$VENV"), which is not the environment of this checkout and would be emptied." \
            "Remove the link, then run this again."
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        die "$python cannot make virtual environments: its module venv is not complete. On Debian and Ubuntu, run" \
            "'apt install python3-venv' (or python3.x-venv for that very version), then run this again."
    printf 'Preparing .venv with %s; this takes a minute and happens once.\n' "$("$python" --version)" >&2
    "$python" -m venv --clear "$VENV" || die "$python could not make the virtual environment $VENV; see above."
    "$VENV/bin/python" "$ROOT/scripts/lib/locked_requirements.py" "$ROOT/poetry.lock" >"$VENV/requirements.txt" ||
        die "poetry.lock could not be read; see above."
    if ! venv_pip install --no-deps --require-hashes --requirement "$VENV/requirements.txt" ||
        ! venv_pip install --no-deps --no-build-isolation --editable "$ROOT"; then
        tail -n 15 "$VENV/install.log" >&2
        die "The packages of poetry.lock could not be installed; pip's last words are above, all of them are in" \
            "$VENV/install.log. If pip found no package or no connection: check the network, and behind a proxy or a" \
            "mirror the settings of pip (HTTPS_PROXY, PIP_INDEX_URL). Then run this again."
    fi
}

prepare_environment() {
    local python wanted
    python=$(find_python) || exit 1
    wanted=$(fingerprint "$python") || die "poetry.lock or pyproject.toml cannot be read in $ROOT; see above."
    if [ "$(cat "$VENV/fingerprint" 2>/dev/null)" != "$wanted" ] || ! "$VENV/bin/python" -c '' 2>/dev/null; then
        make_environment "$python"
        printf '%s\n' "$wanted" >"$VENV/fingerprint"
    fi
}

prepare_environment

# The sandbox is on this machine, where no proxy may come between.
export no_proxy=127.0.0.1,localhost

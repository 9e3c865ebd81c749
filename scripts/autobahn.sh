#!/usr/bin/env bash
# Installs the Autobahn test suite into .build/autobahn, lets it judge the native transport, and keeps what it says.
#
#     scripts/autobahn.sh                    # every case; docs/autobahn.md and .json are written anew
#     scripts/autobahn.sh --cases '1.*' 2.1  # these alone; nothing is written
#
# The suite runs on Python 2.7 alone: PYTHON27, when set, is the only candidate; else one on PATH, or pyenv's.
# Which packages, and which files of them, stands in tests/autobahn/requirements.txt. A C compiler builds one of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python27() {
    local candidate candidates=(python2.7)
    if [[ -n ${PYTHON27:-} ]]; then
        candidates=("$PYTHON27")
    elif command -v pyenv >/dev/null; then
        candidates+=("$(pyenv root)"/versions/2.7.*/bin/python2.7)
    fi
    for candidate in "${candidates[@]}"; do
        # A name on PATH may be a shim that leads nowhere: what does not answer is no candidate.
        "$candidate" -c 'import sys, pip; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null || continue
        printf '%s\n' "$candidate"
        return 0
    done
    if [[ -n ${PYTHON27:-} ]]; then
        echo "autobahn: PYTHON27=$PYTHON27 is no Python 2.7 with pip" >&2
    else
        echo "autobahn: the suite needs Python 2.7 with pip, on PATH, in pyenv, or named by PYTHON27=..." >&2
    fi
    return 1
}

python27=$(find_python27)
wanted=tests/autobahn/requirements.txt
there=.build/autobahn
if ! cmp --silent "$wanted" "$there/installed.txt"; then
    echo "autobahn: installing the suite with $python27"
    rm -rf "$there"
    mkdir -p "$there"
    # The list is complete, so nothing is asked for that has no hash.
    "$python27" -m pip --disable-pip-version-check --quiet --quiet install --require-hashes --no-deps \
        --target "$there/packages" --requirement "$wanted"
    cp "$wanted" "$there/installed.txt"
fi
exec .venv/bin/python -m tests.autobahn.suite --python "$python27" --directory "$there" "$@"

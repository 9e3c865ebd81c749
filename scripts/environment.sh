#!/usr/bin/env bash
# Builds .venv, or brings it up to date: the named sets of requirements and, with the set `run`, the package, editable.
#
#     scripts/environment.sh run test        # requirements/run.txt, requirements/test.txt and the package
#
# What is in place is noted under .venv/.state, so that a call with nothing to do takes some milliseconds:
#   tree        the directory it was built in (a copied .venv would lead back to the original's files)
#   python      the interpreter that built it
#   set-NAME    the checksum of requirements/NAME.txt as installed
#   package     the checksum of pyproject.toml as installed
#   unfinished  there while something is being installed
# An interrupted installation, a changed requirements file, a moved tree: .venv is built anew, so that nothing old stays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.venv
state=$venv/.state
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet install)

checksum() { sha256sum <"$1"; }
noted() { [[ -e $state/$1 && $(<"$state/$1") == "$2" ]]; }
note() { printf '%s\n' "$2" >"$state/$1"; }

must_build() { # the sets
    [[ -e $state/unfinished ]] && return 0
    noted tree "$PWD" || return 0
    "$venv/bin/python" -I -c '' 2>/dev/null || return 0
    [[ -z ${PYTHON:-} ]] || noted python "$python" || return 0
    local name
    for name in "$@"; do
        [[ ! -e $state/set-$name ]] || noted "set-$name" "$(checksum "requirements/$name.txt")" || return 0
    done
    return 1
}

build() {
    python=${python:-$(scripts/find_python.sh)}
    printf 'building %s with %s\n' "$venv" "$python"
    "$python" -m venv --clear "$venv"
    mkdir "$state"
    note python "$python"
    note tree "$PWD"
}

install_sets() { # the sets
    local name files=() missing=()
    for name in "$@"; do
        [[ -e $state/set-$name ]] && continue
        missing+=("$name")
        files+=(-r "requirements/$name.txt")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    changed=yes
    printf 'installing what requirements/ pins for: %s\n' "${missing[*]}"
    touch "$state/unfinished"
    # Wheels only: building a source archive would fetch a build backend that nothing here pins.
    "${pip[@]}" --require-hashes --only-binary :all: "${files[@]}"
    for name in "${missing[@]}"; do note "set-$name" "$(checksum "requirements/$name.txt")"; done
    rm "$state/unfinished"
}

install_package() {
    local sum
    sum=$(checksum pyproject.toml)
    noted package "$sum" && return 0
    changed=yes
    printf 'installing focus-signal\n'
    # The build backend is one of the pinned requirements, and nothing else is asked for.
    "${pip[@]}" --no-index --no-deps --no-build-isolation --editable .
    note package "$sum"
}

# One at a time: `make serve` and `make test` may be started together. Opened for reading, for there is nothing to write.
exec 9<"scripts/environment.sh"
flock --nonblock 9 || { echo "waiting for another make to finish with $venv"; flock 9; }

python=""
[[ -z ${PYTHON:-} ]] || python=$(scripts/find_python.sh)
changed=""
if must_build "$@"; then build; fi
install_sets "$@"
if [[ " $* " == *" run "* ]]; then install_package; fi
if [[ -n $changed ]]; then printf '%s is ready after %d s\n' "$venv" "$SECONDS"; fi

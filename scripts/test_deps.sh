#!/usr/bin/env bash
# Installs, with apt, the programs that tests use and that are no Python packages. Does nothing where all are there.
# A test whose program is missing is skipped by name (in CI, one that needs Chromium fails), so where this cannot install
# it says so and is no failure.
set -euo pipefail

missing=()
need() { # a package, and the programs of which one is enough
    local package=$1 program
    shift
    for program in "$@"; do
        command -v "$program" >/dev/null && return
    done
    missing+=("$package")
}
need iproute2 ip
need util-linux unshare
need chromium chromium chromium-browser google-chrome
# Without any font a browser draws no text, and nothing can be said of its contrast.
compgen -G '/usr/share/fonts/*type/*' >/dev/null || missing+=(fonts-dejavu-core)

if [[ ${#missing[@]} -eq 0 ]]; then
    echo "test-deps: all there (ip, unshare, chromium, a font)"
elif ! command -v apt-get >/dev/null; then
    echo "test-deps: no apt-get here; tests that need these packages are skipped: ${missing[*]}"
elif [[ $(id -u) -ne 0 ]]; then
    echo "test-deps: not root; tests that need them are skipped until: apt-get install ${missing[*]}"
else
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
    echo "test-deps: installed ${missing[*]}"
fi

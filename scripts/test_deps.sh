#!/usr/bin/env bash
# Installs, with apt, the programs that tests use and that are no Python packages. Does nothing where all are there.
# A test whose program is missing is skipped by name, so where this cannot install it says so and is no failure.
set -euo pipefail

declare -A package_of=([ip]=iproute2 [unshare]=util-linux)

missing=()
for program in "${!package_of[@]}"; do
    command -v "$program" >/dev/null || missing+=("${package_of[$program]}")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    echo "test-deps: all there (${!package_of[*]})"
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

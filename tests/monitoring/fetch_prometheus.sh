#!/usr/bin/env bash
# Puts promtool and prometheus into the directory $1, for tests: this machine's own if it has them, else those of
# Debian's package, unpacked and not installed, so that no service is left running.
set -euo pipefail

into=$1
mkdir -p "$into"
if command -v promtool >/dev/null && command -v prometheus >/dev/null; then
  ln -sf "$(command -v promtool)" "$(command -v prometheus)" "$into/"
  exit
fi
package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
cd "$package"
apt-get -qq download prometheus 2>/dev/null ||
  { [ "$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq download prometheus 2>/dev/null; } ||
  { echo "promtool and prometheus are missing: put them on the PATH, or run \`apt-get update\` as root (Debian's package prometheus)" >&2; exit 1; }
dpkg --extract prometheus_*.deb unpacked
cd - >/dev/null
install "$package"/unpacked/usr/bin/{promtool,prometheus} "$into/"

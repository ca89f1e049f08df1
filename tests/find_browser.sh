#!/usr/bin/env bash
# Sees to it that the tests find a Chromium: the one that is named or on PATH, else Debian's, installed when root.
set -euo pipefail
browser="${SIGNALQ_BILLING_CHROMIUM:-chromium}"
if command -v "$browser" >/dev/null; then
  exit 0
fi
if [ -z "${SIGNALQ_BILLING_CHROMIUM:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing Debian's chromium for the tests of the Payouts page ..."
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
if ! command -v "$browser" >/dev/null; then
  echo "the tests of the Payouts page need Chromium, and there is no '$browser' here." >&2
  echo "Install it (Debian: apt-get install chromium), or name one: SIGNALQ_BILLING_CHROMIUM=/path/to/chromium make test" >&2
  exit 1
fi

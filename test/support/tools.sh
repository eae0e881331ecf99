#!/bin/sh
# The programs that the tests drive besides Node: two browsers, SQLite's shell, OpenSSL, strace.
# Names of further ones can be given.
# Installs what is missing where that needs no question (root on Debian); elsewhere says what is missing and goes on.
missing=
command -v chromium >/dev/null || [ -x "${CHROMIUM:-/nowhere}" ] || missing="$missing chromium"
command -v firefox-esr >/dev/null || [ -x "${FIREFOX:-/nowhere}" ] || missing="$missing firefox-esr"
for tool in sqlite3 openssl strace "$@"; do
  command -v "$tool" >/dev/null || missing="$missing $tool"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing for the tests:$missing" >&2
  apt-get update -qq >&2
  # shellcheck disable=SC2086 # one word a package
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
else
  echo "the tests need:$missing (Debian's package names; CHROMIUM=/path and FIREFOX=/path name other browsers)" >&2
fi

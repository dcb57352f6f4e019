#!/usr/bin/env bash
# Installs commands that come from Debian packages, where they are missing.
#
#   packages.sh COMMAND=PACKAGE[,PACKAGE] ...
#
# A COMMAND may be a path or a pattern of one (/usr/lib/postgresql/*/bin/initdb). Without
# root, or without apt-get, it says what is missing and changes nothing.
set -euo pipefail

missing=()
for need in "$@"; do
  command=${need%%=*}
  if ! command -v "$command" >/dev/null && ! compgen -G "$command" >/dev/null; then
    IFS=, read -r -a names <<<"${need#*=}"
    missing+=("${names[@]}")
  fi
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "These Debian packages are missing: ${missing[*]}" >&2
  echo "Install them (as root: apt-get install ${missing[*]}), or what your system has instead, and try again." >&2
  exit 1
fi
echo "Installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# A mail server that is installed for tests is not to become this machine's.
if [[ " ${missing[*]} " == *" postfix "* ]] && command -v debconf-set-selections >/dev/null; then
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{ apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; echo "apt-get could not install: ${missing[*]}" >&2; exit 1; }

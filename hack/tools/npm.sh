#!/usr/bin/env bash
# Installs the npm packages of a folder where those that are there are not the ones of its
# package-lock.json, or not all of them. npm writes node_modules/.package-lock.json last.
#
#   npm.sh FOLDER [OPTION OF npm ci]...
set -euo pipefail

folder=$1
shift
installed=$folder/node_modules/.package-lock.json
if [ ! "$installed" -nt "$folder/package-lock.json" ]; then
  npm ci --prefix "$folder" --no-audit --no-fund "$@"
fi

#!/usr/bin/env bash
# Runs tests that otherwise talk to stand-ins against real servers, started in a temporary folder and ended afterwards. No part of `npm test`.
#   scripts/real-servers.sh [NAME...]     the parts in scripts/real-servers/ by name; without names, all of them
# A part gets the temporary folder as its argument and ends with 3 when something that it needs is missing, which it names.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
[ $# -gt 0 ] || set -- $(for part in scripts/real-servers/*.sh; do basename "$part" .sh; done)
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
status=0
for name in "$@"; do
  part=scripts/real-servers/$name.sh
  if [ ! -f "$part" ]; then
    echo "real-servers: there is no $part" >&2
    exit 1
  fi
  echo "real-servers: $name"
  mkdir -p "$folder/$name"
  chmod 755 "$folder/$name"
  bash "$part" "$folder/$name"
  ended=$?
  case $ended in
    0) echo "real-servers: $name: passed" ;;
    3) echo "real-servers: $name: not run" ;;
    *) echo "real-servers: $name: failed ($ended)" ;;
  esac
  [ $ended -eq 0 ] || status=1
done
exit $status

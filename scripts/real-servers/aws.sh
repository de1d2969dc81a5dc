#!/bin/sh
# Runs the tests of AWS (KMS, STS, S3) against moto, which it installs from PyPI into a folder of its own and removes afterwards.
# Needs python3 with venv, and the network. Usage: sh scripts/real-servers/aws.sh [PORT]
set -eu

cd "$(dirname "$0")/../.."
port=${1:-5055}
folder=$(mktemp -d)
server=
clean() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap clean EXIT
trap 'exit 1' INT TERM

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'moto[kms,s3,server,sts]'
"$folder/venv/bin/moto_server" --host 127.0.0.1 --port "$port" >"$folder/log" 2>&1 &
server=$!

tries=0
until "$folder/venv/bin/python" -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ] || ! kill -0 "$server" 2>/dev/null; then
    cat "$folder/log" >&2
    exit 1
  fi
  sleep 1
done

SOPS_TEST_AWS="http://127.0.0.1:$port" npx vitest run test/aws/server.test.ts

#!/usr/bin/env bash
# Audit records in PostgreSQL: a server with TLS, one without, and one that is read-only. Called by scripts/real-servers.sh.
set -u
folder=$1
export PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV | head -1)"
missing=
for program in initdb postgres psql openssl node; do
  command -v "$program" >/dev/null || missing="$missing $program"
done
if [ -n "$missing" ]; then
  echo "postgres: missing:$missing (in Debian: apt-get install postgresql openssl)" >&2
  exit 3
fi

# The server refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups); fi
pids=()
stop() {
  for pid in ${pids[@]+"${pids[@]}"}; do kill -QUIT "$pid" 2>/dev/null; done
  wait
}
trap stop EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null || exit 1

free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }

# start NAME PORT SETTING...
start() {
  local place=$folder/$1 port=$2 options=() setting
  shift 2
  mkdir "$place" && cp "$folder/key.pem" "$folder/cert.pem" "$place" && chmod 600 "$place/key.pem"
  [ "$(id -u)" != 0 ] || chown -R nobody "$place"
  cd "$place" || return 1
  ${as[@]+"${as[@]}"} initdb -D "$place/cluster" -U admin --auth-local=trust --auth-host=scram-sha-256 --no-sync >/dev/null || return 1
  for setting in listen_addresses=127.0.0.1 "port=$port" "ssl_key_file=$place/key.pem" "ssl_cert_file=$place/cert.pem" "$@"; do
    options+=(-c "$setting")
  done
  ${as[@]+"${as[@]}"} postgres -D "$place/cluster" -k "$place" "${options[@]}" >"$place/log" 2>&1 &
  pids+=($!)
  cd - >/dev/null || return 1
  local n
  for n in $(seq 100); do
    psql -h "$place" -p "$port" -U admin -d postgres -Atqc 'SELECT 1' >/dev/null 2>&1 && break
    sleep 0.1
  done
  psql -h "$place" -p "$port" -U admin -d postgres -v ON_ERROR_STOP=1 -qAt >/dev/null <<'SQL'
SET default_transaction_read_only = off;
CREATE TABLE audit_event (id SERIAL PRIMARY KEY, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, action TEXT, username TEXT, file TEXT);
CREATE ROLE sops LOGIN PASSWORD 'pass word';
GRANT INSERT ON audit_event TO sops;
GRANT USAGE ON audit_event_id_seq TO sops;
SQL
}

clear=$(free_port) tls=$(free_port) readonly=$(free_port)
start clear "$clear" && start tls "$tls" ssl=on && start readonly "$readonly" ssl=on default_transaction_read_only=on || {
  tail -n 20 "$folder"/*/log >&2
  exit 1
}
export SOPS_TEST_POSTGRES="{\"clear\":$clear,\"tls\":$tls,\"readOnly\":$readonly,\"folder\":\"$folder/clear\",\"authority\":\"$folder/cert.pem\"}"
npx vitest run --maxWorkers=1 test/audit/postgres-servers.test.ts test/cli/audit.test.ts

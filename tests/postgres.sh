#!/usr/bin/env bash
# Two hosts on one PostgreSQL database, made as README.md says in the block with this script's name: what is provisioned
# by one is seen by the other, and is there when the first was killed. Usage: tests/postgres.sh BUILD_DIR
set -euo pipefail
built=$(cd "${1:?the folder of a build}" && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/../.ci/setup.sh"
. "$setup_root/.ci/running.sh"

# A server of our own, on a unix socket only. It refuses to run as root.
programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | tail -n 1)
[ -x "$programs/initdb" ] || die "PostgreSQL is not installed"
as=()
mkdir "$work/postgres"
if [ "$(id -u)" -eq 0 ]; then
  as=(setpriv --reuid postgres --regid postgres --clear-groups)
  chmod 711 "$work"
  chown postgres "$work/postgres"
fi
export PGHOST=$work/postgres
"${as[@]}" "$programs/initdb" -D "$work/postgres/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >/dev/null
start "$setup_logs/postgres-server.log" "${as[@]}" "$programs/postgres" -D "$work/postgres/data" \
  -c listen_addresses= -c "unix_socket_directories=$PGHOST"
until_true 30 "$setup_logs/postgres-server.log" "$programs/pg_isready" -q

blocks=$work/blocks.sh
awk '/<!-- run by tests\/postgres.sh -->/ { marked = 1; next }
     /^```/ { if (inside) { inside = 0; marked = 0 } else if (marked) inside = 1; next }
     inside' "$setup_root/README.md" >"$blocks"
[ -s "$blocks" ] || die "README.md has no block for it"
TENANTRY_KEY=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
TENANTRY_ADMIN_PASSWORD=$(random)
export TENANTRY_KEY TENANTRY_ADMIN_PASSWORD
tenantry() { "$built/tenantry" "$@" --data-dir "$work/first"; }
(
  export PGUSER=postgres
  set -x
  . "$blocks"
)

# host <name> <port>
host() {
  mkdir -p "$work/$1/engines"
  cp "$built/engines/hello.so" "$work/$1/engines/"
  cat >"$work/$1.toml" <<CONFIG
data_dir = "$work/$1"
[listen]
port = $2
[store]
url = "postgresql://tenantry@/tenantry"
[engines]
directories = ["$work/$1/engines"]
settings = { hello = { directory = "$work/rooms" } }
[[servers]]
id = "here"
engine = "hello"
CONFIG
  start "$setup_logs/postgres-$1.log" "$built/tenantry" serve --config "$work/$1.toml"
  until_true 20 "$setup_logs/postgres-$1.log" curl -fsS "http://127.0.0.1:$2/readyz"
}
first=$(free_port 4600)
host first "$first"
killed=${running[-1]}
second=$(free_port $((first + 1)))
host second "$second"

json='Content-Type: application/json'
auth="Authorization: Bearer $(curl -fsS "http://127.0.0.1:$first/api/auth/login" -H "$json" \
  -d "{\"email\": \"admin@example.com\", \"password\": \"$TENANTRY_ADMIN_PASSWORD\"}" | jq -r .access_token)"
tenant=$(curl -fsS "http://127.0.0.1:$first/api/iam/tenants" -H "$auth" -H "$json" -d '
  {"name": "Acme", "engine": "hello", "country_code": "KE", "admin_name": "Asha", "admin_email": "asha@example.com",
   "admin_password": "chosen by Asha"}' | jq -r .tenant.id)
curl -fsS "http://127.0.0.1:$first/api/provisioning/tenants/$tenant/start" -H "$auth" -H "$json" -d '
  {"parameters": {"name": "acme", "greeting": "Habari"}}' >/dev/null

is_completed() {
  [ "$(curl -fsS "http://127.0.0.1:$1/api/provisioning/tenants/$tenant/status" -H "$auth" | jq -r .status)" = COMPLETED ]
}
until_true 20 "$setup_logs/postgres-second.log" is_completed "$second"
kill -9 "$killed"
wait "$killed" 2>/dev/null || true
is_completed "$second" || die "the second host does not see what the first has done"
[ "$(cat "$work/rooms/acme/greeting.txt")" = "Habari, acme!" ] || die "the engine did nothing"

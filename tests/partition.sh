#!/usr/bin/env bash
# Three network namespaces: a PostgreSQL server with one host beside it, and another host that is cut off from both while
# it carries a run on. It gives its calls up before the other host takes the run, and serves again once the cut is mended.
# Needs root. Usage: tests/partition.sh BUILD_DIR
set -euo pipefail
built=$(cd "${1:?the folder of a build}" && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/../.ci/setup.sh"
. "$setup_root/.ci/running.sh"
lease=6

space=tenantry$$
if [ "$(id -u)" -ne 0 ] || ! command -v ip >/dev/null || ! ip netns add "$space-a" 2>/dev/null; then
  echo "partition: skipped, because network namespaces need root"
  exit 0
fi
server=
leave() {
  local pid
  for pid in "${running[@]}"; do [ "$pid" = "$server" ] || kill -9 "$pid" 2>/dev/null || true; done
  [ -z "$server" ] || kill -INT "$server" 2>/dev/null || true
  running_end
  ip netns del "$space-a" 2>/dev/null || true
  ip netns del "$space-b" 2>/dev/null || true
}
trap leave EXIT
ip netns add "$space-b"
# nsenter, because ip itself wants to mount things, too, when it goes there.
in_a() { nsenter --net="/run/netns/$space-a" "$@"; }
in_b() { nsenter --net="/run/netns/$space-b" "$@"; }
# A cable from a to b; the database and the second host are in b.
in_a ip link add v0 type veth peer name v0 netns "$space-b"
for side in a b; do "in_$side" ip link set lo up; done
in_a ip addr add 10.99.0.1/24 dev v0
in_b ip addr add 10.99.0.2/24 dev v0
for side in a b; do "in_$side" ip link set v0 up; done

programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | tail -n 1)
[ -x "$programs/initdb" ] || die "PostgreSQL is not installed"
mkdir "$work/postgres"
chmod 711 "$work"
chown postgres "$work/postgres"
as=(setpriv --reuid postgres --regid postgres --clear-groups)
"${as[@]}" "$programs/initdb" -D "$work/postgres/data" -U tenantry -A trust -E UTF8 --no-locale --no-sync >/dev/null
echo 'host all all 10.99.0.0/24 trust' >>"$work/postgres/data/pg_hba.conf"
start "$setup_logs/partition-server.log" nsenter --net="/run/netns/$space-b" "${as[@]}" "$programs/postgres" -D "$work/postgres/data" \
  -c listen_addresses=10.99.0.2 -c "unix_socket_directories=$work/postgres"
server=${running[-1]}
until_true 30 "$setup_logs/partition-server.log" nsenter --net="/run/netns/$space-b" "$programs/pg_isready" -q -h 10.99.0.2 -d postgres
in_b psql -qX -h 10.99.0.2 -U tenantry postgres -c 'create database tenantry'
sql() { in_b psql -qXAt -h 10.99.0.2 -U tenantry tenantry -c "$1"; }

TENANTRY_KEY=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
TENANTRY_ADMIN_EMAIL=admin@example.com
TENANTRY_ADMIN_PASSWORD=$(random)
PATIENT_KEY=$(random)
export TENANTRY_KEY TENANTRY_ADMIN_EMAIL TENANTRY_ADMIN_PASSWORD PATIENT_KEY
mkdir "$work/rooms"
# host <a|b>: listens on loopback of its namespace; its process id is the last in `running`.
host() {
  mkdir -p "$work/$1/engines"
  cp "$built/engines/patient.so" "$work/$1/engines/"
  cat >"$work/$1.toml" <<CONFIG
data_dir = "$work/$1"
host_id = "host-$1"
[listen]
port = 4700
[store]
url = "postgresql://tenantry@10.99.0.2/tenantry"
[engines]
directories = ["$work/$1/engines"]
settings = { patient = { directory = "$work/rooms" } }
[limits]
lease_ms = ${lease}000
[[servers]]
id = "here"
engine = "patient"
secrets = { api_key = "env:PATIENT_KEY" }
CONFIG
  start "$setup_logs/partition-$1.log" nsenter --net="/run/netns/$space-$1" "$built/tenantry" serve --config "$work/$1.toml"
  until_true 20 "$setup_logs/partition-$1.log" nsenter --net="/run/netns/$space-$1" curl -fsS "http://127.0.0.1:4700/readyz"
}
host a
first=${running[-1]}
host b

json='Content-Type: application/json'
auth="Authorization: Bearer $(in_a curl -fsS "http://127.0.0.1:4700/api/auth/login" -H "$json" \
  -d "{\"email\": \"$TENANTRY_ADMIN_EMAIL\", \"password\": \"$TENANTRY_ADMIN_PASSWORD\"}" | jq -r .access_token)"
tenant=$(in_a curl -fsS "http://127.0.0.1:4700/api/iam/tenants" -H "$auth" -H "$json" -d '
  {"name": "Acme", "engine": "patient", "country_code": "KE", "admin_name": "Asha", "admin_email": "asha@example.com",
   "admin_password": "chosen by Asha"}' | jq -r .tenant.id)
items=$(seq -f 'item%g' -s '","' 1 900)
in_a curl -fsS "http://127.0.0.1:4700/api/provisioning/tenants/$tenant/start" -H "$auth" -H "$json" \
  -d "{\"parameters\": {\"domain\": \"acme.example\", \"items\": [\"$items\"]}}" >/dev/null
made() { find "$work/rooms/$tenant" -name 'item*' 2>/dev/null | wc -l; }
has_made() { [ "$(made)" -ge "$1" ]; }
until_true 20 "$setup_logs/partition-a.log" has_made 20
[ "$(sql "select host from lives l join runs r on r.owner = l.id")" = host-a ] || die "the first host does not have the run"

in_b ip link set v0 down
cut=$SECONDS
# Nothing that the first host began is still at work when the second one takes the run.
owned_by_b() { [ "$(sql "select host from lives l join runs r on r.owner = l.id")" != host-a ]; }
engines_of_a() { pgrep -P "$first" || true; }
alive=$(engines_of_a)
until_true $((lease + 10)) "$setup_logs/partition-b.log" owned_by_b
for engine in $alive; do
  ! kill -0 "$engine" 2>/dev/null || die "an engine of the host that is cut off still works"
done
took=$((SECONDS - cut))
completed() { [ "$(in_b curl -fsS "http://127.0.0.1:4700/api/provisioning/tenants/$tenant/status" -H "$auth" |
  jq -r .status)" = COMPLETED ]; }
until_true 60 "$setup_logs/partition-b.log" completed
[ "$(made)" -eq 900 ] || die "$(made) items and not 900"

in_b ip link set v0 up
until_true 60 "$setup_logs/partition-a.log" in_a curl -fsS "http://127.0.0.1:4700/readyz"
in_a curl -fsS "http://127.0.0.1:4700/api/provisioning/tenants/$tenant/status" -H "$auth" | jq -e '.status == "COMPLETED"' \
  >/dev/null || die "the first host does not see that the run is completed"
[ "$(sql "select count(*) = max(number) from events")" = t ] || die "events are missing"
[ "$(sql "select count(*) from events where type = 'step.completed' and step = 'import_items'")" = 1 ] ||
  die "a step was completed twice"
echo "partition: taken over $took s after the cut (lease $lease s)"

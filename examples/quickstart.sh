#!/usr/bin/env bash
# Tenantry in one command: installs the packages that are missing, builds, starts a stand-in for an ERP server and a
# host on SQLite, and provisions two tenants over REST: one that goes well, and one that fails half-way and goes on.
# Usage: examples/quickstart.sh [--engine erpnext|odoo] [--keep] [--port N] [--built DIR]
#   --engine E   the ERP: erpnext, which is the default, or odoo
#   --keep       leave the host and the stand-in running, and say how to stop them
#   --port N     the host's port; otherwise 4000, or the next one that is free
#   --built DIR  use what was built there instead of building
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../.ci/setup.sh"

engine=erpnext
keep=no
port=
built=
while [ $# -gt 0 ]; do
  case $1 in
    --engine) engine=${2:?} && shift ;;
    --keep) keep=yes ;;
    --port) port=${2:?} && shift ;;
    --built) built=${2:?} && shift ;;
    -h | --help)
      sed -n '2,8s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *) die "unknown option $1; see --help" ;;
  esac
  shift
done
case $engine in
  erpnext | odoo) ;;
  *) die "there is no engine $engine; see --help" ;;
esac

if [ -z "$built" ]; then
  built=$setup_root/build/quick
  setup_packages "${setup_build_packages[@]}" "${setup_run_packages[@]}" || exit 1
  quietly configure setup_configure quick || exit 1
  quietly build setup_build quick --target tenantry "$engine" tenantry-sandbox || exit 1
  echo
fi
tenantry=$built/tenantry
sandbox=$built/examples/sandbox/tenantry-sandbox

. "$setup_root/.ci/running.sh"
logs=$setup_logs/quickstart-$engine
seconds=$SECONDS
mkdir -p "$work/engines" "$work/data"
cp "$built/engines/$engine.so" "$work/engines/"
[ -n "$port" ] || port=$(free_port 4000)
export TENANTRY_URL=http://127.0.0.1:$port

# A secret has no place in a file or on a command line.
TENANTRY_ADMIN_PASSWORD=$(random)
TENANTRY_PASSWORD=$TENANTRY_ADMIN_PASSWORD
TENANTRY_TENANT_PASSWORD=$(random)
ERP_KEY=$(random)
ERP_SECRET=$(random)
export TENANTRY_ADMIN_PASSWORD TENANTRY_PASSWORD TENANTRY_TENANT_PASSWORD ERP_KEY ERP_SECRET
[ $keep = yes ] || export XDG_CONFIG_HOME=$work/config

# What differs between the two: the stand-in, how the host gets in, and what will be refused once.
case $engine in
  erpnext)
    erp_name=ERPNext
    stand_in=(--site '*' --time-scale 0.4 --api-key "$ERP_KEY" --api-secret "$ERP_SECRET")
    access='settings = { site = "{tenant}" }
secrets = { api_key = "env:ERP_KEY", api_secret = "env:ERP_SECRET" }'
    refused='POS Profile'
    refusal='"method": "POST", "doctype": "POS Profile", "exc_type": "PermissionError",
      "message": "No permission for POS Profile"'
    ;;
  odoo)
    erp_name=Odoo
    stand_in=(--erp odoo --erp-version 19 --time-scale 0.1 --master-password "$ERP_SECRET")
    access='secrets = { master_password = "env:ERP_SECRET" }'
    refused='point of sale'
    refusal='"doctype": "pos.config.load", "exc_type": "odoo.exceptions.AccessError",
      "message": "You are not allowed to create Point of Sale Configuration records."'
    ;;
esac

start "$logs/sandbox.log" "$sandbox" --port 0 "${stand_in[@]}"
until_true 10 "$logs/sandbox.log" grep -q '^listening on ' "$logs/sandbox.log"
erp=$(sed -n 's/^listening on //p' "$logs/sandbox.log")

cat >"$work/tenantry.toml" <<CONFIG
data_dir = "$work/data"
[listen]
port = $port
[store]
url = "sqlite:$work/data/tenantry.db"
[engines]
directories = ["$work/engines"]
[[servers]]
id = "demo"
engine = "$engine"
url = "$erp"
$access
CONFIG
"$tenantry" admin create --config "$work/tenantry.toml" --email admin@example.com --name Administrator \
  >"$logs/admin.log" 2>&1 || die "no account was made: $(tail -n 2 "$logs/admin.log" | head -n 1) (log: $logs/admin.log)"
start "$logs/host.log" "$tenantry" serve --config "$work/tenantry.toml"
until_true 20 "$logs/host.log" curl -fsS "$TENANTRY_URL/readyz"
echo "A stand-in for $erp_name is on $erp, a Tenantry host with a SQLite store and its console on $TENANTRY_URL."

# From here on everything is REST: the command line only sends what any other client would, and notes each call.
front() { "$tenantry" --trace "$work/trace" "$@"; }
# create <name>: prints the tenant's id.
create() {
  front -o json tenants create --name "$1" --engine "$engine" --country KE \
    --admin-email owner@example.com --admin-name Owner | jq -r .tenant.id
}
# expect <exit code> <command...>
expect() {
  local wanted=$1 code=0
  shift
  "$@" || code=$?
  [ $code -eq "$wanted" ] || die "$* ended with exit code $code instead of $wanted (log: $logs/host.log)"
}

front login --email admin@example.com >/dev/null

printf '\n1. A tenant is created and provisioned.'
[ "$engine" != odoo ] || printf ' The first of its country also makes the database that others are copied from.'
printf '\n\n'
first=$(create "Acme Nairobi")
front start "$first" >/dev/null
expect 0 front watch "$first"

printf '\n2. A second one. This time %s refuses the %s, and the run stops there.\n\n' "$erp_name" "$refused"
second=$(create "Acme Mombasa")
fault=$(curl -fsS "$erp/__sandbox/faults" -H 'Content-Type: application/json' -d "{\"id\": \"refuse\",
  \"action\": \"error\", \"status\": 403, $refusal}")
front start "$second" >/dev/null
expect 3 front watch "$second"

printf '\n3. The permission is granted, and the run goes on from where it stopped.\n\n'
curl -fsS -X DELETE "$erp/__sandbox/faults/refuse" >/dev/null || die "the fault stayed: $fault"
front continue "$second" >/dev/null
expect 0 front watch "$second"

printf '\nWhat happened: both tenants are provisioned; the second kept the steps that were done before it failed.\n\n'
front tenants list
printf '\nThe REST calls that did it:\n'
sed -E "s/$first/{first}/; s/$second/{second}/" "$work/trace" | sort | uniq -c |
  sed -E 's/^ *([0-9]+) (.*) ([0-9]+)$/  \1x \2 -> \3/'
printf '\nProvisioned in %d s. ' $((SECONDS - seconds))

if [ $keep = yes ]; then
  trap - EXIT
  cat <<KEPT
Still running: $TENANTRY_URL (process ${running[1]}), $erp (process ${running[0]}).
The console is at $TENANTRY_URL/ for admin@example.com with the password $TENANTRY_PASSWORD.
On the command line you are signed in, e.g. for
  $tenantry --url $TENANTRY_URL tenants list
To stop them: kill ${running[*]} && rm -r $work
KEPT
else
  echo "Everything was stopped again; --keep leaves it running."
fi

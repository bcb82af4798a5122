#!/usr/bin/env bash
# The Odoo engine against a real Odoo 19: Debian's package of it, unpacked outside of the tree and not installed, with a
# PostgreSQL of its own, both on loopback. Three tenants through the host: one from a template, one made afresh while
# the host is killed once, one whose database is there already and has something in it. Odoo is asked what came of it,
# an API key that nobody knows is found and removed, two tenants are rolled back (the made database goes, the existing
# one stays with what was in it, the third is as it was), and the times are printed. Usage: tests/real/odoo.sh BUILD_DIR
#   ODOO_FOLDER=DIR  keeps what was downloaded there for the next time (400 MB)
set -euo pipefail
built=$(cd "${1:?the folder of a build}" && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/../../.ci/setup.sh"
. "$setup_root/.ci/running.sh"
skip() {
  echo "skipped: $1"
  exit 0
}
logs=$setup_logs/real-odoo
mkdir -p "$logs"
chmod 711 "$work"

# ---- Odoo, from sid; the Python packages it needs, from this Debian ----

folder=${ODOO_FOLDER:-$work/odoo}
mkdir -p "$folder"
chmod 755 "$folder"
fetch() {
  local mirror codename key=/usr/share/keyrings/debian-archive-keyring.gpg
  mirror=$(sed -nE 's/^URIs: *([^ ]*\/debian)\/? *$/\1/p; s/^deb +(\[[^]]*\] +)?([^ ]*\/debian)\/? .*/\2/p' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n 1)
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  [ -n "$mirror" ] || return 1
  mkdir -p "$folder"/apt/{state/lists/partial,cache/archives/partial} "$folder/packages"
  printf 'deb [signed-by=%s] %s %s main\n' "$key" "$mirror" sid "$key" "$mirror" "$codename" >"$folder/apt/sources.list"
  cat >"$folder/apt/apt.conf" <<CONFIG
Dir::State "$folder/apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$folder/apt/cache";
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "-";
Acquire::Languages "none";
APT::Default-Release "$codename";
APT::Sandbox::User "root";
CONFIG
  export APT_CONFIG=$folder/apt/apt.conf
  apt-get update || return 1
  local python=() name
  for name in asn1crypto babel cbor2 chardet cryptography dateutil decorator docutils freezegun geoip2 gevent greenlet \
    idna jinja2 libsass lxml magic markupsafe num2words ofxparse openpyxl openssl passlib pil polib psutil psycopg2 \
    pypdf2 qrcode reportlab requests rjsmin serial stdnum tz urllib3 usb vobject werkzeug xlrd xlsxwriter xlwt zeep; do
    python+=("python3-$name")
  done
  local missing
  missing=$(apt-get install -s --no-install-recommends "${python[@]}" | sed -n 's/^Inst \([^ ]*\) .*/\1/p')
  cd "$folder/packages" || return 1
  # shellcheck disable=SC2086
  apt-get download odoo-19/sid $missing || return 1
  local file
  for file in *.deb; do dpkg-deb -x "$file" "$folder/root" || return 1; done
  touch "$folder/complete"
}
began=$SECONDS
if [ ! -e "$folder/complete" ]; then
  (fetch) >"$logs/fetch.log" 2>&1 || skip "the package odoo-19 cannot be had: $(tail -n 1 "$logs/fetch.log")"
fi
programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | tail -n 1)
[ -x "$programs/initdb" ] || skip "PostgreSQL is not installed"
fetched=$((SECONDS - began))

# ---- PostgreSQL and Odoo, neither of which runs as root ----

as=()
mkdir "$work/postgres" "$work/odoo-data"
if [ "$(id -u)" -eq 0 ]; then
  as=(setpriv --reuid postgres --regid postgres --clear-groups)
  chown postgres "$work/postgres" "$work/odoo-data"
fi
"${as[@]}" "$programs/initdb" -D "$work/postgres/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >/dev/null
start "$logs/postgres.log" "${as[@]}" "$programs/postgres" -D "$work/postgres/data" -c listen_addresses= \
  -c "unix_socket_directories=$work/postgres" -c fsync=off
until_true 30 "$logs/postgres.log" "$programs/pg_isready" -q -h "$work/postgres"
"$programs/createuser" -h "$work/postgres" -U postgres -d odoo

ODOO_MASTER=$(random)
odoo_port=$(free_port 8069)
cat >"$work/odoo.conf" <<CONFIG
[options]
admin_passwd = $ODOO_MASTER
db_host = $work/postgres
db_user = odoo
data_dir = $work/odoo-data
http_interface = 127.0.0.1
http_port = $odoo_port
workers = 0
max_cron_threads = 0
limit_time_real = 1800
limit_time_cpu = 1800
CONFIG
if [ "$(id -u)" -eq 0 ]; then chown postgres "$work/odoo.conf"; fi
chmod 600 "$work/odoo.conf"
start "$logs/odoo.log" env "PYTHONPATH=$folder/root/usr/lib/python3/dist-packages" "HOME=$work/odoo-data" \
  "LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu:$folder/root/usr/lib/aarch64-linux-gnu" \
  "${as[@]}" /usr/bin/python3 "$folder/root/usr/bin/odoo" -c "$work/odoo.conf"
odoo=http://127.0.0.1:$odoo_port
until_true 120 "$logs/odoo.log" curl -fsS "$odoo/web/health"
echo "Odoo $(curl -fsS "$odoo/web/version" | jq -r .version) is on $odoo (packages: $fetched s)."

# rpc <service> <method> <arguments as JSON>: prints the result.
rpc() {
  curl -fsS --max-time 600 "$odoo/jsonrpc" -H 'Content-Type: application/json' -d "$(jq -nc --arg service "$1" \
    --arg method "$2" --argjson args "$3" \
    '{jsonrpc: "2.0", id: 1, method: "call", params: {service: $service, method: $method, args: $args}}')" |
    jq -ec 'if .error then error(.error.data.name + ": " + .error.data.message) else .result end'
}

# ---- the host ----

TENANTRY_ADMIN_PASSWORD=$(random)
TENANTRY_PASSWORD=$TENANTRY_ADMIN_PASSWORD
TENANTRY_TENANT_PASSWORD=$(random)
ODOO_ADMIN=$(random)
export TENANTRY_ADMIN_PASSWORD TENANTRY_PASSWORD TENANTRY_TENANT_PASSWORD ODOO_MASTER ODOO_ADMIN
export XDG_CONFIG_HOME=$work/config
port=$(free_port 4700)
export TENANTRY_URL=http://127.0.0.1:$port
mkdir -p "$work/engines" "$work/data"
cp "$built/engines/odoo.so" "$built/engines/odoo_templates.so" "$work/engines/"
server() { # server <id> <engine> <settings>
  cat <<CONFIG
[[servers]]
id = "$1"
engine = "$2"
url = "$odoo"
settings = $3
secrets = { master_password = "env:ODOO_MASTER", admin_password = "env:ODOO_ADMIN" }
CONFIG
}
{
  cat <<CONFIG
data_dir = "$work/data"
[listen]
port = $port
[store]
url = "sqlite:$work/data/tenantry.db"
[engines]
directories = ["$work/engines"]
CONFIG
  server copies odoo '{ database = "copy-{tenant}" }'
  server afresh odoo '{ database = "fresh-{tenant}", templates = "off" }'
  server legacy odoo '{ database = "legacy", mode = "existing_database" }'
  server templates odoo_templates '{ }'
} >"$work/tenantry.toml"
tenantry() { "$built/tenantry" "$@"; }
host() {
  start "$logs/host-$1.log" "$built/tenantry" serve --config "$work/tenantry.toml"
  until_true 30 "$logs/host-$1.log" curl -fsS "$TENANTRY_URL/readyz"
}
tenantry admin create --config "$work/tenantry.toml" --email admin@example.com --name Administrator >"$logs/admin.log" 2>&1
host first
tenantry login --email admin@example.com >/dev/null
api() { # api <method> <path> [body]
  local token
  token=$(curl -fsS "$TENANTRY_URL/api/auth/login" -H 'Content-Type: application/json' \
    -d "{\"email\": \"admin@example.com\", \"password\": \"$TENANTRY_PASSWORD\"}" | jq -r .access_token)
  curl -fsS -X "$1" "$TENANTRY_URL$2" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "${3:-{\}}"
}
create() { # create <name> <server>: prints the tenant's id
  tenantry -o json tenants create --name "$1" --engine odoo --country KE --server "$2" \
    --admin-email "owner@$2.example" --admin-name "Asha Owner" | jq -r .tenant.id
}
# label <tenant>: as the engine writes it into the name of a database.
label() { tr '[:upper:]' '[:lower:]' <<<"$1" | tr -c 'a-z0-9\n' '-'; }
state_of() { tenantry -o json status "$1" | jq -r .state; }
# finished <tenant> <state>: waits for the run to be over, and for that state.
finished() {
  local limit=$((SECONDS + 1800)) state
  while :; do
    state=$(state_of "$1")
    case $state in
      "$2") return 0 ;;
      queued | running | paused | cancelling | compensating | "") ;;
      *) die "$1 ended $state: $(tenantry -o json status "$1" | jq -c .errors) (logs: $logs)" ;;
    esac
    [ $SECONDS -lt $limit ] || die "$1 is still $state (logs: $logs)"
    sleep 0.2
  done
}
# condition <tenant>: has everything verified, and prints what came of it.
condition() {
  local limit=$((SECONDS + 600)) status
  api POST "/api/provisioning/tenants/$1/verify" >/dev/null
  while :; do
    status=$(tenantry -o json status "$1")
    [ "$(jq -r .verifying <<<"$status")" = true ] || break
    [ $SECONDS -lt $limit ] || die "$1 is still being verified (logs: $logs)"
    sleep 0.2
  done
  jq -r .condition <<<"$status"
}
times=()
now() { date +%s%N; }
took() { # took <what> <since>
  times+=("$(printf '%-58s %8.1f s' "$1" "$(echo "($(now) - $2) / 1000000000" | bc -l)")")
  echo "${times[-1]}"
}

# ---- the template ----

since=$(now)
tenantry tenants create --name "Templates for Kenya" --engine odoo_templates --country KE --admin-email ops@example.com --admin-name Operations >/dev/null
tenantry start "Templates for Kenya" --wait >"$logs/templates.log"
finished "Templates for Kenya" completed
took "the template of a country" "$since"

# ---- a tenant from the template ----

copy=$(create "Duka Moja" copies)
since=$(now)
tenantry start "$copy" --demo-data >/dev/null
finished "$copy" completed
took "a tenant from the template" "$since"

# ---- a tenant made afresh, and the host is killed in the midst of it ----

fresh=$(create "Duka Mbili" afresh)
since=$(now)
tenantry start "$fresh" --demo-data >/dev/null
until rpc db list '[]' | grep -q tenantry-stage; do sleep 0.2; done
sleep 3
kill -9 "${running[-1]}"
wait "${running[-1]}" 2>/dev/null || true
echo "The host was killed while Odoo made the database."
host second
finished "$fresh" completed
took "a tenant made afresh, the host killed meanwhile" "$since"

# ---- a tenant whose database is there ----

rpc db create_database "$(jq -nc --arg m "$ODOO_MASTER" --arg p "$ODOO_ADMIN" '[$m, "legacy", false, "en_US", $p, "admin", "KE"]')" >/dev/null
call() { # call <model> <method> <arguments> [named]: in the existing database, as its administrator
  rpc object execute_kw "$(jq -nc --arg p "$ODOO_ADMIN" --arg m "$1" --arg n "$2" --argjson a "$3" \
    --argjson k "${4:-{\}}" '["legacy", 2, $p, $m, $n, $a, $k]')"
}
call res.partner create '[{"name": "Mama Njeri", "ref": "OLD-1"}]' >/dev/null
uuid=$(call ir.config_parameter get_param '["database.uuid"]')
legacy=$(create "Duka Tatu" legacy)
since=$(now)
tenantry start "$legacy" --demo-data >/dev/null
finished "$legacy" completed
took "a tenant in an existing database, modules and all" "$since"

# ---- what Odoo says ----

# read <database> <login> <password> <model> <domain> <fields>: rows
ask() {
  local user
  user=$(rpc common login "$(jq -nc --arg d "$1" --arg l "$2" --arg p "$3" '[$d, $l, $p]')")
  rpc object execute_kw "$(jq -nc --arg d "$1" --argjson u "$user" --arg p "$3" --arg m "$4" --argjson w "$5" \
    --argjson f "$6" '[$d, $u, $p, $m, "search_read", [$w], {fields: $f}]')"
}
is() { # is <what> <expected> <found>
  [ "$2" = "$3" ] || die "$1: expected $2, found $3"
  echo "  $1: $3"
}
look() { # look <database> <company> <login> <password>
  local of=("$1" "$3" "$4")
  echo "$1:"
  is company "$2" "$(ask "${of[@]}" res.company '[]' '["name"]' | jq -r 'map(.name) | join(",")')"
  is "country and chart" "Kenya ke" \
    "$(ask "${of[@]}" res.company '[]' '["country_id","chart_template"]' | jq -r '.[0] | "\(.country_id[1]) \(.chart_template)"')"
  is warehouses 1 "$(ask "${of[@]}" stock.warehouse '[["name","=","Main Shop"]]' '["code"]' | jq length)"
  is customers 1 "$(ask "${of[@]}" res.partner '[["ref","=","WALK-IN"]]' '["name"]' | jq length)"
  is items 5 "$(ask "${of[@]}" product.template '[["list_price",">",0],["is_storable","=",true]]' '["name"]' | jq length)"
  is tills "Main Till" "$(ask "${of[@]}" pos.config '[]' '["name"]' | jq -r 'map(.name) | join(",")')"
  is "ways to pay" "Cash M-Pesa" "$(ask "${of[@]}" pos.payment.method '[]' '["name"]' | jq -r 'map(.name) | sort | join(" ")')"
  is session opened "$(ask "${of[@]}" pos.session '[]' '["state"]' | jq -r 'map(.state) | join(",")')"
  is "sales, paid" "1 paid" "$(ask "${of[@]}" pos.order '[]' '["state"]' | jq -r '"\(length) \(.[0].state)"')"
  is "stock after the sale" 49 "$(ask "${of[@]}" stock.quant \
    '[["product_id.default_code","=","MAIZE-2KG"],["location_id.usage","=","internal"]]' '["quantity"]' | jq -r '.[0].quantity | floor')"
}
look "copy-$(label "$copy")" "Duka Moja" owner@copies.example "$TENANTRY_TENANT_PASSWORD"
look "fresh-$(label "$fresh")" "Duka Mbili" owner@afresh.example "$TENANTRY_TENANT_PASSWORD"
look legacy "Duka Tatu" admin "$ODOO_ADMIN"
rpc common login "$(jq -nc --arg p "$TENANTRY_TENANT_PASSWORD" '["legacy", "owner@legacy.example", $p]')" | grep -qx '[0-9]*' ||
  die "the owner cannot sign in to the existing database"
is "databases on their way" 0 "$(rpc db list '[]' | jq '[.[] | select(startswith("tenantry-stage"))] | length')"

for tenant in "$copy" "$fresh" "$legacy"; do is "verified, $tenant" InSync "$(condition "$tenant")"; done

# ---- an API key whose maker died before anybody was told ----

keys() { ask "$1" "$2" "$3" res.users.apikeys '[]' '["name"]' | jq -r 'length'; } # keys <database> <login> <password>
base=copy-$(label "$copy")
owner=("$base" owner@copies.example "$TENANTRY_TENANT_PASSWORD")
web() { # web <path> <parameters>: in the session of the web client
  curl -fsS --max-time 60 -b "$work/cookies" -c "$work/cookies" "$odoo$1" -H 'Content-Type: application/json' \
    -d "{\"jsonrpc\": \"2.0\", \"method\": \"call\", \"params\": $2}" | jq -ec 'if .error then error(.error.data.name) else .result end'
}
by_web() { # by_web <model> <method> <arguments> [named]
  web "/web/dataset/call_kw/$1/$2" "{\"model\": \"$1\", \"method\": \"$2\", \"args\": $3, \"kwargs\": ${4:-{\}}}"
}
is "API keys" "1 1 1" "$(keys "${owner[@]}") $(keys "fresh-$(label "$fresh")" owner@afresh.example \
  "$TENANTRY_TENANT_PASSWORD") $(keys legacy admin "$ODOO_ADMIN")"
web /web/session/authenticate "$(jq -nc --args '{db: $ARGS.positional[0], login: $ARGS.positional[1],
  password: $ARGS.positional[2]}' "${owner[@]}")" >/dev/null
key=$(by_web res.users.apikeys.description create '[[{"name": "Tenantry until 2099-01-01T00:00:00.000000Z", "duration": "1"}]]' |
  jq '.[0]? // .')
check=$(by_web res.users.apikeys.description make_key "[[$key]]" | jq .res_id)
by_web res.users.identitycheck run_check "[[$check]]" \
  "$(jq -nc --arg p "$TENANTRY_TENANT_PASSWORD" '{context: {password: $p}}')" >/dev/null
is "API keys, one of them lost" 2 "$(keys "${owner[@]}")"
is "verified with a lost key" Drifted "$(condition "$copy")"
api POST "/api/provisioning/tenants/$copy/rerun-from" '{"step": "step_1_platform_setup", "include_downstream": false}' >/dev/null
finished "$copy" completed
is "API keys after step 1" 1 "$(keys "${owner[@]}")"
is "verified after step 1" InSync "$(condition "$copy")"

# ---- back again ----

since=$(now)
api POST "/api/provisioning/tenants/$fresh/rollback" >/dev/null
finished "$fresh" compensated
took "a roll-back of a made database" "$since"
since=$(now)
api POST "/api/provisioning/tenants/$legacy/rollback" >/dev/null
finished "$legacy" compensated
took "a roll-back in an existing database" "$since"
is "databases that are left" "copy-$(label "$copy") legacy" \
  "$(rpc db list '[]' | jq -r '[.[] | select(startswith("tenantry-template") | not)] | sort | join(" ")')"
old=(legacy admin "$ODOO_ADMIN")
is "company of the existing database" "My Company" "$(ask "${old[@]}" res.company '[]' '["name"]' | jq -r '.[0].name')"
is "its uuid" "$uuid" "$(call ir.config_parameter get_param '["database.uuid"]')"
is "its old customer" "Mama Njeri" "$(ask "${old[@]}" res.partner '[["ref","=","OLD-1"]]' '["name"]' | jq -r '.[0].name')"
is "its walk-in customers, items, tills and warehouses" "0 0 0 1" "$(
  ask "${old[@]}" res.partner '[["ref","=","WALK-IN"]]' '["name"]' | jq length
) $(
  ask "${old[@]}" product.template '[["is_storable","=",true]]' '["name"]' | jq length
) $(
  ask "${old[@]}" pos.config '[]' '["name"]' | jq length
) $(ask "${old[@]}" stock.warehouse '[]' '["name"]' | jq length)"
is "its open sessions" 0 "$(ask "${old[@]}" pos.session '[["state","!=","closed"]]' '["name"]' | jq length)"
is "its owner's sign-in" false \
  "$(rpc common login "$(jq -nc --arg p "$TENANTRY_TENANT_PASSWORD" '["legacy", "owner@legacy.example", $p]')" || true)"
is "its API keys" 0 "$(keys "${old[@]}")"
is "its mark" 0 "$(ask "${old[@]}" ir.config_parameter '[["key","=","tenantry.owner"]]' '["key"]' | jq length)"
look "$base" "Duka Moja" "${owner[@]:1}"
is "verified, the tenant that was left alone" InSync "$(condition "$copy")"

# ---- once more, where something of the first time is still in the archive ----

since=$(now)
tenantry start "$legacy" --demo-data >/dev/null
finished "$legacy" completed
took "a tenant in that database once more" "$since"
is "company, tills and warehouses" "Duka Tatu, 1, 1" "$(ask "${old[@]}" res.company '[]' '["name"]' | jq -r '.[0].name'), $(
  ask "${old[@]}" pos.config '[["name","=","Main Till"]]' '["name"]' | jq length
), $(ask "${old[@]}" stock.warehouse '[["name","=","Main Shop"]]' '["name"]' | jq length)"
is "its open sessions" 1 "$(ask "${old[@]}" pos.session '[["state","=","opened"]]' '["name"]' | jq length)"
is "its API keys" 1 "$(keys "${old[@]}")"
is "verified, the second time" InSync "$(condition "$legacy")"

echo
echo "Times:"
printf '  %s\n' "${times[@]}"

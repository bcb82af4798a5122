#!/usr/bin/env bash
# Runs the blocks of README.md that are marked with this script's name, straight from the page, one after the other,
# against a host with the example engine "hello". Usage: tests/readme.sh BUILD_DIR
set -euo pipefail
built=$(cd "${1:?the folder of a build}" && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/../.ci/setup.sh"
. "$setup_root/.ci/running.sh"

blocks=$work/blocks.sh
awk '/<!-- run by tests\/readme.sh -->/ { marked = 1; next }
     /^```/ { if (inside) { inside = 0; marked = 0 } else if (marked) inside = 1; next }
     inside' "$setup_root/README.md" >"$blocks"
[ -s "$blocks" ] || die "README.md has no block for it"

mkdir -p "$work/engines" "$work/data"
cp "$built/engines/hello.so" "$work/engines/"
url=http://127.0.0.1:$(free_port 4300)
password=$(random)
export url password
cat >"$work/tenantry.toml" <<CONFIG
data_dir = "$work/data"
[listen]
port = ${url##*:}
[store]
url = "sqlite:$work/data/tenantry.db"
[engines]
directories = ["$work/engines"]
settings = { hello = { directory = "$work/rooms" } }
[[servers]]
id = "here"
engine = "hello"
CONFIG
TENANTRY_ADMIN_PASSWORD=$password "$built/tenantry" admin create --config "$work/tenantry.toml" \
  --email admin@example.com --name Administrator
start "$setup_logs/readme-host.log" "$built/tenantry" serve --config "$work/tenantry.toml"
until_true 20 "$setup_logs/readme-host.log" curl -fsS "$url/readyz"

mkdir "$work/here"
cd "$work/here"
set -x
. "$blocks"
set +x
# What the page says that these calls do, they did.
[ "$(curl -fsS "$url/api/provisioning/tenants/$tenant/status" -H "$auth" | jq -r .status)" = COMPLETED ] ||
  die "the tenant of the page was not provisioned"
[ "$(cat "$work/rooms/acme/greeting.txt")" = "Habari, acme!" ] || die "the engine of the page did nothing"

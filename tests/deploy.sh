#!/usr/bin/env bash
# Holds examples/deploy against the real programs: the configuration is read by the host, and nginx, with the shipped
# file (only names, ports and certificates changed), stands in front of one. Usage: tests/deploy.sh BUILD_DIR
set -euo pipefail
built=$(cd "${1:?the folder of a build}" && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/../.ci/setup.sh"
. "$setup_root/.ci/running.sh"
deploy=$setup_root/examples/deploy

# is <what> <expected> <found>
is() { [ "$2" = "$3" ] || die "$1: expected $2, found $3"; }

mkdir -p "$work/engines" "$work/data" "$work/nginx"
cp "$built/engines/hello.so" "$work/engines/"
TENANTRY_ADMIN_PASSWORD=$(random)
export TENANTRY_ADMIN_PASSWORD
account=(--email admin@example.com --name Administrator)
"$built/tenantry" admin create --config "$deploy/tenantry.toml" --data-dir "$work/data" \
  --store "sqlite:$work/data/tenantry.db" "${account[@]}" >/dev/null

port=$(free_port 4400)
cat >"$work/host.toml" <<CONFIG
[engines]
settings = { hello = { directory = "$work/rooms" } }
[[servers]]
id = "here"
engine = "hello"
CONFIG
start "$setup_logs/deploy-host.log" "$built/tenantry" serve --config "$work/host.toml" --data-dir "$work/data" \
  --store "sqlite:$work/data/tenantry.db" --engines "$work/engines" --port "$port"
until_true 20 "$setup_logs/deploy-host.log" curl -fsS "http://127.0.0.1:$port/livez"

plain=$(free_port 4500)
secure=$(free_port $((plain + 1)))
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=tenantry.example.com \
  -keyout "$work/privkey.pem" -out "$work/fullchain.pem" 2>/dev/null
sed -e "s/127.0.0.1:4000/127.0.0.1:$port/; /listen \[::\]/d; s/listen 80;/listen 127.0.0.1:$plain;/" \
  -e "s/listen 443 /listen 127.0.0.1:$secure /; s#/etc/ssl/tenantry#$work#" "$deploy/nginx.conf" >"$work/tenantry.conf"
user=
[ "$(id -u)" -ne 0 ] || user='user root;'  # its workers have to reach the folder
cat >"$work/nginx.conf" <<CONFIG
$user
daemon off;
pid $work/nginx/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $work/nginx/body;
  proxy_temp_path $work/nginx/proxy;
  fastcgi_temp_path $work/nginx/fastcgi;
  uwsgi_temp_path $work/nginx/uwsgi;
  scgi_temp_path $work/nginx/scgi;
  include $work/tenantry.conf;
}
CONFIG
nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || die "nginx is not installed"
start "$setup_logs/deploy-nginx.log" "$nginx" -e stderr -p "$work/nginx" -c "$work/nginx.conf"

# ask <path> <curl options...>: prints the status.
ask() {
  local path=$1
  shift
  curl -sS -o "$work/answer" -w '%{http_code}' --cacert "$work/fullchain.pem" \
    --resolve "tenantry.example.com:$secure:127.0.0.1" "https://tenantry.example.com:$secure$path" "$@"
}
until_true 10 "$setup_logs/deploy-nginx.log" is_taken "$secure"

is "a request over TLS" 200 "$(ask /livez)"
is "its protocol" 2 "$(ask /livez -o /dev/null -w '%{http_version}')"
is "a request without TLS" 308 "$(curl -sS -o /dev/null -w '%{http_code}' "http://127.0.0.1:$plain/api/engines")"
is "the console" 200 "$(ask / --compressed)"
is "no token" 401 "$(ask /api/engines)"
is "its problem's code" auth.token "$(jq -r .code "$work/answer")"
head -c 1100000 /dev/zero | tr '\0' ' ' >"$work/large"
is "a body over the limit" 413 "$(ask /api/iam/tenants -H 'Content-Type: application/json' --data-binary "@$work/large")"
is "a body below it" 401 \
  "$(head -c 900000 "$work/large" | ask /api/iam/tenants -H 'Content-Type: application/json' --data-binary @-)"
is "a long address" 414 "$(ask "/livez?$(printf 'x%.0s' {1..5000})" --http1.1)"
printf '{"email": "admin@example.com", "password": "%s"}' "$TENANTRY_ADMIN_PASSWORD" >"$work/login"
is "a sign-in" 200 "$(ask /api/auth/login -H 'Content-Type: application/json' -d "@$work/login")"
token=$(jq -r .access_token "$work/answer")
is "a request with a token" 200 "$(ask /api/engines -H "Authorization: Bearer $token")"
limited=no
for _ in {1..40}; do [ "$(ask /api/auth/login -H 'Content-Type: application/json' -d '{}')" = 429 ] && limited=yes; done
is "many sign-ins are limited" yes $limited

# A live stream through the edge: the events of a run are there while the stream is still open.
is "a tenant" 201 "$(ask /api/iam/tenants -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{
  "name": "Acme", "engine": "hello", "country_code": "KE", "admin_name": "Asha", "admin_email": "asha@example.com",
  "admin_password": "chosen by Asha"}')"
tenant=$(jq -r .tenant.id "$work/answer")
start "$work/stream" curl -sSN --max-time 60 --cacert "$work/fullchain.pem" \
  --resolve "tenantry.example.com:$secure:127.0.0.1" -H "Authorization: Bearer $token" -H 'Accept: text/event-stream' \
  "https://tenantry.example.com:$secure/api/provisioning/tenants/$tenant/events"
stream=$!
until_true 10 "$work/stream" grep -q '^id: ' "$work/stream"
is "a start" 202 "$(ask "/api/provisioning/tenants/$tenant/start" -H "Authorization: Bearer $token" \
  -H 'Content-Type: application/json' -d '{"parameters": {"name": "acme"}}')"
until_true 20 "$work/stream" grep -q '^event: run.completed' "$work/stream"
kill -0 "$stream" || die "the stream has ended with the run"
last=$(grep '^id: ' "$work/stream" | tail -n 1 | cut -c 5-)
is "what came after the last event" 0 "$(ask "/api/events?after=$last" -H "Authorization: Bearer $token" >/dev/null &&
  jq '.events | length' "$work/answer")"

#!/usr/bin/env bash
# A stranger's way, on an installed Tenantry and outside of its sources: runs the blocks of sdk/README.md that are marked
# with this script's name straight from the page, from `engines new` to a provisioned tenant, and says how long it took.
# Usage: tests/package/package.sh BUILD_DIR
set -euo pipefail
built=$(cd "${1:?the folder of a build}" && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/../../.ci/setup.sh"
. "$setup_root/.ci/running.sh"
log=$setup_logs/package
mkdir -p "$log"

# take <language> <page>: a file for each block of the page that this script runs, in order.
take() {
  awk -v language="$1" -v folder="$work/blocks/$1" '
    /^<!-- run by tests\/package\/package.sh -->/ { marked = 1; next }
    /^```/ { if (inside) { inside = 0; marked = 0 } else if (marked && $0 == "```" language) { inside = 1; n++ }; next }
    inside { print > (folder "." n) }' "$2"
}
mkdir -p "$work/blocks"
take sh "$setup_root/sdk/README.md"
take toml "$setup_root/sdk/README.md"

spent() { printf '%-44s %3d s\n' "$1" $((SECONDS - stage)) && stage=$SECONDS; }
# block <number> <what it does>: in this shell, as a reader would.
block() {
  [ -s "$work/blocks/sh.$1" ] || die "sdk/README.md has no block $1"
  set +u
  . "$work/blocks/sh.$1" >"$log/$1.log" 2>&1 || die "$2 failed: $(tail -n 1 "$log/$1.log") (log: $log/$1.log)"
  set -u
  spent "$2"
}

# What a reader has: a shell, the program in the PATH, and a folder for the engines of a host.
stage=$SECONDS
cmake --install "$built" --prefix "$work/elsewhere" --strip >"$log/install.log"
mv "$work/elsewhere" "$work/prefix"  # nothing in it may know where it was first
texts_only=()
! grep -q -e -fsanitize "$built/CMakeCache.txt" || texts_only=(-I)  # sanitizers write names of sources into programs
if grep -rl "${texts_only[@]}" -e "$setup_root" -e "$built" -e "$work/elsewhere" "$work/prefix"; then
  die "these name folders of the build"
fi
for file in bash-completion/completions/tenantry zsh/site-functions/_tenantry fish/vendor_completions.d/tenantry.fish; do
  [ -s "$work/prefix/share/$file" ] || die "no completion in share/$file"
done
spent "install"
began=$SECONDS
export PATH=$work/prefix/bin:$PATH CMAKE_BUILD_PARALLEL_LEVEL=2
command -v make >/dev/null || export CMAKE_GENERATOR=Ninja
mkdir -p "$work/host" "$work/home"
TENANTRY_ADMIN_PASSWORD=$(random)
TENANTRY_PASSWORD=$TENANTRY_ADMIN_PASSWORD
TENANTRY_TENANT_PASSWORD=$(random)
TENANTRY_URL=http://127.0.0.1:$(free_port 4600)
HOST=$work/host
export TENANTRY_ADMIN_PASSWORD TENANTRY_PASSWORD TENANTRY_TENANT_PASSWORD TENANTRY_URL HOST XDG_CONFIG_HOME=$work/home
{
  sed "s#/tmp/harbours#$work/harbours#" "$work/blocks/toml.1"
  printf '[listen]\nport = %s\n' "${TENANTRY_URL##*:}"
} >"$HOST/tenantry.toml"
mkdir -p "$HOST/engines"

start_host() {
  block 3 "start the host"
  running+=($!)
  until_true 20 "$log/3.log" curl -fsS "$TENANTRY_URL/livez"
}

cd "$work"
block 1 "new engine: write, build, test"
block 2 "check"
# The host runs already, and finds an engine that is put into its folder. It is ready once it has one.
start_host
block 4 "put the engine into its folder"
until_true 20 "$log/3.log" curl -fsS "$TENANTRY_URL/readyz"
block 5 "provision a tenant"

echo "from \`engines new\` to a provisioned tenant:   $((SECONDS - began)) s"
token=$(curl -fsS "$TENANTRY_URL/api/auth/login" -H 'Content-Type: application/json' \
  -d "{\"email\": \"you@example.com\", \"password\": \"$TENANTRY_PASSWORD\"}" | jq -r .access_token)
tenant=$(tenantry -o json tenants show Acme | jq -r .id)
state=$(curl -fsS "$TENANTRY_URL/api/provisioning/tenants/$tenant/status" -H "Authorization: Bearer $token" | jq -r .status)
[ "$state" = COMPLETED ] || die "the tenant is $state instead of COMPLETED"
[ -f "$work/harbours/acme/juma.user" ] || die "the engine did nothing"

# The page of the new project says the same in five commands.
stage=$SECONDS
ENGINES=$HOST/engines
sed -n '/^```sh$/,/^```$/{/^```/!p}' README.md >"$work/blocks/sh.6"
[ "$(grep -c . "$work/blocks/sh.6")" -ge 4 ] || die "the project's README.md has no commands"
block 6 "the five commands of the project's page"

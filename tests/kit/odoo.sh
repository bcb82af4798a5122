#!/bin/sh
# The Odoo engine under the conformance kit, against a sandbox of its own on a free port.
# Usage: tests/kit/odoo.sh TENANTRY ENGINE SANDBOX FIXTURE VERSION [more of `engines check`]
set -eu
tenantry=$1 engine=$2 sandbox=$3 fixture=$4 version=$5
shift 5
work=$(mktemp -d)
ODOO_MASTER_PASSWORD=master-of-the-sandbox-4711
"$sandbox" --erp odoo --erp-version "$version" --port 0 --master-password "$ODOO_MASTER_PASSWORD" \
  >"$work/said" 2>"$work/log" &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
tries=0
until grep -q 'listening on' "$work/said"; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] && kill -0 "$pid" || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done
ODOO_URL=$(sed -n 's/^listening on //p' "$work/said")
export ODOO_URL ODOO_MASTER_PASSWORD
"$tenantry" engines check "$engine" --fixture "$fixture" "$@"

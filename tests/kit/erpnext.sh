#!/bin/sh
# The ERPNext engine under the conformance kit, against a sandbox of its own on a free port.
# Usage: tests/kit/erpnext.sh TENANTRY ENGINE SANDBOX FIXTURE [more of `engines check`]
set -eu
tenantry=$1 engine=$2 sandbox=$3 fixture=$4
shift 4
work=$(mktemp -d)
ERPNEXT_API_KEY=key-of-the-sandbox-4711
ERPNEXT_API_SECRET=secret-of-the-sandbox-0815
"$sandbox" --port 0 --site '*' --api-key "$ERPNEXT_API_KEY" --api-secret "$ERPNEXT_API_SECRET" \
  >"$work/said" 2>"$work/log" &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
tries=0
until grep -q 'listening on' "$work/said"; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] && kill -0 "$pid" || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done
ERPNEXT_URL=$(sed -n 's/^listening on //p' "$work/said")
export ERPNEXT_URL ERPNEXT_API_KEY ERPNEXT_API_SECRET
"$tenantry" engines check "$engine" --fixture "$fixture" "$@"

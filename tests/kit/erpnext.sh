#!/bin/sh
# The ERPNext engine under the conformance kit, against a sandbox of its own on a free port.
# Usage: tests/kit/erpnext.sh TENANTRY ENGINE SANDBOX FIXTURE [more of `engines check`]
set -eu
tenantry=$1 engine=$2 sandbox=$3 fixture=$4
shift 4
work=$(mktemp -d)
mkfifo "$work/said"
ERPNEXT_API_KEY=key-of-the-sandbox-4711
ERPNEXT_API_SECRET=secret-of-the-sandbox-0815
"$sandbox" --port 0 --site '*' --api-key "$ERPNEXT_API_KEY" --api-secret "$ERPNEXT_API_SECRET" \
  >"$work/said" 2>"$work/log" &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
# Its first line, or none if it ends before.
read -r said <"$work/said" || { cat "$work/log" >&2; exit 1; }
ERPNEXT_URL=${said#listening on }
export ERPNEXT_URL ERPNEXT_API_KEY ERPNEXT_API_SECRET
"$tenantry" engines check "$engine" --fixture "$fixture" "$@"

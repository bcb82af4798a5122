#!/bin/sh
# The Odoo engine under the conformance kit, against a sandbox of its own on a free port.
# Usage: tests/kit/odoo.sh TENANTRY ENGINE SANDBOX FIXTURE VERSION [more of `engines check`]
set -eu
tenantry=$1 engine=$2 sandbox=$3 fixture=$4 version=$5
shift 5
work=$(mktemp -d)
mkfifo "$work/said"
ODOO_MASTER_PASSWORD=master-of-the-sandbox-4711
"$sandbox" --erp odoo --erp-version "$version" --port 0 --master-password "$ODOO_MASTER_PASSWORD" \
  >"$work/said" 2>"$work/log" &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
# Its first line, or none if it ends before.
read -r said <"$work/said" || { cat "$work/log" >&2; exit 1; }
ODOO_URL=${said#listening on }
export ODOO_URL ODOO_MASTER_PASSWORD
"$tenantry" engines check "$engine" --fixture "$fixture" "$@"

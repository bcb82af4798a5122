#!/bin/sh
# What `tenantry engines check` answers to a shell. Usage: tests/kit/command.sh TENANTRY HELLO_ENGINE ITS_FIXTURE
set -eu
tenantry=$1 engine=$2 fixture=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# expect CODE TEXT ARGUMENTS...: the exit code, and a text that is in what is written
expect() {
  code=$1 text=$2
  shift 2
  got=0
  "$tenantry" engines check "$@" >"$work/out" 2>&1 || got=$?
  if [ "$got" -ne "$code" ] || ! grep -qF -- "$text" "$work/out"; then
    echo "engines check $*: expected $code and \"$text\", found $got and:" >&2
    cat "$work/out" >&2
    exit 1
  fi
}

expect 0 "  13  killed" --list
expect 2 "give the engine's file"
expect 2 "absent.so: cannot be read" absent.so
expect 2 "There is no check" "$engine" --only nothing
expect 2 "" "$engine" --seed 0
expect 2 "" "$engine" --unknown
expect 2 "cannot be read" "$engine" --fixture "$work/absent.json"
echo '{"request": {}, "requests": []}' >"$work/odd.json"
expect 2 "/requests:" "$engine" --fixture "$work/odd.json"
echo '{"request": {"name": "${NOBODY_SETS_THIS}"}}' >"$work/empty.json"
expect 2 "/request/name: the environment has no variable NOBODY_SETS_THIS" "$engine" --fixture "$work/empty.json"
echo '{"engine": "other", "request": {}}' >"$work/other.json"
expect 2 "for the engine other" "$engine" --fixture "$work/other.json"
expect 0 "conforming as far as can be seen without a fixture" "$engine"
expect 0 "3 ok, 0 failed, 0 skipped: conforming." "$engine" --fixture "$fixture" --only 7,undo --only 1 --seed 4711
grep -qF 'seed 4711' "$work/out"
expect 0 '"conforming":true' "$engine" --fixture "$fixture" --only run -o json

# A text file is not an engine: that is a result of check 1.
echo nonsense >"$work/nonsense.so"
expect 1 "expected a shared library, found no ELF file" "$work/nonsense.so"
expect 1 '"failed":1' "$work/nonsense.so" -o json

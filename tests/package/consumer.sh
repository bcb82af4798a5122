#!/usr/bin/env bash
# The installed package, and a project that uses all of it: components, versions, moved folders, an engine in C, one with
# HTTP, and what is said of a wrong wish. Usage: tests/package/consumer.sh BUILD_DIR
set -euo pipefail
built=$(cd "${1:?the folder of a build}" && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/../../.ci/setup.sh"
. "$setup_root/.ci/running.sh"
tests=$setup_root/tests
log=$work/log
export CMAKE_BUILD_PARALLEL_LEVEL=2
command -v make >/dev/null || export CMAKE_GENERATOR=Ninja

for component in sdk host; do
  cmake --install "$built" --component $component --prefix "$work/$component" >"$log" || die "no component $component: $(tail -n 1 "$log")"
done
[ ! -e "$work/sdk/bin" ] && [ ! -e "$work/sdk/lib/tenantry" ] || die "the component sdk has parts of the host"
[ ! -e "$work/host/include" ] && [ ! -e "$work/host/lib/cmake" ] || die "the component host has parts of the SDK"
[ -x "$work/host/bin/tenantry" ] && [ -f "$work/host/lib/tenantry/engines/erpnext.so" ] || die "the host is not complete"
mkdir "$work/moved"
cp -r "$work/sdk/." "$work/host/." "$work/moved"
rm -r "$work/sdk" "$work/host"

# configure <folder> <options...>
configure() { cmake -S "$tests/package/consumer" -B "$work/$1" -DCMAKE_PREFIX_PATH="$work/moved" "${@:2}" >"$log" 2>&1; }
# refuses <words> <options...>
refuses() {
  ! configure refused "${@:2}" || die "it was configured with ${*:2}"
  tr -s ' \n' '  ' <"$log" | grep -qF -- "$1" || die "with ${*:2} nothing is said of \"$1\": $(tail -n 5 "$log")"
  rm -rf "$work/refused"
}
refuses 'compatible with requested version "2.0"' -DWANTED=2.0 -DABI=1.0
refuses 'compatible with requested version "1.1"' -DWANTED=1.1 -DABI=1.0
refuses 'ABI 1.7): this SDK speaks 1.0 to 1.0' -DWANTED=1.0 -DABI=1.7
refuses 'ABI 2.0): this SDK speaks 1.0 to 1.0' -DWANTED=1.0 -DABI=2.0

configure use -DWANTED=1.0 -DABI=1.0 || die "it is not configured: $(tail -n 5 "$log")"
grep -q "^TENANTRY_PROGRAM:FILEPATH=$work/moved/bin/tenantry\$" "$work/use/CMakeCache.txt" || die "the program was not found"
cmake --build "$work/use" >"$log" 2>&1 || die "it is not built: $(grep -m1 -i error "$log")"
for engine in in_c asks; do
  cmake -DFILE="$work/use/engines/$engine.so" -DNM=nm -DREADELF=readelf -P "$tests/sdk/exports.cmake" || die "see above"
done
grep -q conformance.asks <<<"$(ctest --test-dir "$work/use" -N)" || die "the engine has no conformance test"

#!/usr/bin/env bash
# Everything in one command: installs the packages that are missing, builds, checks the format and runs all tests.
# Usage: tests/run.sh [--release | --debug | --asan | --tsan] [--tidy] [ctest options, e.g. -R model]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../.ci/setup.sh"

preset=quick
tidy=no
options=()
while [ $# -gt 0 ]; do
  case $1 in
    --release | --debug | --asan | --tsan) preset=${1#--} ;;
    --tidy) tidy=yes ;;
    -h | --help)
      sed -n '2,3s/^# //p' "$0"
      exit 0
      ;;
    *) options+=("$1") ;;
  esac
  shift
done
failed=()

format() {
  local sources
  mapfile -t sources < <(git ls-files '*.c' '*.h' '*.cpp' '*.hpp')
  clang-format --dry-run -Werror "${sources[@]}"
}

# Every version formats a little differently; 14 is the one the code is formatted with.
format_is_judged() {
  grep -q 'version 14\.' <<<"$(clang-format --version 2>&1)" && git rev-parse --git-dir >/dev/null 2>&1
}

# clang-tidy 14 takes the options of g++ that it does not know for errors.
lint() {
  mkdir -p build/tidy
  sed -E 's/ -f(no-)?gnu-unique//' "build/$preset/compile_commands.json" >build/tidy/compile_commands.json
  run-clang-tidy -quiet -j "$(nproc)" -p build/tidy '/(host|sdk|plugins|examples)/'
}

# Passed tests and the start of each are left out: what remains is what failed, and the closing lines.
run_ctest() {
  local log=$setup_logs/ctest.log status=0
  ctest --preset "$preset" --no-tests=error "${options[@]}" >"$log" 2>&1 </dev/null || status=$?
  grep -Ev '^(Test project| +Start +[0-9]+:| *[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed )' "$log" | sed '/./,$!d'
  [ $status -eq 0 ] || printf 'run.sh: tests failed (log: %s)\n' "$log" >&2
  return $status
}

cd "$setup_root"
setup_packages "${setup_build_packages[@]}" "${setup_run_packages[@]}" "${setup_test_packages[@]}" || exit 1
quietly configure setup_configure "$preset" -DTENANTRY_BUILD_TESTS=ON || exit 1
quietly build setup_build "$preset" || exit 1
if format_is_judged; then quietly format format || failed+=(format); fi
if [ $tidy = yes ]; then quietly tidy lint || failed+=(tidy); fi
run_ctest || failed+=(tests)
[ ${#failed[@]} -eq 0 ] || exit 1

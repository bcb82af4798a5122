# The Debian packages that Tenantry needs, and how a script runs a long command quietly. Sourced by
# examples/quickstart.sh and tests/run.sh; works on Debian 12 and 13, as root or as a user with sudo.

setup_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
setup_logs=$setup_root/build/log

# a|b means: the first that is there, or else the first that this Debian offers.
setup_build_packages=(
  g++ cmake ninja-build pkg-config
  'libboost1.81-dev|libboost1.83-dev' 'libboost-json1.81-dev|libboost-json1.83-dev'
  libpistache-dev libssl-dev libsoci-dev libsqlite3-dev libpq-dev libspdlog-dev libcli11-dev libtomlplusplus-dev
  libsodium-dev libcurl4-openssl-dev
)
setup_run_packages=(curl jq)
setup_test_packages=(catch2 sqlite3 postgresql nginx-light wrk openssl clang-format clang-tidy chromium
  chromium-driver)

# die <message>: the one line that says what went wrong.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  exit 1
}

# quietly <what> <command...>: runs the command into a log of its own; one line about it, one more if it fails.
quietly() {
  local what=$1 log started=$SECONDS
  shift
  mkdir -p "$setup_logs"
  log=$setup_logs/${what// /-}.log
  [ -t 1 ] && printf '%s ...' "$what"
  if "$@" >"$log" 2>&1 </dev/null; then
    [ -t 1 ] && printf '\r\033[2K'
    printf '%-12s %3d s\n' "$what" $((SECONDS - started))
    return 0
  fi
  [ -t 1 ] && printf '\r\033[2K'
  local reason
  reason=$(grep -m1 -E '(^|[^a-z])(error|Error|ERROR|FATAL|E)( at [^:]*)?:' "$log" || tail -n 1 "$log")
  printf '%s: %s failed: %s (log: %s)\n' "$(basename "$0")" "$what" "${reason:0:300}" "$log" >&2
  return 1
}

# setup_missing <packages...>: prints those that are not installed.
setup_missing() {
  local installed wanted name
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p')
  for wanted in "$@"; do
    for name in ${wanted//|/ }; do
      if grep -qx -- "$name" <<<"$installed"; then continue 2; fi
    done
    printf '%s\n' "$wanted"
  done
}

setup_install() {
  local as_root=() wanted name chosen=() had_nginx=yes
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
    [ -r /dev/tty ] && [ -t 1 ] || as_root=(sudo -n)
  fi
  "${as_root[@]}" apt-get update || echo "apt-get update failed; trying with the lists that are there"
  for wanted in "$@"; do
    for name in ${wanted//|/ }; do
      if grep -q 'Candidate: [^(]' <<<"$(LC_ALL=C apt-cache policy "$name")"; then
        chosen+=("$name")
        continue 2
      fi
    done
    echo "E: no package named ${wanted//|/ or } is offered; Tenantry is for Debian 12 and 13"
    return 1
  done
  dpkg-query -W nginx >/dev/null 2>&1 || had_nginx=no
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "${chosen[@]}" || return 1
  # The tests start an nginx of their own; the service that the package brings stays off.
  if [ $had_nginx = no ] && [ -d /run/systemd/system ] && dpkg-query -W nginx >/dev/null 2>&1; then
    "${as_root[@]}" systemctl disable --now nginx || true
  fi
}

# setup_packages <packages...>: installs what is missing; needs neither the network nor root if nothing is.
setup_packages() {
  local missing
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || die "this needs Debian 12 or 13 (apt)"
  mapfile -t missing < <(setup_missing "$@")
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "missing packages: ${missing[*]}; install them as root, or install sudo and try again"
    if [ -r /dev/tty ] && [ -t 1 ]; then
      sudo -v || die "sudo was refused; as root: apt-get install ${missing[*]}"
    fi
  fi
  quietly packages setup_install "${missing[@]}"
}

# setup_configure <preset> [cmake options...]: with ccache if it is there; free of an older folder's answers.
setup_configure() {
  local preset=$1 options=()
  shift
  command -v ccache >/dev/null &&
    options=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  (cd "$setup_root" && cmake --preset "$preset" "${options[@]}" "$@")
}

setup_build() {
  local preset=$1
  shift
  (cd "$setup_root" && cmake --build --preset "$preset" "$@")
}

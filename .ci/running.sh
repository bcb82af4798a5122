# Starting a host and what belongs to it from a script, and ending all of it again. Sourced after .ci/setup.sh.

running=()  # process ids
work=$(mktemp -d "${TMPDIR:-/tmp}/tenantry-XXXXXX")

running_end() {
  local pid
  for pid in "${running[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${running[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap running_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start <log> <command...>: in the background; it outlives the terminal.
start() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  nohup "$@" >"$log" 2>&1 </dev/null &
  running+=($!)
}

# until_true <seconds> <log> <command...>: waits for the command to succeed while what was started last lives.
until_true() {
  local limit=$((SECONDS + $1)) log=$2 pid=${running[-1]}
  shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || die "it ended at once: $(tail -n 1 "$log") (log: $log)"
    [ $SECONDS -lt $limit ] || die "no answer in time (log: $log)"
    sleep 0.05
  done
}

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port <first>: prints the first port from there on that nobody listens on.
free_port() {
  local port=$1
  while is_taken "$port"; do port=$((port + 1)); done
  echo "$port"
}

# A password or key that nobody knows.
random() { od -An -N12 -tx1 /dev/urandom | tr -d ' \n'; }

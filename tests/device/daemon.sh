# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# daemon.sh: a dmoverd for one test, in a folder of its own; sourced by run.sh and lifecycle.sh.
#
# Only what was started here is ever killed.

slow=${DMOVERIO_TEST_SLOW:-1}
name=$(basename "$0")
daemon=

# daemon_init DMOVERD FRONT: sets tmp (the folder) and path (where callers open the device); tells the callers.
# Ends with 77 when this machine does not have what the front end needs.
daemon_init() {
	dmoverd=$1 front=$2
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/dmoverio-test-XXXXXX") || exit 99
	trap 'finish 99' EXIT INT TERM
	# Some tests are other users.
	chmod 755 "$tmp"
	# What a test that was killed leaves behind goes with it.
	export TMPDIR=$tmp
	path=$tmp/dmoverio
	[ "$front" = cuse ] && path=/dev/dmoverio-test-$$
	export DMOVERIO_PATH=$path DMOVERIO_FRONT=$front DMOVERIO_DEPTH=64
	if [ ! -c "/dev/$front" ]; then
		echo "skip: /dev/$front missing (modprobe $front)"
		finish 77
	fi
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; 1 when it does not in time.
wait_for() {
	local end=$((SECONDS + $1 * slow))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# Ended or a zombie: nothing of it runs any more.
has_ended() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	case ${stat##*) } in
	Z*) return 0 ;;
	*) return 1 ;;
	esac
}

wait_end() {
	wait_for "$2" has_ended "$1"
}

is_mounted() {
	grep -qs " $path fuse" /proc/self/mounts
}

is_gone() {
	if [ "$front" = cuse ]; then
		[ ! -e "$path" ]
	else
		! is_mounted
	fi
}

is_ready() {
	grep -q "^dmoverd: ready: $path ($front)\$" "$tmp/log" || has_ended "$daemon"
}

# daemon_start [OPTION...]: returns when callers can open the device.
daemon_start() {
	local wrapper options
	read -ra wrapper <<<"${DMOVERD_WRAPPER:-}"
	read -ra options <<<"${DMOVERD_OPTS:-}"
	: >"$tmp/log"
	"${wrapper[@]}" "$dmoverd" --front="$front" --path="$path" --foreground --queue-depth=64 "$@" "${options[@]}" \
		</dev/null >"$tmp/log" 2>&1 &
	daemon=$!
	if ! wait_for 10 is_ready || has_ended "$daemon"; then
		echo "$name: the daemon did not become ready:" >&2
		cat "$tmp/log" >&2
		return 1
	fi
}

# SIGTERM; the daemon must end with 0 (a checker in DMOVERD_WRAPPER makes it something else) and remove its path.
daemon_stop() {
	local status
	kill -TERM "$daemon"
	if ! wait_end "$daemon" 20; then
		echo "$name: the daemon did not end on SIGTERM" >&2
		daemon_kill
		return 1
	fi
	wait "$daemon"
	status=$?
	daemon=
	if [ "$status" -ne 0 ]; then
		echo "$name: the daemon ended with status $status:" >&2
		cat "$tmp/log" >&2
		return 1
	fi
	if ! wait_for 2 is_gone; then
		echo "$name: $path is still there" >&2
		return 1
	fi
}

daemon_kill() {
	kill -KILL "$daemon"
	wait_end "$daemon" 20 || return 1
	wait "$daemon" 2>/dev/null
	daemon=
}

# Leaves nothing behind, whatever happened.
finish() {
	trap - EXIT
	if [ -n "$daemon" ]; then
		kill -KILL "$daemon" 2>/dev/null
		wait "$daemon" 2>/dev/null
	fi
	while [ "$front" = fuse ] && is_mounted; do
		umount -l "$path" 2>/dev/null || fusermount3 -u -z "$path" 2>/dev/null || break
	done
	rm -rf "$tmp"
	exit "$1"
}

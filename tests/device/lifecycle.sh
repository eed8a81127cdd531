#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# lifecycle.sh DMOVERD FRONT CALLER: how a daemon begins and ends, and what its callers see of that.
#
# CALLER is device_caller.  Environment and status as for run.sh.
#
# shellcheck disable=SC2317 # most functions are called by name, through check
# shellcheck disable=SC2154 # the names of daemon.sh
set -u

if [ $# -ne 3 ]; then
	echo "usage: lifecycle.sh DMOVERD cuse|fuse CALLER" >&2
	exit 2
fi
# shellcheck disable=SC1091
. "$(dirname "$0")/daemon.sh"

daemon_init "$1" "$2"
dmoverd=$1 front=$2 caller=$3
failures=0

check() {
	local what=$1
	shift
	if "$@"; then
		echo "ok: $what"
	else
		echo "FAILED: $what"
		failures=$((failures + 1))
	fi
}

works() {
	timeout $((10 * slow)) "$caller" work
}

# Asleep in the system call that it announced: the kernel shows a number, not "running".
is_asleep() {
	grep -q '^asleep$' "$tmp/caller" && grep -q '^[0-9]' "/proc/$sleeper/syscall" 2>/dev/null
}

# start_caller HOW
start_caller() {
	: >"$tmp/caller"
	"$caller" "$1" >"$tmp/caller" 2>&1 &
	sleeper=$!
	wait_for 10 is_asleep
}

# The caller ends by itself, and what it saw were errors.
caller_saw_errors() {
	if ! wait_end "$sleeper" 10; then
		kill -KILL "$sleeper"
		return 1
	fi
	wait "$sleeper" || {
		cat "$tmp/caller"
		return 1
	}
}

# A daemon that was killed removes nothing; whoever opens its path must not hang, nor find a session.
open_fails() {
	! timeout $((10 * slow)) "$caller" work >/dev/null
}

# The next daemon takes the dead one's place, or names what must be done before and then does.
restart() {
	daemon_start 2>"$tmp/restart" && return 0
	wait "$daemon" 2>/dev/null
	daemon=
	if [ "$front" = fuse ] && grep -q "umount $path" "$tmp/restart" && umount "$path"; then
		daemon_start
	else
		cat "$tmp/restart"
		return 1
	fi
}

killed_with_caller() {
	daemon_start || return 1
	start_caller "$1" || return 1
	daemon_kill || return 1
	caller_saw_errors || return 1
	open_fails || return 1
	restart || return 1
	works || return 1
	daemon_stop
}

stopped_with_caller() {
	daemon_start || return 1
	start_caller "$1" || return 1
	daemon_stop || return 1
	caller_saw_errors
}

second_daemon_is_refused() {
	local status
	daemon_start || return 1
	timeout $((10 * slow)) "$dmoverd" --front="$front" --path="$path" --foreground >"$tmp/second" 2>&1 </dev/null
	status=$?
	if [ "$status" -eq 0 ] || [ "$status" -eq 124 ]; then
		echo "status $status"
		return 1
	fi
	grep -q "^dmoverd: .*$path" "$tmp/second" || {
		cat "$tmp/second"
		return 1
	}
	# The first one has not noticed.
	works && daemon_stop
}

# bad OPTION...: status 2, a message, and nothing started.
bad() {
	local status
	timeout $((10 * slow)) "$dmoverd" --path="$path" --foreground "$@" >"$tmp/bad" 2>&1 </dev/null
	status=$?
	if [ "$status" -ne 2 ] || ! grep -q . "$tmp/bad"; then
		echo "status $status for $*:"
		cat "$tmp/bad"
		return 1
	fi
}

# Options that only tell.
tells() {
	timeout $((20 * slow)) "$dmoverd" "$1" >"$tmp/tells" 2>&1 </dev/null && grep -q . "$tmp/tells"
}

# The ways to callers' memory: in the list, and in the log of a daemon that is asked for information.
tells_ways() {
	local line
	line=$(timeout $((20 * slow)) "$dmoverd" --list-engines | grep '^caller memory: held process_vm; posted ') || return 1
	daemon_start --log-level=info || return 1
	grep -qF "$line" "$tmp/log" || {
		cat "$tmp/log"
		return 1
	}
	daemon_stop
}

comes_and_goes() {
	local i
	for i in 1 2 3 4 5; do
		if ! { daemon_start && works && daemon_stop; }; then
			echo "round $i"
			return 1
		fi
	done
}

stops_on() {
	daemon_start || return 1
	kill "-$1" "$daemon"
	wait_end "$daemon" 10 || return 1
	wait "$daemon" || return 1
	daemon=
	wait_for 2 is_gone
}

mode_is_obeyed() {
	daemon_start --mode=0600 || return 1
	[ "$(stat -c %a "$path")" = 600 ] && works && daemon_stop
}

check "the ways to callers' memory are told" tells_ways
check "a daemon comes and goes, and leaves nothing behind" comes_and_goes
check "SIGINT stops it as SIGTERM does" stops_on INT
check "its path has the mode that was asked for" mode_is_obeyed
for how in read write post; do
	check "a caller asleep in $how gets an error when the daemon is killed" killed_with_caller "$how"
	check "a caller asleep in $how gets an error when the daemon is stopped" stopped_with_caller "$how"
done
check "a second daemon on a busy path says so and ends" second_daemon_is_refused
for option in --no-such-option --front=door --queue-depth=0 --queue-depth=many --workers=-1 --workers=x --mode=9 \
	--hold-limit=12Q --log-level=loud --posted=lent --engine=no-such-engine --queue-depth= argument; do
	check "$option is refused with status 2" bad "$option"
done
for option in --help --version --list-engines; do
	check "$option tells" tells "$option"
done

[ "$failures" -eq 0 ] || finish 1
finish 0

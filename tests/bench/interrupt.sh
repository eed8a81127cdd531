#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# interrupt.sh BENCH DMOVERD: SIGINT, SIGTERM and SIGHUP in the middle of a run leave nothing behind.
#
# Ends with 77 where there is no /dev/fuse, or no right to mount.
set -euo pipefail

bench=$1 dmoverd=$2

if [ ! -c /dev/fuse ] || [ "$(id -u)" != 0 ]; then
	echo "skip: the FUSE file needs /dev/fuse and root"
	exit 77
fi
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

fail() {
	printf 'interrupt.sh: %s\n' "$*"
	kill -KILL "$pid" 2>/dev/null || true
	rm -f "$TMPDIR.log"
	exit 1
}

# The daemon's mount and the bare one.
is_running() {
	[ "$(grep -c " $TMPDIR" /proc/self/mounts)" -ge 2 ]
}

# One that was started in the background ignores SIGINT unless job control is on.
set -m
for signal in INT TERM HUP; do
	"$bench" --device --dmoverd="$dmoverd" --functions=copy --sizes=4K --engines=auto --seconds=600 \
		>"$TMPDIR.log" 2>&1 &
	pid=$!
	deadline=$((SECONDS + 30))
	until is_running; do
		[ -d "/proc/$pid" ] || fail "it ended: $(cat "$TMPDIR.log")"
		[ $SECONDS -lt $deadline ] || fail "no daemon within 30 s: $(cat "$TMPDIR.log")"
		sleep 0.05
	done
	# The children, by number: they must be gone as well.
	children=$(cat "/proc/$pid/task/$pid/children")
	kill -$signal $pid
	status=0
	wait $pid || status=$?
	[ $status = $((128 + $(kill -l $signal))) ] || fail "SIG$signal: exit status $status"
	for child in $children; do
		[ ! -d "/proc/$child" ] || fail "SIG$signal: process $child is still there"
	done
	[ -z "$(find "$TMPDIR" -mindepth 1)" ] || fail "SIG$signal: left behind: $(find "$TMPDIR" -mindepth 1)"
	! grep " $TMPDIR" /proc/self/mounts || fail "SIG$signal: a mount is left behind"
done
rm -f "$TMPDIR.log"

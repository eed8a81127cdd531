#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# test_tool.sh [--break] DSA-MODEL DRIVE: the tool: its folders, its command, its end by each way.
#
# DRIVE submits a descriptor to the node that it is given (drive.c).  --break expects other exit
# statuses than those there are, and so must fail.
set -euo pipefail

wrong=0
if [ "${1:-}" = --break ]; then
	wrong=1
	shift
fi
model=$1
drive=$2

if [ ! -w /dev/fuse ]; then
	echo "skip: /dev/fuse: no access"
	exit 77
fi
top=$(mktemp -d)
pid=
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	for dir in "$top"/*/dev; do
		umount -l "$dir" 2>/dev/null || true
	done
	rm -rf "$top"
}
trap cleanup EXIT

# ends STATUS COMMAND...: the command ends so.
ends() {
	local wanted=$(($1 + wrong)) got=0
	shift
	"$@" >"$top/out" 2>"$top/err" || got=$?
	[ $got = $wanted ] && return
	echo "$*: ended with $got, expected $wanted" >&2
	cat "$top/err" >&2
	exit 1
}

# gone DIR: nothing is left of it.
gone() {
	[ ! -e "$1" ] && ! grep -q " $1/" /proc/mounts && return
	echo "$1: something is left" >&2
	exit 1
}

# until COMMAND...: tries again until it is true, for 30 seconds at most.
until_true() {
	local end=$((SECONDS + 30))
	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $end ] || {
			echo "$*: never" >&2
			exit 1
		}
	done
}

# shellcheck disable=SC2016 # the command's own variables
{
	ends 0 "$model" --queues=shared,dedicated:size=8 "$top/a" -- sh -ec '
		[ "$(cat "$DSA_SYSFS_PATH/wq0.0/mode")" = shared ]
		[ "$(cat "$DSA_SYSFS_PATH/wq0.1/size")" = 8 ]
		[ -w "$DSA_DEV_PATH/wq0.0" ] && [ -w "$DSA_DEV_PATH/wq0.1" ]
		[ "$(ls "$DSA_DEV_PATH")" = "wq0.0
wq0.1" ]'
	gone "$top/a"
	ends 3 "$model" "$top/a" -- sh -c 'exit 3'
	ends 143 "$model" "$top/a" -- sh -c 'kill -TERM $$'
	ends 137 "$model" "$top/a" -- sh -c 'exec 3<>"$DSA_DEV_PATH/wq0.0"; kill -KILL $$'
	gone "$top/a"
	ends 0 "$model" "$top/a" sh -c "'$drive' \$DSA_DEV_PATH/wq0.0"
	ends 0 "$model" --stats="$top/stats" "$top/a" -- sh -c "'$drive' \$DSA_DEV_PATH/wq0.0"
	ends 9 "$model" --fault=any:status=0x20 "$top/a" -- sh -c "'$drive' \$DSA_DEV_PATH/wq0.0"
	# The tree knows who has a queue open, once open(2) is back.
	ends 0 "$model" "$top/a" -- sh -ec '
		[ "$(cat "$DSA_SYSFS_PATH/wq0.0/clients")" = 0 ]
		exec 3<>"$DSA_DEV_PATH/wq0.0"
		[ "$(cat "$DSA_SYSFS_PATH/wq0.0/clients")" = 1 ]'
}
ends 0 grep -qx 'wq0.0.completed 1' "$top/stats"
ends 0 grep -qx 'dsa0.write_calls 1' "$top/stats"
ends 0 grep -qx 'dsa0.opcode_10 1' "$top/stats"
ends 127 "$model" "$top/a" -- "$top/no-such-command"
gone "$top/a"

# Wrong usage.
for arguments in "" "--queues=both $top/a" "--queues=shared:size=0 $top/a" "--fault" "--what $top/a" \
	"--version-of=4 $top/a" "--queues=shared:bof=1 $top/a" "--queues=shared, $top/a" "--queues=shared: $top/a" \
	"--queues= $top/a" "--queues=dedicated:threshold=3 $top/a" "--fault= $top/a" "--fault=, $top/a" \
	"--queues=dedicated --fault=any:again=1 $top/a" "--fault=any@wq0.1:never $top/a"; do
	# shellcheck disable=SC2086 # words
	ends 2 "$model" $arguments
done
ends 2 "$model" --fault=copy:often "$top/a" -- true
mv "$top/err" "$top/why"
ends 0 grep -q often "$top/why"
gone "$top/a"
ends 0 "$model" --help
ends 0 "$model" --version
# What was asked for, and cannot be written.
ends 1 "$model" --stats="$top/no/such/folder" "$top/a" -- true
gone "$top/a"
# shellcheck disable=SC2016 # the inner shell's arguments
if [ -e /dev/full ]; then
	ends 1 sh -c '"$1" --help >/dev/full' sh "$model"
	ends 1 sh -c '"$1" --version >/dev/full' sh "$model"
	ends 1 "$model" --stats=/dev/full "$top/a" -- true
	ends 1 sh -c '"$1" "$2" >/dev/full' sh "$model" "$top/a"
	gone "$top/a"
fi
# A pipe that nobody reads: the other end is closed before the model begins.
# shellcheck disable=SC2016
ends 1 bash -c 'exec 3> >(:); wait $!; "$1" "$2" >&3' bash "$model" "$top/a"
gone "$top/a"

# In the foreground: until a signal; it says how to find it.
for signal in TERM INT HUP QUIT USR2 ALRM IO RTMIN; do
	mkdir "$top/b"
	rm -f "$top/says" # of the one before
	"$model" "$top/b" >"$top/says" &
	pid=$!
	until_true grep -qx -- "--dsa-sysfs=$top/b/sysfs --dsa-dev=$top/b/dev" "$top/says"
	ends 0 "$drive" "$top/b/dev/wq0.0"
	kill -$signal $pid
	ends 0 wait $pid
	pid=
	rmdir "$top/b"
done

# A second one of the same number leaves the first alone; another number may share the folder's parent.
rm -f "$top/says"
"$model" "$top/c" >"$top/says" &
pid=$!
until_true grep -q dsa-sysfs "$top/says"
ends 1 "$model" "$top/c" -- true
ends 0 "$drive" "$top/c/dev/wq0.0"
kill -KILL $pid
wait $pid 2>/dev/null || true
pid=
# What a killed one has left does not keep the next from starting.
ends 0 "$model" "$top/c" -- sh -c "'$drive' \$DSA_DEV_PATH/wq0.0"

# Nor when somebody has a node open still; and nothing of either is mounted at the end.
mkdir "$top/d"
rm -f "$top/says"
"$model" "$top/d" >"$top/says" &
pid=$!
until_true grep -q dsa-sysfs "$top/says"
exec 3<>"$top/d/dev/wq0.0"
kill -KILL $pid
wait $pid 2>/dev/null || true
pid=
ends 0 "$model" "$top/d" -- sh -c "'$drive' \$DSA_DEV_PATH/wq0.0"
ends 1 grep -q " $top/d/" /proc/mounts
exec 3>&-
echo "test_tool.sh: the tool starts, runs and ends as it should"

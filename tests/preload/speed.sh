#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# speed.sh BUILD | DMOVER_RUN SPEED DMOVERD: the bars of the preload front end, as ratios in one run.
#
# A write and a read of a 4 KiB copy take at most half of what the FUSE file takes; 64 MiB are copied at 0.95 of the
# staged loop's speed at least; another path costs 50 ns at most; a program that never opens the device starts at most
# 1 ms later.  Bars count only in a build with optimisation and on a machine that nobody else uses: with
# DMOVER_SPEED_BARS=1 the status is 1 when one of them is missed.  What cannot be measured at all fails in any case.
set -u

[ $# != 1 ] || set -- "$1/tools/dmover-run" "$1/tests/preload/preload_speed" "$1/cuse/dmoverd"
if [ $# != 3 ]; then
	echo "usage: speed.sh BUILD | DMOVER_RUN SPEED DMOVERD" >&2
	exit 2
fi
run=$1
speed=$2
daemon=$3
tmp=$(mktemp -d)
pid=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	[ -z "$pid" ] || { kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; }
	rm -rf "$tmp"
}
trap cleanup EXIT
bad=0

# bar NAME VALUE MOST
bar() {
	local verdict=good
	if ! [[ $2 =~ ^-?[0-9]+(\.[0-9]+)?$ ]]; then
		echo "speed.sh: $1: \"$2\" was measured" >&2
		exit 1
	fi
	awk -v v="$2" -v m="$3" 'BEGIN { exit !(v <= m) }' || verdict=BELOW
	printf '%-52s %8s  at most %s  %s\n' "$1" "$2" "$3" "$verdict"
	[ $verdict = good ] || bad=1
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'
}

least=
here() {
	local ns
	ns=$("$@") || {
		echo "speed.sh: $*: failed" >&2
		exit 1
	}
	if [ -z "$least" ] || [ "$ns" -lt "$least" ]; then least=$ns; fi
}

: >"$tmp/log"
"$daemon" --front=fuse --path="$tmp/dmoverio" --foreground >>"$tmp/log" 2>&1 &
pid=$!
for _ in $(seq 100); do
	grep -q '^dmoverd: ready' "$tmp/log" && break
	kill -0 $pid 2>/dev/null || break
	read -rt 0.1 <> <(:)
done
if grep -q '^dmoverd: ready' "$tmp/log"; then
	for _ in 1 2 3; do here "$run" --force "$speed" small; done
	preload=$least
	least=
	for _ in 1 2 3; do here env DMOVERIO_PATH="$tmp/dmoverio" "$speed" small; done
	bar "4 KiB write+read, preload ($preload ns) / FUSE ($least ns)" "$(ratio "$preload" "$least")" 0.5
else
	echo "skip: the FUSE file is not to be had: $(tail -1 "$tmp/log")"
fi

read -r device bare < <("$run" --force "$speed" large) || exit 1
bar "64 MiB, staged loop ($bare MB/s) / preload ($device MB/s)" "$(ratio "$bare" "$device")" 1.053

bar "open of another path, ns more than the C library's" "$("$run" --force "$speed" paths)" 50

# shellcheck disable=SC2317 # called by here()
starts() {
	local since=${EPOCHREALTIME/./}
	for _ in $(seq 50); do "$@" || return; done
	echo $(((${EPOCHREALTIME/./} - since) / 50))
}
library=$(dirname "$run")/../preload/libdmover-preload.so
# The dynamic linker would go on without it.
[ -r "$library" ] || {
	echo "speed.sh: no $library" >&2
	exit 1
}
least=
for _ in 1 2 3 4 5; do here starts env LD_PRELOAD="$library" "$speed" nothing; done
with=$least
least=
for _ in 1 2 3 4 5; do here starts env LD_BIND_NOW= "$speed" nothing; done
bar "start of a program that never opens it, us more" $((with - least)) 1000

[ "${DMOVER_SPEED_BARS:-0}" = 1 ] || exit 0
exit $bad

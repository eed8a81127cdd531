#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# tools.sh DMOVER_RUN PROGRAMS CC INCLUDE: under Valgrind, and in programs that were built with sanitizers.
set -u

run=$1
programs=$2
cc=$3
include=$4
here=$(dirname "$0")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

fail() {
	echo "tools.sh: $1:" >&2
	cat "$tmp/log" >&2
	bad=1
}

good() {
	local name=$1
	shift
	if timeout 60 "$@" >"$tmp/log" 2>&1; then
		echo "good: $name"
	else
		fail "$name: status $?"
	fi
}

# expect NAME TEXT COMMAND...: it fails, and says TEXT.
expect() {
	local name=$1 text=$2
	shift 2
	if timeout 60 "$@" >"$tmp/log" 2>&1; then
		fail "$name: nothing was found"
	elif ! grep -q "$text" "$tmp/log"; then
		fail "$name: no \"$text\""
	else
		echo "found: $name"
	fi
}

if command -v valgrind >/dev/null; then
	for name in plain stdio paths vectors; do
		good "valgrind $name" "$run" --force valgrind -q --error-exitcode=9 "$programs" $name
	done
	"$cc" -g -I"$include" -I"$here" -o "$tmp/spoilt" "$here/spoilt.c" || exit 1
	expect "valgrind: uninitialised bytes stay so" "uninitialised" \
		"$run" --force valgrind -q --error-exitcode=9 "$tmp/spoilt" uninitialised
	good "valgrind: an output is initialised" \
		"$run" --force valgrind -q --error-exitcode=9 "$tmp/spoilt" initialised
else
	echo "skip: no valgrind"
fi

# build NAME SANITIZER SOURCE...
build() {
	local name=$1 sanitizer=$2
	shift 2
	"$cc" -g -fsanitize="$sanitizer" -I"$include" -I"$here" -o "$tmp/$name-$sanitizer" "$@" -pthread 2>"$tmp/log"
}

for sanitizer in address thread undefined; do
	if ! build programs $sanitizer "$here/programs.c" "$here/processes.c" ||
		! build spoilt $sanitizer "$here/spoilt.c"; then
		echo "skip: -fsanitize=$sanitizer: $(head -1 "$tmp/log")"
		continue
	fi
	for name in plain edge stdio fork; do
		# ThreadSanitizer does not know threads that a forked child starts.
		[ $sanitizer-$name != thread-fork ] || continue
		good "$sanitizer $name" "$run" --force "$tmp/programs-$sanitizer" $name
	done
done
if [ -x "$tmp/spoilt-address" ]; then
	expect "address: an output past its end" "heap-buffer-overflow" \
		"$run" --force "$tmp/spoilt-address" overflow
	expect "address: an input that was freed" "heap-use-after-free" \
		"$run" --force "$tmp/spoilt-address" freed
fi
if [ -x "$tmp/spoilt-thread" ]; then
	expect "thread: a write while the device writes" "data race" \
		"$run" --force "$tmp/spoilt-thread" race
fi
exit $bad

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
	for name in plain stdio paths vectors family fork edge close signal; do
		# A child's start alone takes long here.
		good "valgrind $name" "$run" --force valgrind -q --error-exitcode=9 --leak-check=full \
			--errors-for-leak-kinds=definite --show-leak-kinds=definite "$programs" $name 6
	done
	# Its own fault is the one that is found; the option lets a handler return to where it was.
	good "valgrind segv" "$run" --force valgrind -q --vex-iropt-register-updates=allregs-at-mem-access \
		"$programs" segv
	[ "$(grep -cE 'Invalid|ninitialised|naddressable' "$tmp/log")" = 1 ] || fail "valgrind segv: more than its own fault"
	grep -A 1 'Invalid write of size 1' "$tmp/log" | grep -q 'run_segv' || fail "valgrind segv: another fault"
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
	"$cc" -g -D_GNU_SOURCE -Werror -fsanitize="$sanitizer" -I"$include" -I"$here" -o "$tmp/$name-$sanitizer" \
		"$@" -pthread 2>"$tmp/log" || {
		fail "$name with -fsanitize=$sanitizer cannot be built"
		exit 1
	}
}

for sanitizer in address thread undefined; do
	if ! "$cc" -fsanitize=$sanitizer -x c -o "$tmp/empty" - <<<'int main(void) { return 0; }' 2>"$tmp/log"; then
		echo "skip: -fsanitize=$sanitizer: $(head -1 "$tmp/log")"
		continue
	fi
	build programs $sanitizer "$here/programs.c" "$here/processes.c"
	build spoilt $sanitizer "$here/spoilt.c"
	for name in plain edge stdio fork; do
		# ThreadSanitizer does not know threads that a forked child starts.
		[ $sanitizer-$name != thread-fork ] || continue
		good "$sanitizer $name" "$run" --force "$tmp/programs-$sanitizer" $name
	done
	# What it needs first is not seen in the shell's file.
	# shellcheck disable=SC2016 # expanded inside
	good "$sanitizer, started by a shell" "$run" --force sh -c '"$0" plain && "$0" stdio' "$tmp/programs-$sanitizer"
done
if [ -x "$tmp/spoilt-address" ]; then
	expect "address: an output past its end" "heap-buffer-overflow" \
		"$run" --force "$tmp/spoilt-address" overflow
	expect "address: an input that was freed" "heap-use-after-free" \
		"$run" --force "$tmp/spoilt-address" freed
	# shellcheck disable=SC2016 # expanded inside
	expect "address: an input that was freed, started by a shell" "heap-use-after-free" \
		"$run" --force sh -c '"$0" freed' "$tmp/spoilt-address"
fi
if [ -x "$tmp/spoilt-thread" ]; then
	expect "thread: a write while the device writes" "data race" \
		"$run" --force "$tmp/spoilt-thread" race
fi
exit $bad

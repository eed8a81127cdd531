#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# options.sh DMOVERCTL: the command line of dmoverctl: help, version, and what makes no sense.
set -euo pipefail

dmoverctl=$1
failed=0

# expect STATUS ARGUMENT...: the exit status; what is printed goes to $output.
expect() {
	local want=$1 got=0
	shift
	output=$("$dmoverctl" "$@" 2>&1) || got=$?
	[ "$got" = "$want" ] && return
	printf 'options.sh: dmoverctl %s: exit status %d instead of %d:\n%s\n' "$*" "$got" "$want" "$output"
	failed=1
}

says() {
	grep -qF -- "$1" <<<"$output" && return
	printf 'options.sh: no "%s" in:\n%s\n' "$1" "$output"
	failed=1
}

expect 0 --help
says "usage: dmoverctl doctor"
expect 0 --version
says "dmoverctl "
expect 0 doctor --help
for bad in "" cure --no-such-option --json=yes --dsa-sysfs --dsa-dev --root --dsa-sysfs= --dsa-dev=; do
	# shellcheck disable=SC2086 # nothing at all is one of them
	expect 2 $bad
	says "--help shows them"
done
expect 2 doctor doctor
says "doctor: not understood"
expect 1 doctor --root=/no/such/folder
says "no front end works"

# A report that nobody can read is not good.
for argument in doctor --help --version; do
	if [ -e /dev/full ] && "$dmoverctl" $argument >/dev/full 2>/dev/null; then
		echo "options.sh: $argument: a full disk is not noticed"
		failed=1
	fi
done
# Colours are for terminals.
escape=$'\033'
output=$("$dmoverctl" doctor) || true
if [[ $output == *"$escape"* ]]; then
	echo "options.sh: colours in a pipe"
	failed=1
fi
if command -v script >/dev/null; then
	output=$(TERM=xterm script -qec "env -u NO_COLOR $dmoverctl doctor" /dev/null </dev/null) || true
	if [[ $output != *"$escape"* ]]; then
		echo "options.sh: no colours on a terminal"
		failed=1
	fi
else
	echo "options.sh: note: without script(1) nobody looks for colours on a terminal"
fi
exit $failed

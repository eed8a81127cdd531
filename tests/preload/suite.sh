#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# suite.sh [--break] DMOVER_RUN DEVICE_SUITE ROWS: the device suite through dmover-run.
#
# ROWS lists the tests that differ, with the reason; the same list is in docs/netbsd-compat.md, section 6.  A test that
# is not listed must pass, and one that is listed must fail, in one of its rounds at least; one that is listed as
# "NAME (at times)" may do either.  --break spoils each output, and so must fail.
# DMOVER_RUN_PARTS: other parts than all but "stall" and "exec".  DMOVER_RUN_OPTS: further options of dmover-run.
set -u

fault=
if [ "${1:-}" = --break ]; then
	fault=--fault=corrupt
	shift
fi
run=$1
suite=$2
rows=$3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

complain() {
	echo "suite.sh: $1" >&2
	bad=1
}

differs=$(sed -n 's/^\([a-z_0-9]*\):.*/\1/p' "$rows")
may_differ=$(sed -n 's/^\([a-z_0-9]*\) (at times):.*/\1/p' "$rows")
page=$(dirname "$0")/../../docs/netbsd-compat.md
for name in $differs $may_differ; do
	grep -q "\`$name\`" "$page" || complain "$name is not in docs/netbsd-compat.md"
	grep -qx "START_TEST($name)" "$(dirname "$0")"/../device/*.c || complain "$name is listed, and no test"
done
[ "$(grep -c . "$rows")" = "$(wc -w <<<"$differs $may_differ")" ] || complain "$rows: a line that is no row"

# names LETTERS: tests with a round that ended so; a line is FILE:LINE:LETTER:CASE:TEST:ROUND: what was said
names() {
	sed -n "s/^[^:]*:[0-9]*:[$1]:[^:]*:\([a-z_0-9]*\):[0-9]*: .*/\1/p" "$tmp/results" | sort -u
}

has() {
	grep -qx "$1" <<<"$2"
}

# judge: what is listed and what happened; a test that was skipped shows nothing
judge() {
	local name failed skipped
	failed=$(names FE)
	skipped=$(sed -n 's/^skip: \([a-z_0-9]*\): .*/\1/p' "$tmp/log")
	for name in $failed; do
		if has "$name" "$differs" || has "$name" "$may_differ"; then
			echo "differs, as listed: $name"
		else
			complain "$(grep -m 1 -E ":[FE]:[^:]*:$name:" "$tmp/results")"
		fi
	done
	[ -z "$fault" ] || return
	for name in $(names P); do
		if has "$name" "$differs" && ! has "$name" "$failed" && ! has "$name" "$skipped"; then
			complain "$name is listed, and passes"
		fi
	done
}

parts=${DMOVER_RUN_PARTS:-calls transfer split faults refused layout blocking signals poll share close hostile crowd async}
for part in $parts; do
	# shellcheck disable=SC2086 # options are words
	CK_LOG_FILE_NAME=$tmp/results CK_RUN_SUITE=$part "$run" --force --queue-depth=64 $fault ${DMOVER_RUN_OPTS:-} \
		"$suite" >"$tmp/log" 2>&1
	grep -E '^[0-9]+%: Checks' "$tmp/log" | sed "s/^/$part: /"
	if ! grep -qE '^[0-9]+%: Checks: [1-9]' "$tmp/log"; then
		echo "suite.sh: $part did not run:" >&2
		cat "$tmp/log" >&2
		exit 1
	fi
	judge
done
exit $bad

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# suite.sh [--break] DMOVER_RUN DEVICE_SUITE ROWS: the device suite through dmover-run.
#
# A test that fails must be named in ROWS, which lists those that differ, with the reason; the same list is in
# docs/netbsd-compat.md, section 6.  --break spoils each output, and so must fail.
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

names=$(sed -n 's/^\([a-z_0-9]*\):.*/\1/p' "$rows")
bad=0
parts=${DMOVER_RUN_PARTS:-calls transfer split faults refused layout blocking signals poll share close hostile crowd async}
for part in $parts; do
	# shellcheck disable=SC2086 # options are words
	CK_RUN_SUITE=$part "$run" --force --queue-depth=64 $fault ${DMOVER_RUN_OPTS:-} "$suite" >"$tmp/log" 2>&1
	grep -E '^[0-9]+%: Checks' "$tmp/log" | sed "s/^/$part: /"
	if ! grep -qE '^[0-9]+%: Checks: [1-9]' "$tmp/log"; then
		echo "suite.sh: $part did not run:" >&2
		cat "$tmp/log" >&2
		exit 1
	fi
	# FILE:LINE:F:CASE:TEST:ITERATION: what was wrong
	while IFS= read -r line; do
		name=$(cut -d: -f5 <<<"$line")
		if grep -qx "$name" <<<"$names"; then
			echo "differs, as listed: $name"
		else
			echo "suite.sh: $line" >&2
			bad=1
		fi
	done < <(grep -E '^[^:]+:[0-9]+:[FE]:' "$tmp/log")
done
exit $bad

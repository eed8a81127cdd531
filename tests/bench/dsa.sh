#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# dsa.sh BENCH DSA_MODEL: over queues of a device in software the idxd engine is measured, and it is said
# that the figures mean nothing.
set -euo pipefail

bench=$1
model=$2
failed=0

if [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
	echo "skip: /dev/fuse cannot be opened (modprobe fuse; needs root or fusermount3)"
	exit 77
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/dmover-bench.XXXXXX")
trap 'rm -rf --one-file-system "$dir"' EXIT
warning='model: timings mean nothing'

complain() {
	printf 'dsa.sh: %s\n' "$*"
	failed=1
}

tiny=(--direct --verify --rounds=1 --seconds=0.001 "--functions=copy,iscsi-crc32c" --sizes=4096)
engine=idxd:sysfs=$dir/sysfs,dev=$dir/dev
output=$("$model" "$dir" -- "$bench" "${tiny[@]}" --engines="$engine" --json="$dir/result" 2>&1) ||
	complain "exit status $?: $output"
grep -q "^idxd: $warning$" <<<"$output" || complain "no warning: $output"
[ "$(grep -c '^  idxd:.* checked$' <<<"$output")" = 2 ] || complain "not two rows: $output"
grep -q "\"$warning\"" "$dir/result" || complain "no warning in the JSON"

# Without a model there is nothing to be warned of; what cannot be measured is said.
output=$("$bench" "${tiny[@]}" --engines="cpu-scalar,$engine" 2>&1) || complain "exit status $?: $output"
! grep -q "$warning" <<<"$output" || complain "a warning without a model: $output"
grep -q 'idxd:.*not there' <<<"$output" || complain "no reason: $output"
exit $failed

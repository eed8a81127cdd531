#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# direct.sh BENCH: each engine of the table, and all that it is compared with, moves the right bytes.
set -euo pipefail

bench=$1
tiny=(--direct --verify --rounds=1 --seconds=0.001)
failed=0

complain() {
	printf 'direct.sh: %s\n' "$*"
	failed=1
}

# run ARGUMENT...: must be good; $output is its table.
run() {
	output=$("$bench" "${tiny[@]}" "$@" 2>&1) || complain "$*: exit status $?: $output"
	if [ "$(grep -cE ' checked$' <<<"$output")" = 0 ]; then
		complain "$*: nothing was checked: $output"
	fi
}

engines=$("$bench" --list --direct | sed -nE 's/.*engines: auto ([^;]*);.*/\1/p')
if [ -z "$engines" ]; then
	complain "no engine in: $("$bench" --list --direct)"
fi
for engine in $engines; do
	run --engines=cpu-scalar,"$engine" --functions=all --sizes=1,63,4097
	# It is in the table of figures, or among what was left out, with a reason.
	grep -qE "^  $engine .*checked|[0-9] $engine: ." <<<"$output" || complain "$engine: not a word about it"
done

run --functions=copy,xor5,iscsi-crc32c,fill8 --sizes=4096 --batch=1,7 --sessions=1,2 --align=0,1
run --functions=copy,xor3 --sizes=65536 --footprint=cold
run --functions=zero,copy --sizes=3M --pages=2M

# An engine that moves nothing is not wrong: it says that nobody looks; the others are looked at.
run --engines=null,cpu-scalar --functions=copy,iscsi-crc32c --sizes=4096 --footprint=hot,cold
if [ "$(grep -cE '^  null .*is not checked$' <<<"$output")" != 4 ] ||
	[ "$(grep -cE '^  cpu-scalar .* checked$' <<<"$output")" != 4 ]; then
	complain "null: not 4 rows that are not checked, and 4 that are: $output"
fi

# An engine that is full now and then is asked again.
run --engines=fault:over=cpu-scalar,again,every=2 --functions=copy --sizes=4096 --batch=1,16

# A wrong byte must be seen: one bit of each answer is inverted.
for function in zero fill8 copy iscsi-crc32c xor16; do
	status=0
	output=$("$bench" "${tiny[@]}" --engines=fault:over=cpu-scalar,corrupt --functions=$function --sizes=100 2>&1) ||
		status=$?
	if [ $status != 1 ] || ! grep -q 'wrong bytes' <<<"$output"; then
		complain "corrupted $function: exit status $status: $output"
	fi
done
exit $failed

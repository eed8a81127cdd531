#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# options.sh BENCH: the command line of dmover-bench: help, lists, and what makes no sense.
set -euo pipefail

bench=$1
failed=0

# expect STATUS ARGUMENT...: the exit status; what is printed goes to $output.
expect() {
	local want=$1 got=0
	shift
	output=$("$bench" "$@" 2>&1) || got=$?
	[ "$got" = "$want" ] && return
	printf 'options.sh: dmover-bench %s: exit status %d instead of %d:\n%s\n' "$*" "$got" "$want" "$output"
	failed=1
}

# says TEXT: the last output has it.
says() {
	grep -qF -- "$1" <<<"$output" && return
	printf 'options.sh: no "%s" in:\n%s\n' "$1" "$output"
	failed=1
}

expect 0 --help
says "Example: dmover-bench"
if [ "$(wc -l <<<"$output")" -gt 40 ] || [ "$(wc -L <<<"$output")" -gt 100 ]; then
	echo "options.sh: --help does not fit a screen"
	failed=1
fi
expect 0 --version
says "dmover-bench "

expect 0 --list --direct --functions=copy,xor5 --sizes=4K,1M --batch=1,64
says "direct copy 4K batch=64"
says "direct xor5 1M"
says "8 points"
expect 0 --list --quick
says "device iscsi-crc32c 64K"
# What an engine cannot have does not make more points.
expect 0 --list --direct --functions=copy --sizes=4K --depth=1,8
says "1 points"

for bad in --no-such-option --functions=copying --functions= --sizes=4X --sizes=0 "--sizes=4K," --sizes=2G --batch=0 \
	--batch=1025 --align=4096 --footprint=warm --pages=1G --engines=no-such-engine --threads=0 --threads=many \
	--rounds=0 --seconds=-1 --seconds=x --memory=none --daemon-pid=0 --round-trip=none --quick=yes --report operand; do
	expect 2 "$bad"
	says "--help shows them"
done
expect 2 --direct --device
expect 2 --json --csv
expect 2 --compare=a b c
expect 2 --bars --compare=a
says "--bars and --compare"
# As much memory as there is, not as a buffer may have.
expect 0 --list --quick --memory=64G
expect 2 --list --quick --memory=99999999999G
says "--memory"

# Options that are good, and a run that is not.
expect 1 --compare=/no/such/file /no/such/file
expect 1 --direct --functions=copy --sizes=64M --memory=1M
says "nothing was measured"
expect 1 --bars --direct --memory=1
says "nothing was measured"
expect 1 --device --path=/no/such/device --functions=copy --sizes=4K
says "/no/such/device"
expect 1 --device --dmoverd=/no/such/daemon --functions=copy --sizes=4K
says "/no/such/daemon"

# What cannot be read or written is found before an hour of measuring.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '{"format": "dmover-bench 1", "rows": []}' >"$folder/empty"
echo 'no JSON' >"$folder/bad"
echo kept >"$folder/kept"
for late in --json=/no/such/folder/x --csv=/no/such/folder/x --report=/no/such/folder/x --compare=/no/such/file \
	--compare="$folder/bad" --compare="$folder/empty"; do
	status=0
	output=$(timeout 60 "$bench" --direct --functions=copy --sizes=4K --seconds=3600 --json="$folder/kept" "$late" 2>&1) ||
		status=$?
	[ $status = 1 ] && continue
	printf 'options.sh: %s: exit status %d instead of 1:\n%s\n' "$late" $status "$output"
	failed=1
done
if [ "$(cat "$folder/kept")" != kept ]; then
	echo "options.sh: a result was lost by a run that measured nothing"
	failed=1
fi
exit $failed

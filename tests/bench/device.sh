#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# device.sh BENCH DMOVERD: through daemons of its own, with every byte checked, and nothing left behind.
#
# Ends with 77 where there is no /dev/fuse, or no right to mount.
set -euo pipefail

bench=$1 dmoverd=$2

if [ ! -c /dev/fuse ] || [ "$(id -u)" != 0 ]; then
	echo "skip: the FUSE file needs /dev/fuse and root"
	exit 77
fi
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
tiny=(--device --dmoverd="$dmoverd" --verify --rounds=1 --seconds=0.002)

fail() {
	printf 'device.sh: %s\n' "$*"
	exit 1
}

# left_behind: what a run left in its folder.
left_behind() {
	find "$TMPDIR" -mindepth 1
	grep " $TMPDIR" /proc/self/mounts || true
}

output=$("$bench" "${tiny[@]}" --engines=auto,cpu-scalar --functions=zero,copy,iscsi-crc32c,xor5 --sizes=1000,512K 2>&1) ||
	fail "exit status $?: $output"
[ "$(grep -cE '^  (auto|cpu-scalar) .*checked$' <<<"$output")" = 16 ] || fail "not 16 rows checked: $output"
[ "$(grep -cE '^  floor ' <<<"$output")" = 8 ] || fail "not 8 floors: $output"
[ -z "$(left_behind)" ] || fail "left behind: $(left_behind)"

output=$("$bench" "${tiny[@]}" --engines=auto --functions=copy,xor2 --sizes=4096 --iovecs=1,3 --batch=1,5 --depth=1,3 \
	--sessions=2 --align=1 --round-trip=process 2>&1) || fail "exit status $?: $output"
[ "$(grep -cE '^  auto .*checked$' <<<"$output")" = 16 ] || fail "not 16 rows checked: $output"

# A wrong byte must be seen here too.
status=0
output=$("$bench" "${tiny[@]}" --engines=fault:corrupt --functions=copy --sizes=4096 2>&1) || status=$?
if [ $status != 1 ] || ! grep -q 'wrong bytes' <<<"$output"; then
	fail "a corrupted copy: exit status $status: $output"
fi
[ -z "$(left_behind)" ] || fail "left behind: $(left_behind)"

# And behind a bar, which is not reached then, however quick.  Little memory: the short rows only.
"$dmoverd" --front=fuse --foreground --path="$TMPDIR/corrupt" --engine=fault:corrupt >"$TMPDIR/log" 2>&1 &
daemon=$!
trap 'kill $daemon 2>/dev/null || true; wait $daemon || true; rm -rf "$TMPDIR"' EXIT
deadline=$((SECONDS + 30))
until grep -q '^dmoverd: ready: ' "$TMPDIR/log"; do
	[ -d "/proc/$daemon" ] || fail "dmoverd ended: $(cat "$TMPDIR/log")"
	[ $SECONDS -lt $deadline ] || fail "no daemon within 30 s: $(cat "$TMPDIR/log")"
	sleep 0.05
done
status=0
output=$("$bench" --bars --device --verify --path="$TMPDIR/corrupt" --memory=100K 2>&1) || status=$?
if [ $status != 1 ] || ! grep -q '^4 KiB copy.* wrong .*instead of' <<<"$output" || ! grep -q ': wrong bytes: ' <<<"$output"; then
	fail "a bar over a corrupted copy: exit status $status: $output"
fi

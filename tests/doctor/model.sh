#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# model.sh [--break] DMOVERCTL DSA_MODEL: the doctor finds the queues of a software device, and
# nothing wrong with them.  With --break one of them is missing, and the test must fail.
set -euo pipefail

queues=shared:size=16:name=first,dedicated:size=8:name=second
if [ "${1:-}" = --break ]; then
	queues=${queues%%,*}
	shift
fi
dmoverctl=$1
model=$2

if [ "$(id -u)" != 0 ] || [ ! -w /dev/fuse ] || ! unshare --mount true 2>/dev/null; then
	echo "model.sh: skipped: dsa-model needs /dev/fuse and the right to mount"
	exit 77
fi
folder=$(mktemp -d /tmp/doctor.XXXX)
trap 'rm -rf "$folder"' EXIT

# shellcheck disable=SC2016 # the inner shell's dollars
"$model" --queues="$queues" "$folder/model" -- sh -c \
	'"$1" doctor --dsa-sysfs="$DSA_SYSFS_PATH" --dsa-dev="$DSA_DEV_PATH"' sh "$dmoverctl" \
	>"$folder/report" || true

# says TEXT: the report has it in one line, when the ends of lines are blanks.
says() {
	grep -qF -- "$1" <<<"$(tr -s ' \n' ' ' <"$folder/report")" && return
	echo "model.sh: no \"$1\" in:"
	cat "$folder/report"
	return 1
}

says "wq0.0 of dsa0 (first): shared, 16 entries, DSA 1.0, a model (its timings mean nothing): usable"
says "wq0.1 of dsa0 (second): dedicated, 8 entries, DSA 1.0, a model (its timings mean nothing): usable"
says "2 of 2 DSA queues can be used"

# Killed with a node open: the kernel still knows the file, and nobody serves it.
mkfifo "$folder/up"
"$model" "$folder/model" >"$folder/up" &
pid=$!
read -r _ <"$folder/up"
exec 3<>"$folder/model/dev/wq0.0"
kill -KILL $pid
wait $pid 2>/dev/null || true
"$dmoverctl" doctor --dsa-sysfs="$folder/model/sysfs" --dsa-dev="$folder/model/dev" >"$folder/report" || true
exec 3>&-
umount -l "$folder/model/dev"
says "NO this process may open it Transport endpoint is not connected the program that served the node is gone cure: umount -l $folder/model/dev"

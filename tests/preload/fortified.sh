#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# fortified.sh DMOVER_RUN PROGRAMS NM: the programs that were built with _FORTIFY_SOURCE, by which calls go to functions
# of the C library that check them.
set -u

run=$1
programs=$2
nm=$3
bad=0

# Of the program itself, so that what follows enters them.
names=$("$nm" -D --undefined-only "$programs" | sed 's/.* U \([a-z0-9_]*\).*/\1/')
for name in __open_2 __open64_2 __openat_2 __openat64_2 __read_chk creat64 freopen64; do
	if ! grep -qx $name <<<"$names"; then
		echo "fortified.sh: $programs does not call $name" >&2
		bad=1
	fi
done
for name in plain family stdio paths vectors edge; do
	if ! "$run" --force "$programs" $name; then
		echo "fortified.sh: $name failed" >&2
		bad=1
	fi
done
exit $bad

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shell.sh PROGRAM: a shell that executes children, one after the other and in a pipe; each has its own device.
set -e
for name in plain stdio quiet; do
	"$1" $name
done
"$1" plain | cat
(cd /tmp && exec "$1" plain)
echo one | while read -r _; do "$1" plain; done
[ "$(echo unharmed | cat)" = unharmed ]

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# example.sh [--break] DMOVERD COMPILER MANPAGE INCLUDEDIR RUNSH: the example of dmoverio(4) works.
#
# Takes the literal block after ".Sh EXAMPLES" out of the page, compiles it with all warnings, and
# runs it against DMOVERD; the path in it is replaced by $DMOVERIO_PATH.  --break runs a daemon whose
# engine moves nothing, and so must fail.  Ends with 77 when there is no front end here.
set -euo pipefail

if [ "${1:-}" = --break ]; then
	is_broken=1
	shift
fi
dmoverd=$1 compiler=$2 manpage=$3 includedir=$4 runsh=$5

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

extract() {
	awk '/^\.Sh /{in_examples = ($2 == "EXAMPLES"); next}
		in_examples && /^\.Bd -literal/{in_block = 1; next}
		/^\.Ed/{in_block = 0; next}
		in_block' "$manpage" |
		sed -e 's/\\&//g' -e 's/\\e/\\/g' -e '1i #include <stdlib.h>' \
			-e 's|open("/dev/dmoverio"|open(getenv("DMOVERIO_PATH")|'
}

extract >"$dir/example.c"
if ! grep -q 'open(getenv("DMOVERIO_PATH")' "$dir/example.c"; then
	echo "example.sh: $manpage: no example that opens /dev/dmoverio" >&2
	exit 1
fi
"$compiler" -std=gnu11 -Wall -Wextra -Wshadow -Werror -I"$includedir" -o "$dir/example" \
	"$dir/example.c"

if [ "${is_broken:-}" ]; then
	printf '#!/bin/sh\nexec "%s" --engine=null "$@"\n' "$dmoverd" >"$dir/dmoverd"
	chmod +x "$dir/dmoverd"
	dmoverd=$dir/dmoverd
fi
ret=0
"$runsh" "$dmoverd" fuse "$dir/example" >"$dir/output" || ret=$?
if [ $ret != 0 ]; then
	cat "$dir/output"
	exit $ret
fi
if ! grep -qx 'moved by /dev/dmoverio' "$dir/output"; then
	echo "example.sh: the example printed:" >&2
	cat "$dir/output" >&2
	exit 1
fi
echo "example.sh: the example of $manpage compiles and runs"

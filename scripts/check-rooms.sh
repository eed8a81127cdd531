#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# check-rooms.sh [--self-test | TREE]: the rooms may be entered by their doors only.
#
# Looks at each #include of each room and names those that its room forbids; docs/architecture.md
# has the picture.  --self-test builds trees with one forbidden include each and expects a failure.
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# What a room may include besides the system's headers, as one pattern for the text between the
# brackets or quotes.  A name without a folder is fine where the header lies beside the file.
allowed_in() {
	case $1 in
	include) echo '^<dev/dmover/' ;;
	core) echo '^<dev/dmover/|^"core/' ;;
	engines) echo '^<dev/dmover/|^"engines/' ;;
	engines/uring) echo '^<dev/dmover/|^"engines/uring/|^"engines/[^/]*\.h|^<liburing\.h>' ;;
	engines/*) echo "^<dev/dmover/|^\"$1/|^\"engines/[^/]*\\.h" ;;
	cuse) echo '^<dev/dmover/|^"core/|^"cuse/|^<fuse|^<cuse|^<linux/fuse\.h>' ;;
	preload) echo '^<dev/dmover/|^"core/|^"preload/|^"cuse/(handle|proc)\.h"' ;;
	tools) echo '^<dev/dmover/|^"core/|^"preload/|^"engines/queues\.h"|^"tools/|^<linux/fuse\.h>|^<isa-l\.h>' ;;
	examples) echo '^<dev/dmover/dmover_io\.h>|^"examples/' ;;
	tests/kernels) echo '^<dev/dmover/|^"engines/cpu/|^<isa-l\.h>' ;;
	tests) echo '^<dev/dmover/|^"core/|^"cuse/|^"engines/(table|queues)\.h"|^"engines/idxd/|^"preload/|^"tools/run/(options|program)\.h"|^"tests/|^<check\.h>|^<fuse|^<cuse|^<linux/fuse\.h>' ;;
	esac
}

# Not "the system's": what belongs to a room, a library that one room alone may know, a macro.
owned='^[^<]|^<(dev/|fuse|cuse|linux/fuse|check\.h|isa-l\.h|liburing\.h|core/|engines/|preload/|tools/|tests/|\.)|\.\./'

# includes FILE: "LINE <header>" for each one.
includes() {
	sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*([^[:space:]].*)$/\1/;T;s/[[:space:]]*\/[*\/].*//;=;p' \
		"$1" | paste -d' ' - -
}

room_of() {
	case $1 in
	engines/*/* | tests/kernels/*) echo "$1" | cut -d/ -f1-2 ;;
	*) echo "${1%%/*}" ;;
	esac
}

is_beside() {
	[[ $2 =~ ^\"([^/\"]+)\"$ ]] && [ -f "$(dirname "$1")/${BASH_REMATCH[1]}" ]
}

# check_file FILE: one line for each forbidden include; false when there was one.
check_file() {
	local room allowed line header bad=0
	room=$(room_of "$1")
	allowed=$(allowed_in "$room")
	while read -r line header; do
		[[ $header =~ $owned ]] || continue
		[[ ! $header =~ $allowed || $header == *../* ]] || continue
		! is_beside "$1" "$header" || continue
		complain "$1:$line: $header: $room/ may not include it (see docs/architecture.md)"
		bad=1
	done < <(includes "$1")
	return $bad
}

check_tree() {
	local file bad=0 seen=0
	cd "$1"
	while read -r file; do
		seen=$((seen + 1))
		check_file "$file" || bad=1
	done < <(find include core engines cuse preload tools examples tests \
		-name '*.[ch]' 2>/dev/null | sort)
	if [ $seen = 0 ]; then
		complain "$1: no source file found (is this the project's tree?)"
		return 1
	fi
	[ $bad = 0 ] && say "$seen files: every include is allowed"
}

# expect pass|fail FILE INCLUDE: a tree with this one file must be judged so.
expect() {
	local tree got=pass
	tree=$(mktemp -d)
	mkdir -p "$tree/$(dirname "$2")"
	printf '#include <stdio.h>\n#include %s\n' "$3" >"$tree/$2"
	(check_tree "$tree") >/dev/null 2>&1 || got=fail
	rm -rf "$tree"
	[ "$got" = "$1" ] && return
	complain "self-test: $2 with #include $3: $got, expected $1 (mend the patterns above)"
	return 1
}

self_test() {
	expect pass core/a.c '"core/a.h" /* why */'
	expect pass core/a.c '<dev/dmover/engine.h>'
	expect pass engines/cpu/a.c '"engines/cpu/a.h"'
	expect pass engines/table.c '"engines/cpu/a.h"'
	expect pass cuse/a.c '<fuse_lowlevel.h>'
	expect pass examples/a.c '<dev/dmover/dmover_io.h>'
	expect pass tests/kernels/a.c '"engines/cpu/a.h"'
	expect fail include/dev/dmover/a.h '"core/wire.h"'
	expect fail core/a.c '<fuse_lowlevel.h>'
	expect fail core/a.c '<linux/fuse.h>'
	expect fail core/a.c '"cuse/device.h"'
	expect fail core/a.c '"engines/cpu/a.h"'
	expect fail core/a.c '"../cuse/device.h"'
	expect fail core/a.c '"core/../cuse/device.h"'
	expect fail core/a.c 'SOME_MACRO'
	expect fail core/a.c '"elsewhere.h"'
	expect fail engines/cpu/a.c '"core/uio.h"'
	expect fail engines/cpu/a.c '"engines/null/a.h"'
	expect fail cuse/a.c '"engines/cpu/a.h"'
	expect fail tools/a.c '"engines/cpu/a.h"'
	expect fail tools/a.c '"cuse/device.h"'
	expect pass tools/a.c '"engines/queues.h"'
	expect pass tests/unit/a.c '"engines/queues.h"'
	expect pass tests/unit/a.c '"engines/idxd/a.h"'
	expect fail tools/a.c '"engines/table.h"'
	expect fail tools/a.c '"engines/idxd/look.h"'
	expect fail examples/a.c '<dev/dmover/engine.h>'
	expect fail tests/unit/a.c '"engines/cpu/a.h"'
	expect pass engines/uring/a.c '<liburing.h>'
	expect fail engines/cpu/a.c '<liburing.h>'
	expect fail tests/kernels/a.c '"core/uio.h"'
	say "self-test: every forbidden include was found"
}

case ${1:-} in
--self-test) self_test ;;
-h | --help) usage ;;
*) check_tree "${1:-$top}" ;;
esac

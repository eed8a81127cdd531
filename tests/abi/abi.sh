#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# abi.sh COMPILER INCLUDE_DIR c|c++ [FLAG...]: compiles the sources of this folder in both layouts.
#
# Status: 0; 1 when one does not compile; 77 when the compiler is missing or cannot do the flags.
set -u

compiler=$1 include=$2 language=$3
shift 3
here=$(dirname "$0")

# A compiler may know -m32 and have no headers for it.
if ! reason=$(echo "#include <stdlib.h>" | "$compiler" -x "$language" "$@" -fsyntax-only - 2>&1); then
	echo "skip: $compiler cannot compile $language $* here (gcc-multilib, g++-multilib):"
	echo "$reason" | head -n 3
	exit 77
fi

status=0
for layout in "" -DDMIO_ABI_2002; do
	for source in "$here"/*.c; do
		# shellcheck disable=SC2086 # no layout is no argument
		if "$compiler" -x "$language" "$@" $layout -I"$include" -Wall -Wextra -Werror \
			-fsyntax-only "$source"; then
			echo "ok: $compiler $language $* $layout $(basename "$source")"
		else
			echo "FAILED: $compiler $language $* $layout $(basename "$source")"
			status=1
		fi
	done
done
# What must not compile shows that the assertions are looked at.
if "$compiler" -x "$language" "$@" -I"$include" -Ddmbuf_iovcnt=more,dmbuf_iovcnt -fsyntax-only "$here/abi.c" 2>/dev/null; then
	echo "FAILED: a wrong size compiles"
	status=1
fi
exit $status

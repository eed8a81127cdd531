#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# aarch64.sh: builds core and engines for aarch64 and runs the tests of the kernels in an emulator.
#
# The compiler is AARCH64_CC, else aarch64-linux-gnu-gcc, else clang with Debian's libc6-dev-arm64-cross
# and binutils-aarch64-linux-gnu.  (Debian's own gcc-aarch64-linux-gnu cannot be installed beside
# gcc-multilib, which the tests of 32-bit callers need.)  Without any of them the exit status is 77;
# without qemu-aarch64 it builds, and says that nothing was run.
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
build=$top/build/aarch64
target=aarch64-linux-gnu

# compiles COMMAND...: makes it a program for aarch64?
compiles() {
	local dir status=0
	dir=$(mktemp -d)
	printf '#include <stdio.h>\nint main(void)\n{\n\treturn puts("") < 0;\n}\n' >"$dir/probe.c"
	"$@" -static -o "$dir/probe" "$dir/probe.c" >/dev/null 2>&1 || status=1
	rm -rf "$dir"
	return $status
}

# The compiler's options for cmake, one a line.
compiler_options() {
	if [ -n "${AARCH64_CC:-}" ]; then
		compiles "$AARCH64_CC" || return 1
		echo "-DCMAKE_C_COMPILER=$AARCH64_CC"
	elif compiles $target-gcc; then
		echo "-DCMAKE_C_COMPILER=$target-gcc"
	elif compiles clang --target=$target; then
		printf '%s\n' -DCMAKE_C_COMPILER=clang "-DCMAKE_C_COMPILER_TARGET=$target"
	else
		return 1
	fi
}

main() {
	local options=() emulator
	case ${1:-} in -h | --help) usage && exit 0 ;; esac
	mapfile -t options < <(compiler_options)
	if [ ${#options[@]} = 0 ]; then
		[ -z "${AARCH64_CC:-}" ] || die "$AARCH64_CC: does not make programs for aarch64"
		say "skip: no compiler for aarch64 (scripts/deps.sh aarch64)"
		exit 77
	fi
	emulator=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
	# An old cache would keep its own compiler.
	rm -rf "$build"
	cmake -S "$top" -B "$build" -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
		"${options[@]}" "-DCMAKE_CROSSCOMPILING_EMULATOR=$emulator" \
		-DCMAKE_EXE_LINKER_FLAGS=-static -DDMOVER_CUSE=OFF -DDMOVER_WERROR=ON
	cmake --build "$build"
	if [ -z "$emulator" ]; then
		say "built; not run: no qemu-aarch64 (scripts/deps.sh aarch64)"
		return
	fi
	ctest --test-dir "$build" --output-on-failure --no-tests=error
}

main "$@"

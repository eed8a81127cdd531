#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# check.sh [CHECK...]: what can be said about the sources without running them.
#
# Checks: format rooms words lengths shell manual headers cppcheck analyzer tidy; all of them when
# none is named.  Each prints its time; one that fails does not stop the others.  Logs: build/logs.
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/stages.sh
. "$top/scripts/stages.sh"
cd "$top"
jobs=$(nproc)
all_checks="format rooms words lengths shell manual headers cppcheck analyzer tidy"

# files PATTERN...: the project's own files of these names, one a line.
files() {
	local pattern names=()
	for pattern; do
		names+=(-o -name "$pattern")
	done
	find . \( -path ./build -o -path ./out -o -path ./.git \) -prune -o \
		-type f \( "${names[@]:1}" \) -print | sed 's,^\./,,' | sort
}

# What has a first line that names a shell.  The others are sourced by these and checked with them.
shell_scripts() {
	find scripts .ci tests -type f | sort | while read -r file; do
		if head -n 1 "$file" | grep -qE '^#!.*(sh|busybox)'; then
			echo "$file"
		fi
	done
}

# configure DIR ARGUMENT...: quiet unless it fails.
configure() {
	cmake -B "$@" >"$1.log" 2>&1 || {
		cat "$1.log"
		return 1
	}
}

stage_format() {
	files '*.c' '*.h' | xargs -P "$jobs" -n 8 clang-format --dry-run -Werror && return
	echo "to mend it: clang-format -i FILE..."
	return 1
}

stage_rooms() {
	scripts/check-rooms.sh --self-test
	scripts/check-rooms.sh
}

# Notes to oneself belong into issues; each file says its licence.
stage_words() {
	local bad=0 words='TO''DO|FIX''ME|XX''X'
	! grep -rnwE "$words" --exclude-dir={build,out,.git} . || bad=1
	while read -r file; do
		head -n 6 "$file" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' && continue
		echo "$file: no SPDX line in its head"
		bad=1
	done < <(files '*.c' '*.h' '*.sh' CMakeLists.txt && shell_scripts)
	return $bad
}

# shellcheck disable=SC2016 # awk's dollars
# A function is what starts with a brace in the first column and ends with one.
stage_lengths() {
	files '*.c' '*.h' '*.sh' | xargs awk '
	FNR == 1 { if (prev) report(); prev = FILENAME }
	{ lines = FNR }
	/^{$/ || /^[a-z_0-9]+\(\) \{$/ { start = FNR; name = last }
	/^[a-z_0-9]+\(\) \{$/ { name = $1 }
	/^}/ && start {
		if (FNR - start + 1 > 60) {
			printf "%s:%d: %s: %d lines (60 at most: give a part of it a name)\n",
				FILENAME, start, name, FNR - start + 1
			bad = 1
		}
		start = 0
	}
	{ last = $0 }
	function report() {
		if (lines > 700) {
			printf "%s: %d lines (700 at most: two nouns, two files)\n", prev, lines
			bad = 1
		} else if (lines > 500)
			printf "note: %s: %d lines (500 is where to think of a second file)\n", prev, lines
	}
	END { report(); exit bad }'
}

stage_shell() {
	shell_scripts | xargs -P "$jobs" -n 4 shellcheck -x -a
}

stage_manual() {
	local pages
	pages=$(find docs/man -name '*.[1-9]')
	if [ -z "$pages" ]; then
		echo "no manual page in docs/man"
		return 1
	fi
	# shellcheck disable=SC2086 # a list of files
	mandoc -Tlint -Wwarning $pages
}

# Each header alone, twice in one file, with both compilers; the callers' header also as C++ and
# as plain C99 (an application is not compiled with our flags).
# shellcheck disable=SC2016 # the inner shell's dollars
stage_headers() {
	local flags
	flags="-Iinclude -I. -DFUSE_USE_VERSION=35 $(pkg-config --cflags fuse3 check)"
	export flags
	files '*.h' | xargs -P "$jobs" -I{} bash -euc 'for cc in gcc clang; do
		printf "#include \"%s\"\n#include \"%s\"\n" {} {} |
			$cc -x c -std=gnu11 -D_GNU_SOURCE $flags -fsyntax-only -Wall -Wextra -Werror - ||
			{ echo "{}: not self-contained ($cc)"; exit 255; }
		done'
	for language in "c -std=c99 -pedantic -D_DEFAULT_SOURCE" "c++ -std=c++17"; do
		# shellcheck disable=SC2086 # words
		echo '#include <dev/dmover/dmover_io.h>' |
			gcc -x $language -Iinclude -fsyntax-only -Wall -Wextra -Werror -
	done
}

stage_cppcheck() {
	local rooms=()
	for room in core engines cuse preload tools examples; do
		[ ! -d $room ] || rooms+=("$room")
	done
	cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 --suppress=missingInclude \
		--suppress=missingIncludeSystem -D_GNU_SOURCE -D__x86_64__ -Iinclude -I. "${rooms[@]}"
}

# gcc's analyzer follows paths inside one function and what it calls.  The tests are left out: it
# does not know that Check's ck_assert() ends the test.
#   malloc-leak: gcc 12 loses sight of memory that a function keeps in its caller's structure;
#   leaks are looked for at run time (asan, valgrind).
stage_analyzer() {
	configure build/analyzer --preset dev -DDMOVER_TESTS=OFF \
		"-DCMAKE_C_FLAGS=-fanalyzer -Wno-analyzer-malloc-leak -O1"
	nice cmake --build build/analyzer -- -k 0
}

# The tests are left out: Check's macros alone make hundreds of warnings.
# The compile commands come from the gcc build; clang must only not trip over gcc's own options.
stage_tidy() {
	configure build/tidy --preset clang
	python3 -c 'import json
for unit in json.load(open("build/tidy/compile_commands.json")): print(unit["file"])' |
		sort -u | grep -v /tests/ |
		nice xargs -r -P "$jobs" -n 1 clang-tidy --quiet -p build/tidy
}

main() {
	local check start=$EPOCHREALTIME
	case ${1:-} in -h | --help) usage && exit 0 ;; esac
	[ $# -gt 0 ] || read -ra checks <<<"$all_checks"
	[ $# = 0 ] || checks=("$@")
	for check in "${checks[@]}"; do
		[[ " $all_checks " == *" $check "* ]] || die "$check: unknown check (one of: $all_checks)"
	done
	"$top/scripts/deps.sh" build test check
	stages_init
	for check in "${checks[@]}"; do
		stage "$check"
	done
	say "$stages_passed passed, ${#stages_failed[@]} failed in $(seconds_since "$start") s"
	[ ${#stages_failed[@]} = 0 ] || die "failed: ${stages_failed[*]} (logs in build/logs)"
}

main "$@"

# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# stages.sh: a list of stages that goes on after a failure, with times and counts.  Sourced.
#
# A stage is a function.  It fails when a command in it fails; with status 77 it is skipped, and its
# last line of output is the reason.  Its output goes to $logs/NAME.log.

# shellcheck disable=SC2154 # from lib.sh, which comes first
logs=$top/build/logs
stages_passed=0
stages_failed=()
tests_passed=0
tests_failed=0
tests_skipped=0
stage_pid=
stage_status=0

stages_init() {
	mkdir -p "$logs"
	trap 'stages_abort INT' INT
	trap 'stages_abort TERM' TERM
}

# An interrupt ends the whole group of the stage: nothing of it stays behind.
stages_abort() {
	trap - "$1"
	[ -z "$stage_pid" ] || kill -TERM -- "-$stage_pid" 2>/dev/null || true
	kill -s "$1" $$
}

# In the background and waited for, in a process group of its own.  Neither this nor stage() may be
# called on the left of "||" or after "if": "set -e" would not work inside the stage then.
stage_run() {
	local guard
	stage_status=0
	set -m
	("$@") >"$log" 2>&1 </dev/null &
	stage_pid=$!
	stage_guard "$stage_pid" >/dev/null 2>&1 </dev/null &
	guard=$!
	set +m
	wait "$stage_pid" || stage_status=$?
	kill -KILL -- "-$guard" "-$stage_pid" 2>/dev/null || true
	wait "$guard" 2>/dev/null || true
	stage_pid=
}

# Ends a stage that hangs.
stage_guard() {
	sleep "${DMOVERIO_STAGE_LIMIT:-1200}"
	echo "stopped: the stage took more than ${DMOVERIO_STAGE_LIMIT:-1200} seconds" >>"$log"
	kill -TERM -- "-$1"
	sleep 5
	kill -KILL -- "-$1"
}

# stage NAME: runs the function stage_NAME.
stage() {
	local name=$1 log=$logs/$1.log start=$EPOCHREALTIME status
	stage_run "stage_$name"
	status=$stage_status
	case $status in
	0)
		stages_passed=$((stages_passed + 1))
		printf '%-11s ok       %7s s' "$name" "$(seconds_since "$start")"
		;;
	77) printf '%-11s skipped  %7s s  %s' "$name" "$(seconds_since "$start")" "$(tail -n 1 "$log")" ;;
	*)
		stages_failed+=("$name")
		printf '%-11s FAILED   %7s s' "$name" "$(seconds_since "$start")"
		;;
	esac
	stage_count "$status"
	[ "$status" = 0 ] || [ "$status" = 77 ] || stage_tail
	stage_notes
}

# What a stage wants to be seen although it passed: lines that start with "note: ".
stage_notes() {
	sed -n 's/^note: /    /p' "$log"
}

stage_tail() {
	printf '    the end of %s:\n' "${log#"$top"/}"
	tail -n "${DMOVERIO_LOG_LINES:-60}" "$log" | sed 's/^/    | /'
}

# Counts the tests that ctest and others report; a stage that reports none counts as one test.
stage_count() {
	local passed failed skipped
	read -r passed failed skipped <<<"$(count_tests <"$log")"
	if [ $((passed + failed + skipped)) = 0 ]; then
		case $1 in
		0) passed=1 ;;
		77) skipped=1 ;;
		esac
		printf '\n'
	else
		printf '  (%d passed, %d failed, %d skipped)\n' "$passed" "$failed" "$skipped"
	fi
	case $1 in
	0 | 77) ;;
	*) [ "$failed" -gt 0 ] || failed=1 ;;
	esac
	tests_passed=$((tests_passed + passed))
	tests_failed=$((tests_failed + failed))
	tests_skipped=$((tests_skipped + skipped))
}

# From a log: "PASSED FAILED SKIPPED".  Lines of ctest, and "N passed, N failed[, N skipped]".
count_tests() {
	awk '
	/^ *[0-9]+\/[0-9]+ +Test +#[0-9]+:.*\*\*\*Skipped/ { skipped++; next }
	/^ *[0-9]+\/[0-9]+ +Test +#[0-9]+:.* Passed / { passed++; next }
	/^ *[0-9]+\/[0-9]+ +Test +#[0-9]+:.*\*\*\*/ { failed++; next }
	/^([a-z0-9.-]+: )?[0-9]+ passed, [0-9]+ failed/ {
		for (i = 2; i <= NF; i++) {
			if ($i ~ /^passed/) passed += $(i - 1)
			if ($i ~ /^failed/) failed += $(i - 1)
			if ($i ~ /^skipped/) skipped += $(i - 1)
		}
	}
	END { printf "%d %d %d\n", passed, failed, skipped }'
}

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# test.sh [--quick | --list | STAGE...]: install what the tests need and run them.
#
#   --quick   build with gcc and run all that ctest knows
#   --list    the stages
#
# Without a stage named, all of them run.  Each prints its time; a failing one does not stop the
# others; logs are in build/logs.  What cannot run here is skipped with its reason, and counted.
# With CI=true the guest kernels are not optional.
#
# DMOVERIO_FUZZ_SECONDS   for each fuzz target (10)
# DMOVERIO_STAGE_LIMIT    seconds after which a stage is taken to hang (1200)
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/stages.sh
. "$top/scripts/stages.sh"
cd "$top"
jobs=$(nproc)
# Tests that must fail, since they are told to expect something wrong: by name.
red='break|broken|can-fail'
# What is left out where time is short: the suites for all engines once more over a DSA of another
# kind.  The release stage runs them all.
again='idxd-(conformance-(write|portal-(shared|both))|(busy|through|faults|mix)-write)'
all_stages="check dev break docs guest-6.12 guest-6.1 clang aarch64 fuzz asan tsan valgrind release coverage demo"

# build PRESET [ARGUMENT...]
build() {
	echo "== build $1"
	cmake --preset "$@"
	cmake --build --preset "$1"
}

# tests PRESET ARGUMENT...: ctest, which must find at least one.  Many sleep now and then: one more
# than there are processors.
tests() {
	local preset=$1
	shift
	echo "== ctest $preset $*"
	ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --timeout 600 \
		-j $((jobs + 1)) "$@"
}

skip() {
	echo "$*"
	exit 77
}

need() {
	have "$1" || skip "$1 is missing"
}

stage_check() {
	scripts/check.sh
}

# Units and engines are left to the release stage, which has them done in half the time, and to the
# sanitizers.
stage_dev() {
	build dev
	tests dev -LE 'docs|unit|engines' -E "$red"
}

# Each suite again, told to expect something wrong; ctest knows that it must fail.
stage_break() {
	build dev
	tests dev -R "$red"
}

stage_docs() {
	build dev
	tests dev -L docs -E "$red"
}

stage_quick() {
	build dev
	tests dev
}

# What clang has compiled runs in the tsan stage too, but for the kernels.
stage_clang() {
	need clang
	build clang
	tests clang -L 'unit|engines|abi' -E "$red|dsa|idxd|uring|busy|through|faults|spoilt"
}

# What the machine has no processor for is built, and run in an emulator.
stage_aarch64() {
	scripts/deps.sh aarch64
	scripts/aarch64.sh
}

# fuzz_one TARGET SECONDS: starts from the seeds in the tree; what is found new stays in build/.
fuzz_one() {
	local name seeds=()
	name=$(basename "$1")
	mkdir -p "build/fuzz/$name"
	[ ! -d "tests/fuzz/corpus/${name#fuzz_}" ] || seeds=("tests/fuzz/corpus/${name#fuzz_}")
	echo "== $name for $2 s"
	if "$1" -max_total_time="$2" -max_len=4096 -timeout=20 -rss_limit_mb=2048 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="build/logs/$name-" \
		"build/fuzz/$name" "${seeds[@]}" 2>&1 | grep -v '# Uses:'; then
		echo "fuzz: 1 passed, 0 failed"
	else
		echo "fuzz: 0 passed, 1 failed"
		return 1
	fi
}

stage_fuzz() {
	local target targets=() failed=0
	need clang
	build clang
	for target in build/clang/tests/fuzz/fuzz_*; do
		[ ! -f "$target" ] || [ ! -x "$target" ] || targets+=("$target")
	done
	[ ${#targets[@]} -gt 0 ] || skip "no fuzz target was built: clang has no libFuzzer here"
	export -f fuzz_one
	# shellcheck disable=SC2016 # for the other shells
	printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I '{}' \
		bash -euo pipefail -c 'fuzz_one "$@" >"build/logs/$(basename "$1").log" 2>&1' fuzz \
		'{}' "${DMOVERIO_FUZZ_SECONDS:-10}" || failed=1
	for target in "${targets[@]}"; do
		cat "build/logs/$(basename "$target").log"
	done
	return $failed
}

# The device suite meets every engine here: they take turns.  The kernels' tests have guard pages.
stage_asan() {
	build asan
	export DMOVERD_OPTS=--engine=cycle
	export DMOVERIO_TEST_SLOW=4 CK_TIMEOUT_MULTIPLIER=4 UBSAN_OPTIONS=print_stacktrace=1
	export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
	tests asan -L 'unit|engines|device|bench|doctor|preload|seccomp' -E "$red|bench.[^d]|bench.di|kernels|idxd-knobs|$again"
}

# ThreadSanitizer of older clangs finds no room for its tables when addresses are much randomised.
# Conformance and the kernels have no threads to speak of, and take minutes here; busy has many, and
# through has those of every engine.
# The bench's own threads are all at work in bench.device.
stage_tsan() {
	local fixed=()
	need clang
	build tsan
	export DMOVERIO_TEST_SLOW=4 CK_TIMEOUT_MULTIPLIER=4 TSAN_OPTIONS=second_deadlock_stack=1
	if ! build/tsan/cuse/dmoverd --version >/dev/null 2>&1; then
		fixed=(setarch -R)
	fi
	"${fixed[@]}" "$BASH" -euc "$(declare -f tests); jobs=$jobs; tests \"\$@\"" tests \
		tsan -L 'unit|engines|device|bench|preload|seccomp' \
		-E "$red|conformance|kernels|engines.(faults|uring|spoilt)|idxd-(knobs|limits|through|node)|bench.[^d]|bench.di|$again"
}

# The command of each test of a label under $memcheck, quoted for the shell, one a line.
commands_of() {
	ctest --test-dir "$1" -L "$2" -E "$red" --show-only=json-v1 | python3 -c 'import json, shlex, sys
for test in json.load(sys.stdin)["tests"]:
	if "command" in test:
		values = [p["value"] for p in test["properties"] if p["name"] == "ENVIRONMENT"]
		print(shlex.join(["env", *sum(values, [])]), sys.argv[1], shlex.join(test["command"]))' "$memcheck"
}

# Each test of Check is a process; one in which memcheck found something ends with 99 and fails.
valgrind_unit() {
	echo "== $1"
	if bash -c "exec $1" </dev/null; then
		echo "memcheck: 1 passed, 0 failed"
	else
		echo "memcheck: 0 passed, 1 failed"
		return 1
	fi
}

stage_valgrind() {
	local suite commands i units=() status=0 memcheck="valgrind --quiet --error-exitcode=99 --leak-check=full
		--errors-for-leak-kinds=definite --show-leak-kinds=definite --num-callers=30"
	need valgrind
	build dev
	memcheck=${memcheck//[$'\t\n']/ }
	export DMOVERIO_TEST_SLOW=10 CK_TIMEOUT_MULTIPLIER=10
	commands=$(commands_of build/dev unit)
	readarray -t commands <<<"$commands"
	for i in "${!commands[@]}"; do
		valgrind_unit "${commands[i]}" >"$logs/valgrind-$i.log" 2>&1 &
		units+=($!)
	done
	echo "note: transfer, split, hostile, stall, crowd and exec are left to AddressSanitizer: too slow here"
	for suite in calls faults refused layout blocking signals poll share close async; do
		echo "== the FUSE file: $suite"
		CK_RUN_SUITE=$suite DMOVERD_WRAPPER=$memcheck tests/device/run.sh \
			build/dev/cuse/dmoverd fuse build/dev/tests/device/device_suite
	done
	for i in "${!units[@]}"; do
		wait "${units[i]}" || status=1
		cat "$logs/valgrind-$i.log"
	done
	return $status
}

# The bars are information: a shared machine times nothing reliably.
stage_release() {
	build release
	tests release -L 'unit|engines|abi' -E "$red"
	build/release/tools/dmover-bench --bars --direct 2>&1 | sed 's/^/note: /' || true
	tests/preload/speed.sh build/release 2>&1 | sed 's/^/note: /' || true
}

# guest KERNEL BUILD: the suites against the CUSE device of a real kernel.
guest() {
	local out=build/guest-$1 status=0
	mkdir -p "$out"
	if ! DMOVERIO_GUEST_KERNEL=$1 scripts/guest.sh setup; then
		[ "${CI:-}" = true ] || skip "guest kernel $1: not to be had (see the log)"
		return 1
	fi
	DMOVERIO_GUEST_KERNEL=$1 DMOVERIO_GUEST_TIMEOUT=${DMOVERIO_GUEST_TIMEOUT:-900} \
		scripts/guest.sh run "$out" env "GCOV_PREFIX=${GCOV_PREFIX:-}" \
		"DMOVERD_OPTS=${DMOVERD_OPTS:-}" "DMOVERIO_INSIDE=${DMOVERIO_INSIDE:-all}" \
		tests/guest/inside.sh "$2" || status=$?
	return $status
}

# This one counts the lines that only a CUSE device enters, for the coverage stage.
stage_guest-6.12() {
	local out=build/guest-6.12
	build coverage
	rm -rf "$out/gcov"
	GCOV_PREFIX=$top/$out/gcov guest 6.12 build/coverage
}

# Here the engines take turns; what has nothing to do with the kernel is not done again.
stage_guest-6.1() {
	export DMOVERD_OPTS=--engine=cycle DMOVERIO_INSIDE=kernel
	build dev
	guest 6.1 build/dev
}

# gcovr_run OBJECTS ARGUMENT...
gcovr_run() {
	gcovr --root . --filter core/ --filter cuse/ --filter engines/ --filter preload/ --filter tools/dmoverctl/ \
		--object-directory "$@"
}

stage_coverage() {
	local added=() guest_objects=build/guest-6.12/gcov$top/build/coverage
	need gcovr
	# Some tests become another user, and its counts are to be written too.
	umask 000
	build coverage
	find build/coverage -type d -exec chmod a+rwx {} +
	find build/coverage -name '*.gcda' -delete
	export CK_TIMEOUT_MULTIPLIER=4 DMOVERIO_TEST_SLOW=2
	tests coverage -L 'unit|engines|device|doctor|preload' \
		-E "$red|$again|dsa|kernels|busy|through|idxd-(random|losses|node|knobs)|preload-(tools|speed|handler-first)"
	[ -d "$guest_objects" ] || echo "note: without the CUSE device: the guest stage was not run"
	gcovr_run build/coverage --json build/coverage.json build/coverage
	if [ -d "$guest_objects" ]; then
		(cd build/coverage && find . -name '*.gcno' | cpio -pdm --quiet "$top/$guest_objects")
		gcovr_run "$guest_objects" --json build/coverage-guest.json "$guest_objects"
		added=(--add-tracefile build/coverage-guest.json)
	fi
	gcovr --root . --add-tracefile build/coverage.json "${added[@]}" --fail-under-line 90 \
		--txt build/coverage.txt || touch build/coverage.low
	sed 's/^/note: /' build/coverage.txt
	if [ -e build/coverage.low ]; then
		rm build/coverage.low
		echo "less than 90 % of the lines were entered (the last column names the others)"
		return 1
	fi
}

stage_demo() {
	scripts/demo.sh
}

summary() {
	printf '\n'
	say "the whole took $(seconds_since "$1") s"
	if [ ${#stages_failed[@]} -gt 0 ]; then
		say "failed: ${stages_failed[*]} (logs in build/logs)"
	fi
	printf '%d passed, %d failed, %d skipped\n' "$tests_passed" "$tests_failed" "$tests_skipped"
	[ ${#stages_failed[@]} = 0 ]
}

main() {
	local name start=$EPOCHREALTIME stages=()
	case ${1:-} in
	-h | --help) usage && exit 0 ;;
	--list) echo "$all_stages" && exit 0 ;;
	--quick) stages=(quick) ;;
	*) stages=("$@") ;;
	esac
	[ ${#stages[@]} -gt 0 ] || read -ra stages <<<"$all_stages"
	for name in "${stages[@]}"; do
		[[ " $all_stages quick " == *" $name "* ]] ||
			die "$name: unknown stage (one of: $all_stages)"
	done
	"$top/scripts/deps.sh" build test
	stages_init
	for name in "${stages[@]}"; do
		stage "$name"
	done
	summary "$start"
}

main "$@"

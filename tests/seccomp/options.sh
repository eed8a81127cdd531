#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# options.sh DMOVER_RUN CLIENTS PROGRAMS: what dmover-run --seccomp says, chooses, counts and leaves alone.
set -u

run=$1
clients=$2
programs=$3
# shellcheck source=tests/preload/expect.sh
. "$(dirname "$0")/../preload/expect.sh"

expect 127 'No such file' "$run" --seccomp /nowhere/program
expect 126 'Permission denied' "$run" --seccomp /etc/passwd
expect 0 '^dmover-run: seccomp: .*linked statically' "$run" --force --verbose "$programs" plain
[ "$("$run" --seccomp sh -c 'echo out; echo err >&2' 2>&1)" = $'out\nerr' ] || complain 'there is other output'
expect 0 'NoNewPrivs:.1' "$run" --seccomp grep NoNewPrivs /proc/self/status

# An error that the program is to meet.
expect 1 'common.h.*device_copy' "$run" --force --fault=EIO "$programs" plain
expect 1 'common.h.*memcmp' "$run" --force --fault=corrupt "$programs" plain
expect 0 '' "$run" --force --fault=delay=5ms,reorder "$programs" plain
expect 0 'requests=3' "$run" --force --stats "$programs" plain
expect 0 'engine cpu-scalar: requests=' "$run" --force --stats --engine=cpu-scalar "$programs" plain
expect 0 '' "$run" --force --trace="$tmp/trace" "$programs" plain
cp "$tmp/trace" "$tmp/out"
[ "$(wc -l <"$tmp/trace")" = 3 ] || complain 'the trace has not three lines'
grep -q '"function": "copy", "bytes": 4096, "vectors": 1,.*"error": 0}$' "$tmp/trace" || complain 'no line for 4096 bytes'

# No call is stopped for a request, nor for another ioctl(2): one and a thousand stop as many.
calls() {
	"$run" --force --stats "$clients" count "$1" 2>&1 | sed -n 's/.*seccomp: calls=\([0-9]*\) .*/\1/p'
}
one=$(calls 1)
thousand=$(calls 1000)
if [ -z "$one" ] || [ "$one" != "$thousand" ]; then
	echo "calls: $one for one request, $thousand for a thousand" >"$tmp/out"
	complain 'requests are stopped'
fi

# Who listens already is not pushed aside.
# (Into a plain program nothing with a sanitizer can be preloaded.)
[ -n "${DMOVER_TEST_SANITIZED:-}" ] || expect 0 'somebody listens.*preload serves this program instead' \
	"$run" --seccomp "$run" --force --seccomp sh -c 'true'
expect 125 'no /dev/dmoverio for this program: .*somebody listens' "$run" --seccomp "$run" --force "$programs" plain
# What is there already is a device like any other.
expect 0 'device: .*there is a device' "$run" --seccomp "$run" --verbose "$programs" plain

# The service's own mistakes: it has no output of its own, so a sanitizer writes files.
if [ -n "${DMOVER_TEST_SANITIZED:-}" ]; then
	report=log_path=$tmp/report
	export ASAN_OPTIONS=$report LSAN_OPTIONS=$report TSAN_OPTIONS=$report UBSAN_OPTIONS=$report
	expect 0 '' "$run" --force "$programs" fork
	for client in edge errors many exec dead pass killed; do
		expect 0 '' "$run" --force "$clients" $client
	done
	for _ in $(seq 100); do
		pgrep -x dmover-service >/dev/null || break
		read -rt 0.1 <> <(:)
	done
	cat "$tmp"/report* >"$tmp/out" 2>/dev/null && complain 'a sanitizer has found something'
fi
exit $bad

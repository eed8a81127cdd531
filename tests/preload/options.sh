#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# options.sh DMOVER_RUN PROGRAMS CC: what dmover-run says, passes on, and leaves alone.
set -u

run=$1
programs=$2
cc=$3
# shellcheck source=tests/preload/expect.sh
. "$(dirname "$0")/expect.sh"

expect 0 'usage: dmover-run' "$run" --help
expect 0 '^dmover-run [0-9]' "$run" --version
expect 2 'no program' "$run"
expect 2 'unrecognized option' "$run" --nonsense true
expect 2 '--way=bla: expected' "$run" --way=bla true
expect 2 '--path=bla: expected' "$run" --path=bla true
expect 2 '--queue-depth=0: expected' "$run" --queue-depth=0 true
expect 2 'no such engine' "$run" --engine=bla true
expect 2 'no such knob' "$run" --fault=bla true
expect 2 'exclude each other' "$run" --engine=null --fault=EIO true
expect 2 '--trace=/nowhere/file' "$run" --trace=/nowhere/file true
# A real device would not know of these.
for option in --engine=null --fault=EIO --queue-depth=5 --stats --trace="$tmp/trace" --force; do
	expect 2 "--way=device and ${option%%=*} exclude each other" "$run" --way=device "$option" true
	expect 2 "--way=device and ${option%%=*} exclude each other" "$run" "$option" --way=device true
done
expect 2 'longer than 511' "$run" --engine="null:$(printf '%600s' '' | tr ' ' x)" true
expect 2 'a shorter path' "$run" --trace="$tmp/$(printf '%4096s' '' | tr ' ' x)" true
expect 2 '--path=/..//.: expected' "$run" --path=/..//. true
expect 2 'an absolute path' "$run" --path="/$(printf '%4096s' '' | tr ' ' x)" true
expect 125 'No such file' "$run" --way=preload --library=/nowhere/lib.so true
expect 127 'No such file' "$run" /nowhere/program
expect 126 'Permission denied' "$run" /etc/passwd
expect 126 'Permission denied' "$run" "$tmp"
# As execvp(3) looks for it: a folder of that name is none.
mkdir -p "$tmp/bin/true" "$tmp/bin/nothing"
expect 0 '' env PATH="$tmp/bin:$PATH" "$run" --force true
expect 126 'Permission denied' env PATH="$tmp/bin" "$run" nothing
# Programs that nothing can be preloaded into.
for kind in static -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1; do
	echo 'int main(void) { return 0; }' >"$tmp/kind.c"
	"$cc" ${kind/#static/-static} -o "$tmp/kind" "$tmp/kind.c" || exit 1
	case $kind in
	static) expect 125 'is linked statically' "$run" --way=preload "$tmp/kind" ;;
	*) expect 125 'is linked with musl' "$run" --way=preload "$tmp/kind" ;;
	esac
done
chmod u+s "$tmp/kind"
expect 125 'gains privileges' "$run" --way=preload "$tmp/kind"

if setcap cap_net_raw+ep "$tmp/kind" 2>/dev/null && chmod u-s "$tmp/kind"; then
	expect 125 'gains privileges' "$run" --way=preload "$tmp/kind"
fi

# The device's path in other words.
expect 0 '' env DMOVERIO_PATH=/nowhere/at/all "$run" --force --path=//nowhere/./in/..///at/all "$programs" plain

# What the program says is what it says without us.
expect 3 '' "$run" --force sh -c 'exit 3'
expect 0 '^preload: \|dmover-run: preload:' "$run" --force --verbose true
[ "$("$run" --force sh -c 'echo out; echo err >&2' 2>&1)" = $'out\nerr' ] || complain 'there is other output'
[ "$(echo through | "$run" --force cat)" = through ] || complain 'its input is not the same'
"$run" --force sh -c 'kill -TERM $$' >"$tmp/out" 2>&1
[ $? = 143 ] || complain 'the signal that ended it is not seen'

# An error that the program is to meet: the copy fails, and it says so.
expect 1 'common.h.*device_copy' "$run" --force --fault=EIO "$programs" plain
expect 1 'common.h.*memcmp' "$run" --force --fault=corrupt "$programs" plain
expect 1 'common.h.*device_copy' "$run" --force --fault=copy:EIO:every=2 "$programs" plain
expect 0 '' "$run" --force --fault=zero:EIO,reorder "$programs" plain
expect 0 '' "$run" --force --fault=delay=5ms,reorder "$programs" plain

expect 0 'requests=3' "$run" --force --stats "$programs" plain
expect 0 'engine cpu-scalar: requests=' "$run" --force --stats --engine=cpu-scalar "$programs" plain
expect 0 '' "$run" --force --trace="$tmp/trace" "$programs" plain
cp "$tmp/trace" "$tmp/out"
[ "$(wc -l <"$tmp/trace")" = 3 ] || complain 'the trace has not three lines'
grep -q '"function": "copy", "bytes": 4096, "vectors": 1,.*"error": 0}$' "$tmp/trace" || complain 'no line for 4096 bytes'
"$run" --force --fault=EIO --trace="$tmp/trace2" "$programs" plain >/dev/null 2>&1
grep -q '"error": 5}$' "$tmp/trace2" || complain 'no error in the trace'
exit $bad

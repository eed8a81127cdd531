#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# refused.sh DMOVER_RUN REFUSE PROGRAMS STATIC: where the kernel answers no system call for another process, or does not
# give it a descriptor, or its memory: what is said, and what a program gets instead.
set -u

run=$1
refuse=$2
programs=$3
static=$4
# shellcheck source=tests/preload/expect.sh
. "$(dirname "$0")/../preload/expect.sh"

# Without a refusal all of it works: what is said below is said for that alone.
expect 0 '^dmover-run: seccomp: ' "$run" --verbose --seccomp "$programs" plain

# refused WHAT ERROR TEXT: a dynamic program gets preload, whether it was asked for or not; a static one gets nothing.
refused() {
	local what=$1 error=$2 text=$3
	expect 0 "^dmover-run: --seccomp: $text.*; preload serves this program instead\$" \
		"$refuse" "$what" "$error" "$run" --seccomp "$programs" plain
	expect 0 '^dmover-run: preload: ' "$refuse" "$what" "$error" "$run" --force --verbose "$programs" plain
	expect 125 "^dmover-run: no /dev/dmoverio for this program: .*linked statically.*; seccomp: $text" \
		"$refuse" "$what" "$error" "$run" --force "$static" plain
	expect 125 "^dmover-run: no /dev/dmoverio for this program: $text" \
		"$refuse" "$what" "$error" "$run" --seccomp "$static" plain
}

refused listener EINVAL 'this kernel cannot tell others of system calls (Linux 5.14, not gVisor)'
refused listener ENOSYS 'this kernel cannot tell others of system calls'
refused listener EBUSY 'somebody listens to the system calls of this process already'
refused addfd EINVAL 'this kernel cannot give a process a descriptor (Linux 5.14)'

# Who may not read memory cannot serve anybody.
expect 125 '^dmover-run: no /dev/dmoverio .*process_vm_readv(2) is forbidden here' \
	"$refuse" memory EPERM "$run" --force "$programs" plain
expect 125 "^dmover-run: no /dev/dmoverio .*no process may read another one's memory here" \
	"$refuse" memory EPERM "$run" --seccomp "$programs" plain

# Linux 5.14 to 5.18: a listener, but signals come between a call and its answer.
for _ in 1 2 3; do
	expect 0 '^dmover-run: seccomp: ' "$refuse" killable EINVAL "$run" --force --verbose "$static" signal
done
exit $bad

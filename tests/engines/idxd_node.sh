#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# idxd_node.sh DSA_MODEL QUEUES COMMAND [ARGUMENT...]: COMMAND, a test of engines, with idxd over queues
# that are files of a real mount.
#
# Unlike devices in the test's own process, the engine's own door to the kernel is open(2), write(2) and
# close(2) on them, and the device is another process.
set -euo pipefail

model=$1
queues=$2
shift 2

if [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
	echo "skip: /dev/fuse cannot be opened (modprobe fuse; needs root or fusermount3)"
	exit 77
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/dmover-node.XXXXXX")
trap 'rm -rf --one-file-system "$dir"' EXIT
# shellcheck disable=SC2086 # options
"$model" $queues "$dir" -- \
	env DMOVERIO_TEST_ENGINES=idxd "DMOVERIO_TEST_ARGS=idxd:sysfs=$dir/sysfs,dev=$dir/dev" "$@"

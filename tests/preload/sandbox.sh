#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# sandbox.sh DMOVER_RUN PROGRAMS: as in a container: uid 1000, no capability, no new privileges, a read-only root, and a
# /dev with neither cuse nor fuse.
set -u

run=$1
programs=$2
CONTAINER=$(dirname "$0")/container.sh
export CONTAINER
# shellcheck source=tests/preload/container.sh
. "$CONTAINER"
container_needs

# The build tree may lie where others may not look.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cp "$run" "$programs" "$tmp/"
cp "$(dirname "$run")/../preload/libdmover-preload.so" "$tmp/"
run=$tmp/$(basename "$run")
programs=$tmp/$(basename "$programs")

# shellcheck disable=SC2016 # expanded inside
unshare --mount --propagation private bash -c '
	set -e
	run=$1 programs=$2
	. "$CONTAINER"
	container_enter "$(dirname "$run")"
	container_is_tight
	for name in plain fork close edge segv stdio cancel signal quiet paths; do
		inside "$run" "$programs" $name || fail "$name failed"
	done
	echo "sandbox.sh: all programs work"
' sandbox "$run" "$programs"

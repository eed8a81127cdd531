#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# sandbox.sh DMOVER_RUN PROGRAMS: as in a container: uid 1000, no capability, no new privileges, a read-only root, and a
# /dev with neither cuse nor fuse.
set -u

run=$1
programs=$2
if [ "$(id -u)" != 0 ]; then
	echo "skip: needs root to build the sandbox"
	exit 77
fi
for tool in unshare setpriv mount; do
	command -v $tool >/dev/null || {
		echo "skip: no $tool"
		exit 77
	}
done
unshare --mount true 2>/dev/null || {
	echo "skip: no mount namespace is to be had"
	exit 77
}

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
	mkdir "$(dirname "$run")/dev"
	mount -t tmpfs none "$(dirname "$run")/dev"
	for node in null zero full random urandom; do
		touch "$(dirname "$run")/dev/$node"
		mount --bind /dev/$node "$(dirname "$run")/dev/$node"
	done
	mount --rbind "$(dirname "$run")/dev" /dev
	mount -o remount,bind,ro /
	inside() {
		setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
			"$@"
	}
	[ ! -e /dev/fuse ] && [ ! -e /dev/cuse ]
	inside sh -c "[ \$(id -u) = 1000 ]"
	inside grep -q "^CapBnd:.*0000000000000000" /proc/self/status
	inside grep -q "^NoNewPrivs:.*1" /proc/self/status
	! inside touch /etc/sandbox-test 2>/dev/null
	for name in plain fork close edge segv stdio cancel signal quiet paths; do
		inside "$run" "$programs" $name || { echo "sandbox.sh: $name failed" >&2; exit 1; }
	done
	echo "sandbox.sh: all programs work"
' sandbox "$run" "$programs"

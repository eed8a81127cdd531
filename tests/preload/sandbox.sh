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
	# "set -e" passes over what "!" and "&&" make of a status.
	fail() {
		echo "sandbox.sh: $1" >&2
		exit 1
	}
	inside() {
		setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
			"$@"
	}
	[ ! -e /dev/fuse ] || fail "there is a /dev/fuse"
	[ ! -e /dev/cuse ] || fail "there is a /dev/cuse"
	[ "$(inside id -u)" = 1000 ] || fail "it is another user"
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		inside grep -q "^$set:.0000000000000000$" /proc/self/status || fail "$set is not empty"
	done
	inside grep -q "^NoNewPrivs:.1$" /proc/self/status || fail "it may gain privileges"
	# As root, whom the permissions of the folder would not stop.
	if why=$(touch /etc/dmover-sandbox-test 2>&1); then
		rm /etc/dmover-sandbox-test
		fail "the root can be written to"
	fi
	case $why in
	*"Read-only file system"*) ;;
	*) fail "the root is not read-only: $why" ;;
	esac
	for name in plain fork close edge segv stdio cancel signal quiet paths; do
		inside "$run" "$programs" $name || fail "$name failed"
	done
	echo "sandbox.sh: all programs work"
' sandbox "$run" "$programs"

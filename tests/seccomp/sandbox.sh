#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# sandbox.sh DMOVER_RUN CLIENTS PROGRAMS: as in a container: uid 1000, no capability, no new privileges, a read-only root,
# and a /dev with neither cuse nor fuse.  Programs there that hide their memory, or would gain privileges elsewhere.
set -u

run=$1
clients=$2
programs=$3
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
cp "$run" "$clients" "$programs" "$tmp/"
cp "$clients" "$tmp/setuid"
chmod 4755 "$tmp/setuid"
run=$tmp/$(basename "$run")
clients=$tmp/$(basename "$clients")
programs=$tmp/$(basename "$programs")

# shellcheck disable=SC2016 # expanded inside
unshare --mount --propagation private bash -c '
	set -e
	run=$1 clients=$2 programs=$3 dir=$(dirname "$1")
	mkdir "$dir/dev"
	mount -t tmpfs none "$dir/dev"
	for node in null zero full random urandom; do
		touch "$dir/dev/$node"
		mount --bind /dev/$node "$dir/dev/$node"
	done
	mount --rbind "$dir/dev" /dev
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
	for name in plain fork close segv stdio cancel signal; do
		inside "$run" "$programs" $name || fail "$name failed"
	done
	if inside "$run" "$dir/setuid" setuid 2>"$dir/dev/log"; then
		fail "a setuid program is run without its privileges, and nobody asked for that"
	fi
	grep -q "would not gain its privileges" "$dir/dev/log" || fail "no word about the privileges"
	for name in edge paths setfunc errors many exec dead pass killed setuid undumpable; do
		program=$clients way=
		[ $name != setuid ] || program=$dir/setuid way=--seccomp
		inside "$run" --verbose $way "$program" $name 2>"$dir/dev/log" || {
			cat "$dir/dev/log" >&2
			fail "$name failed"
		}
	done
	grep -q "its memory may not be read" "$dir/dev/log" || fail "no word about the memory"
	grep -q "its requests fail with EFAULT" "$dir/dev/log" || fail "no word about EFAULT"
	echo "sandbox.sh: all programs work"
' sandbox "$run" "$clients" "$programs"

# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# container.sh: what both sandboxes are made of.  Sourced outside, for container_needs, and inside, with "set -e".

# Ends the script, as skipped, where no such sandbox can be built.
container_needs() {
	local tool
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
}

# "set -e" passes over what "!" and "&&" make of a status.
fail() {
	echo "sandbox.sh: $1" >&2
	exit 1
}

# container_enter DIR: a /dev of DIR/dev, and a read-only root, for this mount namespace.
container_enter() {
	local dir=$1 node
	mkdir "$dir/dev"
	mount -t tmpfs none "$dir/dev"
	for node in null zero full random urandom; do
		touch "$dir/dev/$node"
		mount --bind /dev/$node "$dir/dev/$node"
	done
	mount --rbind "$dir/dev" /dev
	mount -o remount,bind,ro /
}

# Runs a command as uid 1000, without capabilities, that can gain no privileges.
inside() {
	setpriv --reuid=1000 --regid=1000 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
		"$@"
}

# All of that is so.
container_is_tight() {
	local set why
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
}

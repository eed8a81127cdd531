#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# sandbox.sh DMOVER_RUN CLIENTS PROGRAMS: as in a container: uid 1000, no capability, no new privileges, a read-only root,
# and a /dev with neither cuse nor fuse.  Programs there that hide their memory, or would gain privileges elsewhere.
set -u

run=$1
clients=$2
programs=$3
CONTAINER=$(dirname "$0")/../preload/container.sh
export CONTAINER
# shellcheck source=tests/preload/container.sh
. "$CONTAINER"
container_needs

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
	. "$CONTAINER"
	container_enter "$dir"
	container_is_tight
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

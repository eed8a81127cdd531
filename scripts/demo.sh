#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# demo.sh: build dmoverd, start it, let two ordinary programs use /dev/dmoverio, stop it.
#
# Installs what the build needs.  As root the device is /dev/dmoverio; else, and where that name is
# in use, it is a file in a temporary folder, which only the second program can be told of.  Leaves
# nothing behind but build/demo.
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"
build=build/demo
scratch=
daemon_pid=

cleanup() {
	if [ -n "$daemon_pid" ]; then
		kill "$daemon_pid" 2>/dev/null || true
		wait "$daemon_pid" 2>/dev/null || true
	fi
	[ -z "$scratch" ] || rm -rf "$scratch"
}

title() {
	printf '\n== %s\n' "$*"
}

# quietly LOG COMMAND...: its output only when it fails.
quietly() {
	local log=$scratch/$1
	shift
	"$@" >"$log" 2>&1 || {
		cat "$log" >&2
		die "$1: failed: see above"
	}
}

compile() {
	title "Building (release, without the tests)"
	quietly configure cmake --preset release -B "$build" -DDMOVER_TESTS=OFF
	quietly build cmake --build "$build"
	"$build/cuse/dmoverd" --version
}

choose_path() {
	if [ "$(id -u)" != 0 ]; then
		echo "Not root: the device will be a file in a temporary folder."
		path=$scratch/dmoverio
	elif [ -e /dev/dmoverio ]; then
		echo "/dev/dmoverio is in use: the device will be a file in a temporary folder."
		path=$scratch/dmoverio
	else
		path=/dev/dmoverio
		[ -e /dev/cuse ] || modprobe -q cuse 2>/dev/null || true
	fi
}

# A CUSE device always lies in /dev: elsewhere it is the FUSE file.
start_daemon() {
	local try front=auto
	title "Starting dmoverd"
	choose_path
	[ "$path" = /dev/dmoverio ] || front=fuse
	"$build/cuse/dmoverd" --foreground --front=$front --path="$path" >"$scratch/dmoverd.log" 2>&1 &
	daemon_pid=$!
	for ((try = 0; try < 200; try++)); do
		if grep -qs '^dmoverd: ready: ' "$scratch/dmoverd.log"; then
			cat "$scratch/dmoverd.log"
			ls -l "$path"
			return 0
		fi
		kill -0 "$daemon_pid" 2>/dev/null || break
		sleep 0.05
	done
	cat "$scratch/dmoverd.log" >&2
	die "dmoverd: not ready: see its message above (it needs /dev/cuse or /dev/fuse)"
}

run_hw_bzero() {
	title "hw_bzero: the manual page's client clears a buffer"
	if [ "$path" = /dev/dmoverio ]; then
		"$build/examples/hw_bzero"
	else
		echo "Not run: this program opens /dev/dmoverio itself, and the device is elsewhere"
		echo "(for the real path run this as root, with no other dmoverd running)."
	fi
}

run_parity() {
	local file files=()
	title "parity: real files are XORed and checksummed by the device, and one is rebuilt"
	for file in LICENSE CMakeLists.txt /bin/bash /bin/ls "$build/cuse/dmoverd"; do
		[ ! -r "$file" ] || files+=("$file")
	done
	DMOVERIO_PATH=$path "$build/examples/parity" "${files[@]}"
}

stop_daemon() {
	local status=0
	title "Stopping dmoverd"
	kill -TERM "$daemon_pid"
	wait "$daemon_pid" || status=$?
	daemon_pid=
	[ $status = 0 ] || die "dmoverd: exit status $status after SIGTERM: $(cat "$scratch/dmoverd.log")"
	[ "$path" != /dev/dmoverio ] || [ ! -e "$path" ] || die "$path: still there after the stop"
	echo "dmoverd ended, and $path is gone."
}

case ${1:-} in
-h | --help) usage && exit 0 ;;
esac
scripts/deps.sh build
scratch=$(mktemp -d "${TMPDIR:-/tmp}/dmoverio-demo.XXXXXX")
trap cleanup EXIT
trap 'exit 130' INT TERM
compile
start_daemon
run_hw_bzero
run_parity
stop_daemon

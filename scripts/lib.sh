# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# lib.sh: what the scripts here share.  Sourced, never run.

me=$(basename "$0")
# shellcheck disable=SC2034 # for the scripts that source this
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() {
	printf '%s: %s\n' "$me" "$*"
}

# complain WHAT-FAILED: WHY (WHAT TO DO)
complain() {
	printf '%s: %s\n' "$me" "$*" >&2
}

die() {
	complain "$@"
	exit 1
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# The options of a usage text: the comment block at the top of the script.
usage() {
	sed -n '3,/^set -/{/^set -/d;s/^# \{0,1\}//p}' "$0"
}

# Seconds with one decimal since the time $1 (from EPOCHREALTIME).
seconds_since() {
	local now=${EPOCHREALTIME/[^0-9]/} then=${1/[^0-9]/} tenths
	tenths=$(((now - then) / 100000))
	printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# as_root COMMAND...: runs it as root; asks for a password only where somebody can give one.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif ! have sudo; then
		complain "$1: not run: it needs root and there is no sudo (run it as root)"
		return 1
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

# apt ARGUMENT...: apt-get that asks nothing and waits for another one to end.
apt() {
	as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
		apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# Fresh package lists, at most once for all that one run starts.
apt_update_once() {
	[ -z "${DMOVERIO_APT_UPDATED:-}" ] || return 0
	export DMOVERIO_APT_UPDATED=1
	say "fetching the package lists (apt-get update)"
	apt update
}

package_exists() {
	apt-cache show --no-all-versions "$1" >/dev/null 2>&1
}

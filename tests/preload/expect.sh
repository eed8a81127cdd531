# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# expect.sh: what a command says, and how it ends.  Sourced; $bad is 1 after anything else, $tmp goes at the end.
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

complain() {
	echo "$(basename "$0"): $1" >&2
	cat "$tmp/out" >&2
	# shellcheck disable=SC2034 # for whoever sources this
	bad=1
}

# expect STATUS TEXT COMMAND...: an empty TEXT is any.
expect() {
	local status=$1 text=$2 got
	shift 2
	"$@" >"$tmp/out" 2>&1
	got=$?
	[ $got = "$status" ] || complain "$*: status $got, not $status"
	[ -z "$text" ] || grep -q -- "$text" "$tmp/out" || complain "$*: no \"$text\""
}

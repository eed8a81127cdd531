#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# guest.sh: run a command on a kernel that has CUSE, whatever the kernel of this machine has.
#
#   guest.sh setup                         install what is missing and unpack the kernel, once
#   guest.sh run OUTDIR COMMAND [ARG...]   run COMMAND there, in the present directory, as root
#
# The guest sees this machine's files: the same programs at the same paths.  What it writes is lost,
# but for OUTDIR, which is shared; OUTDIR/console.log is what its kernel said.  The exit status is
# the command's; 124 when the time was over, 125 when the guest ended without a verdict.
#
# DMOVERIO_GUEST_KERNEL   6.12 (the default) or 6.1: Debian's cloud kernels
# DMOVERIO_GUEST_DEBS     kernel packages (files) to use instead; KERNEL is then any name for them
# DMOVERIO_GUEST_WAY      qemu or uml (user-mode Linux: one processor); else the first that works
# DMOVERIO_GUEST_DIR      where kernels are kept (/var/cache/dmoverio-guest)
# DMOVERIO_GUEST_TIMEOUT  seconds for one run (300)
# DMOVERIO_GUEST_MEM      MiB of memory (2048)
# DMOVERIO_GUEST_CPU      QEMU's -cpu (max,-erms,-fsrm)
# DMOVERIO_GUEST_APPEND   more words for the kernel's command line
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
here=$top/scripts/guest
kernel=${DMOVERIO_GUEST_KERNEL:-6.12}
cache=${DMOVERIO_GUEST_DIR:-/var/cache/dmoverio-guest}
time_limit=${DMOVERIO_GUEST_TIMEOUT:-300}
memory=${DMOVERIO_GUEST_MEM:-2048}
scratch=

# shellcheck source=scripts/guest/qemu.sh
. "$here/qemu.sh"
# shellcheck source=scripts/guest/uml.sh
. "$here/uml.sh"

cleanup() {
	local job
	for job in $(jobs -p); do
		kill "$job" 2>/dev/null || true
	done
	[ -z "$scratch" ] || rm -rf "$scratch"
}

make_scratch() {
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/dmoverio-guest.XXXXXX")
	trap cleanup EXIT
}

# The package behind the meta package $1, or $1 itself.
real_package() {
	local real
	real=$(apt-cache depends "$1" 2>/dev/null |
		awk '/^ *Depends: *linux-image/ {print $2; exit}')
	echo "${real:-$1}"
}

# fetch_package DIR PREFIX NAME...: the first of these packages whose real name starts with PREFIX,
# as a file in DIR.  Kernels are replaced often: asks again with fresh lists.
fetch_package() {
	local dir=$1 prefix=$2 name real attempt
	shift 2
	have apt-get || return 1
	for attempt in old fresh; do
		[ "$attempt" = old ] || apt_update_once || return 1
		for name; do
			real=$(real_package "$name")
			[ "${real#"$prefix"}" != "$real" ] || continue
			(cd "$dir" && apt-get -qq download "$real") >/dev/null 2>&1 && return 0
		done
	done
	return 1
}

unpack_package() {
	dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards --no-anchored "${@:3}" 2>/dev/null || true
}

# write_stage2 OUTDIR WHERE PRELUDE COMMAND...: the shell script that is process 1 of the guest at the end.
# %q: the words reach the command unchanged, whatever is in them.
write_stage2() {
	local out=$1 where=$2 prelude=$3
	shift 3
	{
		printf 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n'
		printf 'export HOME=/root LANG=C.UTF-8 DMOVERIO_IN_GUEST=%q OUTDIR=%q\n' "$kernel" "$out"
		printf '%s\n' "$prelude" '/bin/busybox ifconfig lo 127.0.0.1 up 2>/dev/null'
		printf 'cd %q\n(' "$PWD"
		printf ' %q' /usr/bin/env -- "$@"
		printf ' ) </dev/null >%s 2>&1\n' "$where"
		printf 'echo $? >%q/verdict.new\n' "$out"
		printf '/bin/busybox mv %q/verdict.new %q/verdict\n' "$out" "$out"
		printf '/bin/busybox sync\n/bin/busybox poweroff -f\n'
	} >"$out/stage2.sh"
}

# verdict OUTDIR STATUS: only the guest's own file counts; the emulator's status tells nothing.
verdict() {
	local out=$1 status=$2
	[ ! -s "$out/verdict" ] || return "$(cat "$out/verdict")"
	if [ "$status" = 124 ] || [ "$status" = 137 ]; then
		complain "guest $kernel: stopped: $time_limit seconds were over (the console's end:)"
		status=124
	else
		complain "guest $kernel: no verdict: it died or did not start (the console's end:)"
		status=125
	fi
	tail -n 20 "$out/console.log" >&2 || true
	[ -s "$out/console.log" ] || cat "$scratch"/*.log >&2 || true
	return $status
}

setup() {
	case ${DMOVERIO_GUEST_WAY:-auto} in
	qemu) qemu_setup ;;
	uml) uml_setup ;;
	auto)
		qemu_setup && return
		say "QEMU cannot be used here: trying user-mode Linux (one processor, no sanitizers)"
		DMOVERIO_GUEST_WAY=uml
		uml_setup
		;;
	*) die "DMOVERIO_GUEST_WAY=$DMOVERIO_GUEST_WAY: unknown way (one of: qemu uml)" ;;
	esac
}

run() {
	local out=$1
	shift
	mkdir -p "$out"
	out=$(cd "$out" && pwd)
	rm -f "$out/verdict" "$out/verdict.new" "$out/console.log"
	setup >"$out/setup.log" 2>&1 || {
		cat "$out/setup.log" >&2
		die "guest $kernel: not set up: see above (or name another with DMOVERIO_GUEST_KERNEL)"
	}
	[ -n "$scratch" ] || make_scratch
	case ${DMOVERIO_GUEST_WAY:-qemu} in
	uml) uml_run "$out" "$@" ;;
	*) qemu_run "$out" "$@" ;;
	esac
}

case ${1:-} in
setup) setup ;;
run)
	shift
	[ $# -ge 2 ] || die "run: what to run? (guest.sh run OUTDIR COMMAND [ARG...])"
	run "$@"
	;;
-h | --help) usage ;;
*)
	usage >&2
	exit 2
	;;
esac

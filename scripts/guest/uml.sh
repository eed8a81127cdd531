# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# uml.sh: the guest as a process (user-mode Linux), where QEMU cannot be had.  One processor, no
# AddressSanitizer or ThreadSanitizer, and AVX-512 registers do not survive signals in it.
# Sourced by guest.sh.

uml_dir=$cache/uml

uml_setup() {
	[ -x /bin/busybox ] || apt install -y --no-install-recommends busybox-static >/dev/null || return 1
	mkdir -p "$uml_dir"
	if [ ! -e "$uml_dir/ok" ]; then
		(
			make_scratch
			uml_unpack
		) || return 1
		date -u >"$uml_dir/ok"
	fi
	say "user-mode Linux is ready in $uml_dir"
}

uml_unpack() {
	say "fetching user-mode-linux"
	fetch_package "$scratch" user user-mode-linux || {
		complain "user-mode-linux: not to be had (is this Debian, and online?)"
		return 1
	}
	dpkg-deb -x "$scratch"/user-mode-linux_*.deb "$scratch/files"
	cp "$scratch/files/usr/bin/linux.uml" "$uml_dir/linux"
	find "$scratch/files" \( -name fuse.ko -o -name cuse.ko -o -name overlay.ko \) \
		-exec cp {} "$uml_dir/" \;
}

# The memory is a file in /dev/shm.  Its own pid namespace: nothing of it outlives a time-out.
uml_run() {
	local out=$1 status=0
	shift
	kernel=uml
	: >"$out/output"
	write_stage2 "$out" "$(printf %q "$out/output")" : "$@"
	install -m 755 "$here/init-uml" "$out/init-uml"
	unshare --fork --pid --kill-child timeout -k 2 "$time_limit" "$uml_dir/linux" \
		mem="${memory}M" root=/dev/root rootfstype=hostfs rootflags=/ ro con0=null,fd:1 con=null \
		panic=-1 init="$out/init-uml" UMLDIR="$uml_dir" OUTDIR="$out" \
		</dev/null >"$out/console.log" 2>&1 || status=$?
	cat "$out/output"
	verdict "$out" "$status"
}

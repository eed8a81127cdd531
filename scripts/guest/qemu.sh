# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# qemu.sh: the guest as an emulated machine (no /dev/kvm needed), its root this machine's by virtiofs.
# Sourced by guest.sh.

# In the order in which they can be loaded.  What a kernel has built in is not found and left out.
qemu_modules="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci
	fuse virtiofs cuse overlay"

qemu_setup() {
	"$top/scripts/deps.sh" guest || return 1
	mkdir -p "$cache"
	if [ ! -e "$cache/$kernel.ok" ]; then
		(
			make_scratch
			qemu_fetch && qemu_unpack "$scratch"/*.deb
		) || return 1
		date -u >"$cache/$kernel.ok"
	fi
	say "guest kernel $kernel is ready in $cache"
}

qemu_fetch() {
	if [ -n "${DMOVERIO_GUEST_DEBS:-}" ]; then
		# shellcheck disable=SC2086 # a list of files
		cp $DMOVERIO_GUEST_DEBS "$scratch/"
		return
	fi
	case $kernel in
	6.12) set -- linux-image-6.12-cloud-amd64 linux-image-cloud-amd64 ;;
	6.1) set -- linux-image-cloud-amd64 ;;
	*)
		complain "kernel $kernel: unknown (6.12, 6.1, or packages named in DMOVERIO_GUEST_DEBS)"
		return 1
		;;
	esac
	say "fetching Debian's cloud kernel $kernel"
	fetch_package "$scratch" "linux-image-$kernel." "$@" && return
	complain "kernel $kernel: none of $*: not to be had (is this Debian, and online?)"
	return 1
}

# qemu_unpack DEB...: $cache/$kernel.kernel and .initrd out of Debian's kernel packages.
qemu_unpack() {
	local deb image
	mkdir "$scratch/files"
	for deb; do
		unpack_package "$deb" "$scratch/files" 'vmlinuz*' 'kernel/fs/*' 'kernel/drivers/virtio/*'
	done
	image=$(find "$scratch/files" -name 'vmlinuz*' -print -quit)
	[ -n "$image" ] || {
		complain "kernel $kernel: no vmlinuz in $*: not a kernel package (name others)"
		return 1
	}
	qemu_initrd "$scratch/files" "$cache/$kernel.initrd" || return 1
	qemu_bare_kernel "$image" "$scratch/bare" && image=$scratch/bare
	cp "$image" "$cache/$kernel.kernel"
}

qemu_initrd() {
	local root=$scratch/initrd number=10 name file
	mkdir -p "$root"/{bin,mod,proc,lower,upper,new,dev}
	cp /bin/busybox "$root/bin/busybox"
	install -m 755 "$here/init-qemu" "$root/init"
	for name in $qemu_modules; do
		file=$(find "$1" -name "$name.ko*" -print -quit)
		[ -n "$file" ] || continue
		unpack_stream "$file" >"$root/mod/$number-$name.ko"
		number=$((number + 1))
	done
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$2"
}

# The file as it is without its compression, told by its first bytes.
unpack_stream() {
	case $(od -An -tx1 -N4 "$1" | tr -d ' ') in
	28b52ffd) zstd -qdc <"$1" ;;
	fd377a58) xz -dc <"$1" ;;
	02214c18) lz4 -dc <"$1" ;;
	1f8b*) gzip -dc <"$1" ;;
	*) cat "$1" ;;
	esac
}

# The ELF image inside a bzImage (boot protocol: setup_sects at 0x1f1, payload's offset and length
# at 0x248): it starts half a second quicker, since nothing is decompressed in emulation.
qemu_bare_kernel() {
	local sects offset length
	sects=$(od -An -tu1 -j $((0x1f1)) -N1 "$1" | tr -d ' ')
	read -r offset length <<<"$(od -An -tu4 -j $((0x248)) -N8 "$1")"
	tail -c +$(((sects + 1) * 512 + offset + 1)) "$1" | head -c "$length" >"$2.packed" || true
	unpack_stream "$2.packed" >"$2" 2>/dev/null || true
	[ "$(od -An -tx1 -N4 "$2" | tr -d ' ')" = 7f454c46 ]
}

# qemu_share NAME PATH CACHE: serves PATH on $scratch/NAME; virtiofsd has had two command lines.
qemu_share() {
	local server options
	server=/usr/libexec/virtiofsd
	[ -x "$server" ] || server=/usr/lib/qemu/virtiofsd
	if "$server" --help 2>&1 | grep -q -e --shared-dir; then
		options=(--shared-dir "$2" --cache "$3" --sandbox chroot)
	else
		options=(-o "source=$2" -o "cache=$3" -o sandbox=chroot)
	fi
	"$server" --socket-path="$scratch/$1" "${options[@]}" >"$scratch/$1.log" 2>&1 &
}

qemu_await_shares() {
	local try
	for ((try = 0; try < 500; try++)); do
		[ ! -S "$scratch/root" ] || [ ! -S "$scratch/out" ] || return 0
		sleep 0.02
	done
	complain "virtiofsd: no socket after 10 seconds: $(cat "$scratch"/*.log) (is this root?)"
	return 1
}

# -erms,-fsrm: TCG runs "rep movsb" byte by byte, and the kernel would copy with it.
qemu_start() {
	timeout -k 5 "$time_limit" qemu-system-x86_64 \
		-accel tcg,thread=multi -M q35 -cpu "${DMOVERIO_GUEST_CPU:-max,-erms,-fsrm}" -smp 2 \
		-m "$memory" -object "memory-backend-memfd,id=mem,size=${memory}M,share=on" \
		-numa node,memdev=mem -nodefaults -no-user-config -display none -no-reboot \
		-kernel "$cache/$kernel.kernel" -initrd "$cache/$kernel.initrd" \
		-chardev "socket,id=root,path=$scratch/root" \
		-device vhost-user-fs-pci,chardev=root,tag=hostroot \
		-chardev "socket,id=out,path=$scratch/out" -device vhost-user-fs-pci,chardev=out,tag=out \
		-serial "file:$1/console.log" -serial stdio </dev/null \
		-append "console=ttyS0 panic=-1 oops=panic nokaslr mitigations=off tsc=reliable \
no_timer_check random.trust_cpu=on audit=0 OUTDIR=$1 ${DMOVERIO_GUEST_APPEND:-}"
}

qemu_run() {
	local out=$1 status=0
	shift
	write_stage2 "$out" /dev/ttyS1 '/bin/busybox stty -F /dev/ttyS1 raw -echo' "$@"
	qemu_share root / always
	qemu_share out "$out" auto
	qemu_await_shares || return 125
	qemu_start "$out" || status=$?
	verdict "$out" "$status"
}

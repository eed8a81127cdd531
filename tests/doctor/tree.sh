# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# tree.sh: a machine made of files, for dmoverctl doctor --root.  Sourced.
#
# What tree_make makes in the folder $tree has nothing wrong: both front ends, and one device with one shared queue.

# put FILE TEXT...: one line, as the kernel writes it.
put() {
	local file=$tree/$1
	shift
	mkdir -p "$(dirname "$file")"
	printf '%s\n' "$*" >"$file"
}

# put_files FOLDER NAME=TEXT...
put_files() {
	local folder=$1 pair
	shift
	for pair; do
		put "$folder/${pair%%=*}" "${pair#*=}"
	done
}

take_away() {
	rm -r "${tree:?}/${1:?}"
}

# put_queue wqN.M: a shared queue that is enabled, and its node.
put_queue() {
	put_files "$dsa/$1" state=enabled type=user driver_name=user mode=shared name=dmover \
		group_id=0 size=16 threshold=12 max_transfer_size=2097152 max_batch_size=32 \
		block_on_fault=0 clients=0 \
		op_config=00000000,00000000,00000000,00000000,00000000,00000000,00000001,003f03ff
	put "dev/dsa/$1" ""
	chmod 666 "$tree/dev/dsa/$1"
}

# put_pci DRIVER: the device on the bus, which that driver has; "": none.
put_pci() {
	local address=0000:6a:01.0
	put_files "sys/bus/pci/devices/$address" vendor=0x8086 device=0x0b25
	rm -f "$tree/sys/bus/pci/devices/$address/driver"
	[ -z "$1" ] || ln -s "../../../bus/pci/drivers/$1" "$tree/sys/bus/pci/devices/$address/driver"
}

dsa=sys/bus/dsa/devices
modules=lib/modules/$(uname -r)

tree_make() {
	tree=$1
	mkdir -p "$tree"
	chmod 755 "$tree"
	put dev/cuse ""
	put dev/fuse ""
	chmod 666 "$tree/dev/cuse" "$tree/dev/fuse"
	put proc/misc "203 cuse"
	put proc/cmdline "root=/dev/sda1 intel_iommu=on,sm_on quiet"
	printf 'processor\t: 0\nflags\t\t: fpu sse4_2 pclmulqdq avx2 movdir64b enqcmd waitpkg\n' \
		>"$tree/proc/cpuinfo"
	put proc/sys/kernel/io_uring_disabled 0
	put proc/sys/kernel/yama/ptrace_scope 0
	put sys/kernel/mm/transparent_hugepage/enabled "always [madvise] never"
	put usr/bin/accel-config ""
	put "$modules/modules.dep" "kernel/fs/fuse/cuse.ko.xz: kernel/fs/fuse/fuse.ko.xz"
	put_pci idxd
	put_files $dsa/dsa0 state=enabled version=0x100 pasid_enabled=1 cmd_status=0 \
		gen_cap=0x40915f0107 max_transfer_size=2147483648 max_batch_size=1024 numa_node=0 \
		op_cap=00000000,00000000,00000000,00000000,00000000,00000000,00000001,003f03ff
	put $dsa/group0.0/engines "engine0.0 engine0.1"
	put_queue wq0.0
}

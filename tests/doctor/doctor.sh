#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# doctor.sh [--break] DMOVERCTL FORBID: each trouble that people have is named, with what mends it.
#
# A case is a function: it spoils the tree of a good machine, and says what the doctor must print.
# The cases b01 to b18 are what people who set up DSA asked in public; the others are about the
# rest of the machine.  With --break nothing is spoilt, and every case must fail: the exit status is
# 1 when all did.
set -euo pipefail

is_broken=
if [ "${1:-}" = --break ]; then
	is_broken=1
	shift
fi
dmoverctl=$1
forbid=$2
# shellcheck source=tests/doctor/tree.sh
. "$(dirname "$0")/tree.sh"
all=$(mktemp -d /tmp/doctor.XXXX)
trap 'rm -rf "$all"' EXIT
chmod 755 "$all"

# spoil COMMAND...: what makes the trouble.
spoil() {
	[ -n "$is_broken" ] || "$@"
}

# doctor [ARGUMENT...]: into $output (in one line, blanks squeezed), $lines and $status.
doctor() {
	status=0
	lines=$(${as:-} "$dmoverctl" doctor --root="$tree" "$@" 2>&1) || status=$?
	output=$(tr -s ' \n' ' ' <<<"$lines" | sed 's/ \\ / /g')
}

wrong() {
	echo "doctor.sh: $current: $*"
	is_good=
}

says() {
	[[ $output == *"$1"* ]] || wrong "does not say: $1"
}

# Even when the case is broken, what must not be said is not.
says_not() {
	[[ $output != *"$1"* ]] || wrong "says: $1"
}

exits() {
	[ "$status" = "$1" ] || wrong "exit status $status instead of $1"
}

# As somebody else, or with less: the doctor is started by this command.
as_user() {
	as=$1
}

without() {
	as="setpriv --bounding-set=-$1"
}

put_zeros() {
	head -c 1000000 /dev/zero >"$tree/$1"
}

b01_hardware_path_fails_without_a_word() {
	spoil put_files $dsa/dsa0 state=disabled
	spoil put_files $dsa/wq0.0 state=disabled type=none size=0 group_id=-1 name= threshold=0
	spoil take_away dev/dsa/wq0.0
	doctor
	says "0 of 1 DSA queues can be used"
	says "NO it is for programs none the queue is not configured cure: accel-config config-wq dsa0/wq0.0 -g 0 -s 16 -t 16 -p 10 -m shared -y user -n dmover -d user"
	says "cure: accel-config enable-device dsa0"
	says "cure: accel-config enable-wq dsa0/wq0.0"
}

b02_only_one_mode_is_accepted_silently() {
	spoil put_queue wq0.1
	spoil put_files $dsa/wq0.1 mode=dedicated
	doctor
	says "wq0.0 of dsa0 (dmover): shared, 16 entries, DSA 1.0: usable"
	says "wq0.1 of dsa0 (dmover): dedicated, 16 entries, DSA 1.0: usable"
	says "2 of 2 DSA queues can be used"
}

b03_no_queue_is_said_and_not_why() {
	spoil take_away $dsa/wq0.0
	doctor
	says "-- work queues none"
	says "a DSA device, but no work queue"
	spoil put_queue wq0.0
	spoil put_files $dsa/wq0.0 type=kernel driver_name=dmaengine
	doctor
	says "NO it is for programs kernel the kernel has it for itself cure: accel-config disable-wq dsa0/wq0.0 accel-config config-wq dsa0/wq0.0 -y user -n dmover -d user accel-config enable-wq dsa0/wq0.0"
}

b04_the_device_halted() {
	spoil put_files $dsa/dsa0 state=halted
	doctor
	says "NO the device is enabled halted the hardware stopped after an error"
	says "cure: rmmod idxd modprobe idxd"
}

b05_a_missing_library_is_an_internal_error() {
	spoil take_away usr/bin/accel-config
	doctor
	says "-- accel-config not installed dmoverd does not need it"
	says "1 of 1 DSA queues can be used"
}

b06_kernel_options_that_nobody_finds() {
	spoil put proc/cmdline "root=/dev/sda1 quiet"
	spoil put_files $dsa/dsa0 pasid_enabled=0 state=disabled
	spoil put_files $dsa/wq0.0 mode=dedicated state=disabled
	doctor
	says "-- scalable mode of the IOMMU no intel_iommu= on the command line"
	says "NO it shares addresses (PASID) 0 the scalable mode of the IOMMU is off"
	says "cure: switch VT-d on in the BIOS, and boot Linux with intel_iommu=on,sm_on"
}

b07_a_shared_queue_is_not_enabled_without_a_reason() {
	spoil put_files $dsa/wq0.0 state=disabled threshold=0
	spoil put_files $dsa/dsa0 cmd_status=0x80060000
	doctor
	says "NO programs may fill it (threshold) 0"
	says "the last command ended so: the shared queue has no threshold (cmd_status 0x80060000)"
	says "cure: accel-config config-wq dsa0/wq0.0 -t 16"
}

b08_no_shared_wq_support() {
	spoil put_files $dsa/wq0.0 state=disabled
	spoil put_files $dsa/dsa0 cmd_status=0x800c0000
	doctor
	says "shared queues need the IOMMU's scalable mode (cmd_status 0x800c0000)"
	says "intel_iommu=on,sm_on"
	says "1 DSA queues"
	says "NO the queue is enabled disabled"
}

b09_user_sva_is_not_to_be_had() {
	spoil put_files $dsa/wq0.0 state=disabled
	spoil put_files $dsa/dsa0 cmd_status=0x80110000
	doctor
	says "user queues need the IOMMU's scalable mode (cmd_status 0x80110000)"
	says "cure: switch VT-d on in the BIOS, and boot Linux with intel_iommu=on,sm_on"
}

b10_a_dedicated_queue_refuses_a_threshold() {
	spoil put_files $dsa/wq0.0 mode=dedicated threshold=0 group_id=-1
	doctor
	says "NO it is in a group -1"
	says "accel-config config-wq dsa0/wq0.0 -g 0 accel-config enable-device dsa0"
	says_not "-t "
	says_not "threshold"
}

b11_the_device_is_in_use() {
	spoil put_files $dsa/wq0.0 mode=dedicated clients=1
	doctor
	says "-- nobody else has it open 1 a dedicated queue can be opened once: a second open gets EBUSY"
	says "1 of 1 DSA queues can be used"
}

b12_how_is_it_switched_on_at_all() {
	spoil put_pci ""
	spoil take_away sys/bus/dsa
	doctor
	says "0000:6a:01.0: no driver has it"
	says "cure: modprobe idxd"
	says "not there: no driver for DSA"
}

b13_another_driver_has_the_device() {
	spoil put_pci vfio-pci
	spoil take_away $dsa/wq0.0
	spoil take_away $dsa/dsa0
	doctor
	says "-- device on the PCI bus 0000:6a:01.0: vfio-pci another driver has it"
	says "cure: echo 0000:6a:01.0 >/sys/bus/pci/drivers/vfio-pci/unbind echo 0000:6a:01.0 >/sys/bus/pci/drivers/idxd/bind"
	says "no DSA device"
}

b14_mmap_is_not_permitted() {
	spoil without sys_rawio
	doctor
	says "-- its portal may be mapped no CAP_SYS_RAWIO descriptors go by write(2), which takes no batch from a DSA 1; no error"
	says "cure: AmbientCapabilities=CAP_SYS_RAWIO in a unit"
	says "1 of 1 DSA queues can be used"
}

b15_root_of_a_container_is_not_root() {
	unshare --user --map-root-user true 2>/dev/null || return 77
	spoil as_user "unshare --user --map-root-user"
	doctor
	says "-- its portal may be mapped no CAP_SYS_RAWIO"
	says "--cap-add=SYS_RAWIO for a container"
}

b16_users_may_not_open_the_node() {
	chmod 600 "$tree/dev/dsa/wq0.0"
	spoil as_user "setpriv --reuid=65534 --regid=65534 --clear-groups"
	doctor
	says "NO this process may open it Permission denied the node is for its owner and group"
	says "a udev rule can let others in cure: run dmoverd as root"
}

b17_the_queue_is_not_in_the_container() {
	spoil take_away dev/dsa/wq0.0
	doctor
	says "NO this process may open it No such file or directory the queue is on, but not in this container"
	says "start the container with --device=$tree/dev/dsa/wq0.0"
}

b18_only_the_checksum_is_left_out() {
	spoil put_files $dsa/wq0.0 op_config=0000ffff
	doctor
	says "-- operations that help here MEMMOVE FILL op_config leaves some of MEMMOVE, FILL, CRCGEN out"
	says "accel-config disable-wq dsa0/wq0.0 cd /sys/bus/dsa/devices cat dsa0/op_cap >wq0.0/op_config accel-config enable-wq dsa0/wq0.0"
}

cuse_is_a_module_that_is_not_loaded() {
	spoil take_away dev/cuse
	spoil put proc/misc "229 fuse"
	doctor
	says "NO /dev/cuse (--front=cuse) No such file or directory the module is installed, and not loaded cure: modprobe cuse"
	says "dmoverd can start here, with --front=fuse"
	exits 0
}

cuse_is_not_in_this_kernel() {
	spoil take_away dev/cuse
	spoil put proc/misc "229 fuse"
	spoil put "$modules/modules.dep" "kernel/fs/fuse/fuse.ko.xz:"
	doctor
	says "this kernel has no such module cure: install this kernel's extra modules"
}

cuse_is_loaded_and_the_container_lacks_its_node() {
	spoil take_away dev/cuse
	doctor
	says "the kernel has the driver, but there is no node here; a container is started with --device=/dev/cuse cure: mknod -m 600 /dev/cuse c 10 203"
}

no_front_end_is_an_exit_status() {
	spoil take_away dev/cuse
	spoil take_away dev/fuse
	doctor
	says "dmoverd cannot start here: no front end works"
	exits 1
}

the_fuse_file_cannot_be_mounted() {
	spoil take_away dev/cuse
	spoil without sys_admin
	doctor
	says "NO the FUSE file can be mounted no CAP_SYS_ADMIN"
	says "--cap-add=SYS_ADMIN --device=/dev/fuse"
	exits 1
}

cuse_is_for_root() {
	spoil without fowner
	doctor
	says "NO its device can be given to users no CAP_FOWNER"
	says "dmoverd can start here, with --front=fuse"
}

seccomp_forbids_callers_memory() {
	spoil as_user "$forbid process_vm_readv"
	doctor
	says "NO process_vm_readv and its twin Operation not permitted"
	says "let the filter allow process_vm_readv and process_vm_writev"
	exits 1
}

seccomp_forbids_io_uring() {
	spoil as_user "$forbid io_uring_setup"
	doctor
	says "-- a ring can be made Operation not permitted a seccomp filter or a security module forbids it"
	exits 0
}

yama_forbids_it_to_everybody() {
	spoil put proc/sys/kernel/yama/ptrace_scope 3
	doctor
	says "NO kernel.yama.ptrace_scope 3 no process may reach into another one"
	says "callers' memory is out of reach"
	exits 1
}

yama_forbids_it_to_users() {
	spoil put proc/sys/kernel/yama/ptrace_scope 1
	spoil without sys_ptrace
	doctor
	says "-- kernel.yama.ptrace_scope 1 only children, and programs that allow it"
	says "-- other users' programs no CAP_SYS_PTRACE"
	exits 0
}

io_uring_is_switched_off() {
	spoil put proc/sys/kernel/io_uring_disabled 2
	doctor
	says "-- kernel.io_uring_disabled 2 io_uring is switched off for everybody cure: sysctl -w kernel.io_uring_disabled=0"
	exits 0
}

few_files_may_be_open() {
	spoil ulimit -n 512
	doctor
	says "-- files open at once 512"
	says "LimitNOFILE="
}

huge_pages_are_never_given() {
	spoil put sys/kernel/mm/transparent_hugepage/enabled "always madvise [never]"
	doctor
	says "-- transparent huge pages never"
}

queues_that_nobody_configured_are_not_all_told() {
	local i
	for i in 1 2 3; do
		spoil put_queue wq0.$i
		spoil put_files $dsa/wq0.$i type=none state=disabled
	done
	doctor
	says "3 more queues are not configured (--all shows them)"
	says_not "wq0.2 of"
	doctor --all
	says "wq0.2 of dsa0"
}

a_model_is_called_one() {
	spoil put $dsa/dsa0/model 1
	doctor
	says "a model (its timings mean nothing)"
}

hostile_files_are_harmless() {
	local file
	for file in dev/cuse dev/fuse proc/misc proc/cpuinfo proc/cmdline $dsa/wq0.0/mode; do
		spoil take_away "$file"
		spoil mkdir "$tree/$file"
	done
	spoil cp "$dmoverctl" "$tree/$dsa/wq0.0/name"
	spoil cp "$dmoverctl" "$tree/proc/sys/kernel/yama/ptrace_scope"
	spoil put_zeros $dsa/dsa0/version
	doctor
	says "this is the version of no DSA"
	says "NO shared or dedicated (no regular file)"
	exits 1
	LC_ALL=C grep -q '[^ -~]' <<<"$lines" && wrong "what is printed is not text"
	return 0
}

hostile_names_on_the_bus_reach_no_shell() {
	local bus=sys/bus/pci/devices name=$'0:0;\e[31m$(id)'
	spoil put_pci ""
	spoil mv "$tree/$bus/0000:6a:01.0" "$tree/$bus/$name"
	doctor
	says "device on the PCI bus none the queues below are of a device that is not on the bus here"
	says_not 'id)'
	name=$'vfio;$(reboot)\nnewline'
	spoil put_pci ""
	spoil ln -s "/x/$name" "$tree/$bus/0000:6a:01.0/driver"
	doctor
	says "0000:6a:01.0: ? its driver's name is none that a driver has"
	says_not reboot
	says_not "newline"
}

hostile_paths_are_told_as_text() {
	local path=$'/x/\e[31m\xff'
	[ -z "$is_broken" ] || path=$tree/$dsa
	doctor --dsa-sysfs="$path"
	says "/x/?[31m?: not there"
}

hostile_files_may_have_no_end() {
	spoil truncate -s 0 "$tree/proc/cpuinfo"
	spoil truncate -s 1000G "$tree/proc/cpuinfo"
	doctor
	says "-- instructions for portals none"
}

cuse_is_a_link_that_leads_nowhere() {
	spoil take_away dev/cuse
	spoil ln -s cuse "$tree/dev/cuse"
	doctor
	says "NO /dev/cuse (--front=cuse) Too many levels of symbolic links the path leads to no device"
	says_not "this user may not open it"
}

queues_behind_the_first_ones_are_not_judged() {
	local i
	for i in $(seq 1 70); do
		spoil mkdir "$tree/$dsa/wq0.$i"
	done
	doctor
	says "7 more queues: only the first 64 are looked at"
	says "1 of the first 64 DSA queues can be used"
	says_not "70 more queues"
}

# 80 columns, but for words that are longer.
fits_a_screen() {
	local line
	while read -r line; do
		[[ $line == *[^\ ]\ *[^\ ]* && ! $line =~ [^\ ]{40} ]] && wrong "more than 80 columns: $line"
	done < <(grep -E '.{81}' <<<"$lines" || true)
}

run_case() {
	local result=0
	current=$1
	is_good=1
	as=
	tree=$all/$1
	cp -a "$all/good" "$tree"
	"$1" || result=$?
	[ $result != 77 ] || return 77
	[ $result = 0 ] || wrong "ended with $result"
	fits_a_screen
	[ -n "$is_good" ] || {
		[ -n "$is_broken" ] || echo "$lines"
		return 1
	}
}

good_machine() {
	current="the good machine"
	is_good=1
	as=
	tree_make "$all/good"
	doctor
	exits 0
	says "dmoverd can start here, with --front=cuse"
	says "1 of 1 DSA queues can be used"
	says_not " NO "
	[ -n "$is_good" ]
}

# What the good machine lacks for somebody else cannot be told from what was spoilt.
has_privileges() {
	[ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null
}

main() {
	local case passed=0 failed=0 skipped=0 status
	if ! has_privileges; then
		echo "doctor.sh: skipped: needs root, with CAP_SYS_ADMIN"
		exit 77
	fi
	good_machine || exit 1
	for case in $(compgen -A function | grep -E '^(b[0-9]+_|cuse_|seccomp_|no_|the_|yama_|io_|few_|huge_|queues_|a_model|hostile_)'); do
		status=0
		(run_case "$case") >"$all/log" 2>&1 || status=$?
		case $status in
		0)
			passed=$((passed + 1))
			[ -z "$is_broken" ] || echo "doctor.sh: $case does not notice"
			;;
		77)
			skipped=$((skipped + 1))
			echo "doctor.sh: $case: skipped: no user namespaces here"
			;;
		*)
			failed=$((failed + 1))
			[ -n "$is_broken" ] || cat "$all/log"
			;;
		esac
	done
	echo "doctor.sh: $passed passed, $failed failed, $skipped skipped"
	if [ -n "$is_broken" ]; then
		[ $passed != 0 ]
	else
		[ $failed = 0 ]
	fi
}

main

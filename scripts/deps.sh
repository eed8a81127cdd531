#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# deps.sh [build|test|check|guest|aarch64]...: install what is missing, by name, with apt-get.
#
#   build   what compiles dmoverd (the default)
#   test    what scripts/test.sh needs besides
#   check   what scripts/check.sh needs besides
#   guest   what scripts/guest.sh needs to start a kernel that has CUSE
#   aarch64 what scripts/aarch64.sh needs
#
# Does nothing, and asks for no rights, when everything is there; never removes a package for another.
# Packages that can be done without are named as such when they cannot be had; the exit status is 1
# when another one is missing.
set -euo pipefail

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# Probes: is the thing usable?  (A tool may have come by another way than apt-get.)
links() {
	local dir status=0
	dir=$(mktemp -d)
	printf 'int main(void)\n{\n\treturn 0;\n}\n' >"$dir/probe.c"
	"$@" -o "$dir/probe" "$dir/probe.c" >/dev/null 2>&1 || status=1
	rm -rf "$dir"
	return $status
}

links_fuzzer() {
	local dir status=0
	dir=$(mktemp -d)
	printf '#include <stddef.h>\nint LLVMFuzzerTestOneInput(const void *p, size_t n)\n' >"$dir/probe.c"
	printf '{\n\treturn p != 0 && n == 0;\n}\n' >>"$dir/probe.c"
	clang -fsanitize=fuzzer,address -o "$dir/probe" "$dir/probe.c" >/dev/null 2>&1 || status=1
	rm -rf "$dir"
	return $status
}

links_aarch64() {
	links clang --target=aarch64-linux-gnu -static || links aarch64-linux-gnu-gcc -static
}

is_there() {
	case $1 in
	gcc) links gcc ;;
	ninja-build) have ninja ;;
	libfuse3-dev) have pkg-config && pkg-config --exists 'fuse3 >= 3.10' ;;
	fuse3) have fusermount3 ;;
	check) have pkg-config && pkg-config --exists check ;;
	gcc-multilib) links gcc -m32 ;;
	g++) links g++ ;;
	g++-multilib) links g++ -m32 ;;
	libclang-rt-dev) links_fuzzer ;;
	qemu-system-x86) have qemu-system-x86_64 ;;
	qemu-system-common) [ -x /usr/lib/qemu/virtiofsd ] || [ -x /usr/libexec/virtiofsd ] ;;
	busybox-static) [ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 ;;
	xz-utils) have xz ;;
	liburing-dev) have pkg-config && pkg-config --exists 'liburing >= 2.2' ;;
	libisal-dev) have pkg-config && pkg-config --exists libisal ;;
	libc6-dev-arm64-cross) links_aarch64 ;;
	binutils-aarch64-linux-gnu) have aarch64-linux-gnu-ld ;;
	libgcc-arm64-cross) links_aarch64 ;;
	qemu-user) have qemu-aarch64 || have qemu-aarch64-static ;;
	*) have "$1" ;;
	esac
}

# Groups: packages that are needed, and (after a +) packages that are of use.
packages_of() {
	case $1 in
	build) echo gcc cmake ninja-build pkg-config libfuse3-dev +fuse3 +liburing-dev ;;
	test) echo check python3 +valgrind +gcc-multilib +g++-multilib +clang +libclang-rt-dev +gcovr +libisal-dev ;;
	check) echo g++ clang clang-format clang-tidy cppcheck shellcheck mandoc ;;
	guest) echo qemu-system-x86 qemu-system-common busybox-static cpio xz-utils zstd lz4 ;;
	# Not gcc-aarch64-linux-gnu: Debian's gcc-multilib, of group test, cannot be there beside it.
	aarch64) echo +clang +binutils-aarch64-linux-gnu +libgcc-arm64-cross +libc6-dev-arm64-cross +qemu-user ;;
	*) return 1 ;;
	esac
}

why_optional() {
	case $1 in
	fuse3) echo "only root can then use the FUSE file" ;;
	liburing-dev) echo "the uring engine is left out" ;;
	valgrind) echo "the memcheck stage is skipped" ;;
	gcc-multilib | g++-multilib) echo "the tests of 32-bit callers are skipped" ;;
	clang) echo "the clang, tsan and fuzz stages are skipped" ;;
	libclang-rt-dev) echo "the tsan and fuzz stages are skipped" ;;
	libisal-dev) echo "test_kernels_speed and dmover-bench do not compare with ISA-L" ;;
	binutils-aarch64-linux-gnu | libgcc-arm64-cross | libc6-dev-arm64-cross)
		echo "scripts/aarch64.sh skips itself"
		;;
	qemu-user) echo "what scripts/aarch64.sh builds is not run" ;;
	gcovr) echo "the coverage stage is skipped" ;;
	*) echo "done without" ;;
	esac
}

# The names that distributions give to what we call $1, best first.
names_of() {
	local major
	case $1 in
	libclang-rt-dev)
		major=$(clang -dumpversion 2>/dev/null | cut -d. -f1)
		echo "libclang-rt-$major-dev libclang-common-$major-dev libclang-rt-dev"
		;;
	libgcc-arm64-cross)
		# What clang looks for is named after the gcc that it was made with.
		for major in 14 13 12 11; do
			echo "libgcc-$major-dev-arm64-cross"
		done
		;;
	qemu-system-common) echo "virtiofsd qemu-system-common" ;;
	*) echo "$1" ;;
	esac
}

# The installable name of $1; nothing when apt-get knows none.
installable_name() {
	local name
	for name in $(names_of "$1"); do
		if package_exists "$name"; then
			echo "$name"
			return 0
		fi
	done
	return 1
}

# The same, with fresh lists where the present ones do not know it.
find_name() {
	installable_name "$1" && return
	apt_update_once >&2 && installable_name "$1"
}

install_one() {
	local name
	name=$(find_name "$1") || return 1
	say "installing $name"
	apt install -y --no-remove --no-install-recommends "$name" >/dev/null && return
	apt_update_once && apt install -y --no-remove --no-install-recommends "$name" >/dev/null
}

# All at once where that works (quick); else one by one, so that one bad name spoils nothing.
install_all() {
	local want name names=()
	have apt-get || return 0
	for want; do
		name=$(find_name "$want") || continue
		names+=("$name")
	done
	if [ ${#names[@]} -gt 1 ]; then
		say "installing ${names[*]}"
		apt install -y --no-remove --no-install-recommends "${names[@]}" >/dev/null 2>&1 || true
	fi
	for want; do
		is_there "$want" || install_one "$want" || true
	done
}

# Reads "PACKAGE" and "+PACKAGE"; true when every one without + is there.
report() {
	local want missing=() package
	for want; do
		package=${want#+}
		is_there "$package" && continue
		if [ "$package" != "$want" ]; then
			say "$package: not to be had: $(why_optional "$package")"
		else
			missing+=("$package")
		fi
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	complain "missing: ${missing[*]}: apt-get could not install them (are the package sources" \
		"reachable? On another distribution install what these Debian packages hold)"
	return 1
}

main() {
	local group want wants=() missing=()
	[ $# -gt 0 ] || set -- build
	for group; do
		case $group in -h | --help) usage && exit 0 ;; esac
		packages_of "$group" >/dev/null ||
			die "$group: unknown group (one of: build test check guest aarch64)"
		read -ra want <<<"$(packages_of "$group")"
		wants+=("${want[@]}")
	done
	for want in "${wants[@]}"; do
		is_there "${want#+}" || missing+=("${want#+}")
	done
	[ ${#missing[@]} -eq 0 ] || install_all "${missing[@]}"
	report "${wants[@]}"
}

main "$@"

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# inside.sh BUILD: what scripts/test.sh runs in a guest kernel, where /dev/cuse is.  As root.
#
# The whole device suite through CUSE, then what only a real device node shows.  One line for each
# step; a failing one is followed by the end of what it printed.  With DMOVERIO_INSIDE=device the
# suite's part only; with kernel what another kernel may change.  Logs go to $OUTDIR.
set -euo pipefail

build=$1
daemon=$build/cuse/dmoverd
node=/dev/dmoverio
logs=${OUTDIR:-/tmp}
passed=0
failed=0
daemon_pid=
scopes=
# Emulated processors are slow, and so is the daemon's start on them.
export DMOVERIO_TEST_SLOW=${DMOVERIO_TEST_SLOW:-10}

# step NAME FUNCTION [ARGUMENT...]: a time-out is part of the functions where they can hang.
step() {
	local name=$1 start=$SECONDS log
	shift
	log=$logs/step-${name//[^a-z0-9]/-}.log
	if "$@" >"$log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		printf 'ok      %3d s  %s\n' $((SECONDS - start)) "$name"
	else
		failed=$((failed + 1))
		printf 'FAILED  %3d s  %s\n' $((SECONDS - start)) "$name"
		tail -n 40 "$log" | sed 's/^/        | /'
	fi
}

# await SECONDS CONDITION...: true as soon as it is.
await() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

start_daemon() {
	"$daemon" --foreground --front=cuse "$@" >"$logs/dmoverd.log" 2>&1 &
	daemon_pid=$!
	await 30 grep -qs "^dmoverd: ready: $node (cuse)" "$logs/dmoverd.log" || {
		cat "$logs/dmoverd.log"
		return 1
	}
}

# stop_daemon SIGNAL: its exit status is left in $stopped.
stop_daemon() {
	kill -s "$1" "$daemon_pid" || return 1
	stopped=0
	wait "$daemon_pid" || stopped=$?
	daemon_pid=
}

no_node() {
	[ ! -e $node ]
}

has_cuse() {
	ls -l /dev/cuse && test -c /dev/cuse
}

device_suite() {
	timeout 600 tests/device/run.sh "$daemon" cuse "$build/tests/device/device_suite"
}

# client NAME: a caller of another word size or layout.
client() {
	timeout 100 tests/device/run.sh "$daemon" cuse "$build/tests/device/$1"
}

clients() {
	local name
	for name in client32 client32_2002 client64_2002; do
		if [ -x "$build/tests/device/$name" ]; then
			step "$name" client $name
		fi
	done
}

lifecycle() {
	timeout 200 tests/device/lifecycle.sh "$daemon" cuse "$build/tests/device/device_caller"
}

is_a_character_device() {
	stat -c '%F %a' $node
	[ "$(stat -c '%F %a' $node)" = "character special file 666" ]
}

takes_another_mode() {
	stop_daemon TERM && start_daemon --mode=0600 || return 1
	stat -c '%F %a' $node
	[ "$(stat -c '%a' $node)" = 600 ] && stop_daemon TERM && start_daemon
}

hw_bzero() {
	timeout 60 "$build/examples/hw_bzero"
}

hw_bzero_as_nobody() {
	timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups "$build/examples/hw_bzero"
}

parity() {
	timeout 120 "$build/examples/parity" "$daemon" /bin/bash /bin/ls README.md
}

# The kernel says nothing to a second server of the same name; the daemon has to find out.
refuses_a_second_daemon() {
	local status=0
	timeout 60 "$daemon" --foreground --front=cuse || status=$?
	[ $status -ne 0 ] && [ $status -ne 124 ] && hw_bzero
}

stops_on_sigterm() {
	stop_daemon TERM || return 1
	echo "exit status $stopped"
	[ "$stopped" = 0 ] && await 5 no_node
}

restarts_after_sigterm() {
	start_daemon && hw_bzero
}

leaves_no_node_after_sigkill() {
	stop_daemon KILL || return 1
	await 5 no_node
}

restarts_after_sigkill() {
	start_daemon && hw_bzero && stop_daemon INT && [ "$stopped" = 0 ]
}

# The tests of who is somebody else by the time the work is done, by one of the ways of --posted=.
exec_suite() {
	CK_RUN_CASE=exec DMOVERD_OPTS=--posted=$1 timeout 200 tests/device/run.sh "$daemon" cuse \
		"$build/tests/device/device_suite"
}

# What the kernel must do for a witness: counted faults, threads that lose their numbers.
kernel_facts() {
	CK_RUN_CASE=witness timeout 100 "$build/tests/unit/unit_suite"
}

yama=/proc/sys/kernel/yama/ptrace_scope

set_scope() {
	echo "$1" >$yama && [ "$(cat $yama)" = "$1" ]
}

# A daemon of an ordinary user, who mounts with fusermount3: nobody_daemon LOG PATH
nobody_daemon() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$daemon" --foreground --front=fuse --path="$2" \
		--log-level=info >"$1" 2>&1 &
	nobody_pid=$!
	await 30 grep -qs "^dmoverd: ready: $2 (fuse)" "$1" || {
		cat "$1"
		return 1
	}
}

nobody_caller() {
	DMOVERIO_PATH=$1 timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$build/tests/device/device_caller" work
}

# As nobody: the daemon serves nobody's programs, if Yama lets it; else both are told.
unprivileged() {
	local dir log status=0 caller=0
	chmod 666 /dev/fuse # as udev would
	dir=$(mktemp -d /tmp/nobody.XXXXXX) && chown 65534:65534 "$dir" && log=$dir/log
	nobody_daemon "$log" "$dir/dmoverio" || return 1
	nobody_caller "$dir/dmoverio" >"$dir/caller" 2>&1 || caller=$?
	kill "$nobody_pid"
	wait "$nobody_pid" || status=$?
	cat "$log" "$dir/caller"
	[ $status = 0 ] || return 1
	if [ "$1" = 0 ]; then
		[ $caller = 0 ] && ! grep -q 'ptrace_scope' "$log"
	else
		[ $caller != 0 ] && grep -q 'Operation not permitted' "$dir/caller" &&
			grep -q "ptrace_scope is $1: .*run as root" "$log"
	fi
}

# Scope 3 under a daemon that runs: what is posted is done, what comes after is EPERM.
running_under_scope_3() {
	local status=0
	start_daemon || return 1
	"$build/tests/device/device_caller" outlast >"$logs/outlast.log" 2>&1 &
	await 30 grep -qs '^posted$' "$logs/outlast.log" && set_scope 3 || return 1
	wait $! || status=$?
	cat "$logs/outlast.log" "$logs/dmoverd.log"
	stop_daemon TERM || return 1
	[ $status = 0 ] && [ "$stopped" = 0 ]
}

refused_under_scope_3() {
	local status=0
	timeout 60 "$daemon" --foreground --front=cuse >"$logs/refused.log" 2>&1 || status=$?
	cat "$logs/refused.log"
	[ $status = 1 ] && grep -q 'ptrace_scope is 3.*boot with a lower scope' "$logs/refused.log" &&
		"$daemon" --list-engines | grep 'caller memory: out of reach: .*ptrace_scope is 3'
}

# run_of_nobody TEXT STATUS ARGUMENT...: dmover-run by nobody says TEXT, and ends with STATUS.
run_of_nobody() {
	local text=$1 status=$2 got=0 log
	shift 2
	log=$(timeout 100 setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$build/tools/dmover-run" --verbose "$@" plain 2>&1) || got=$?
	echo "$log"
	[ $got = "$status" ] && grep -q "$text" <<<"$log"
}

# run_steps SCOPE: the program's own process needs nobody's leave; a launcher is let by scope 1 alone.
run_steps() {
	local dynamic=$build/tests/preload/preload_programs static=$build/tests/seccomp/seccomp_programs
	step "dmover-run by preload, yama $1" run_of_nobody '^dmover-run: preload: ' 0 --force "$dynamic"
	if [ "$1" = 1 ]; then
		step "dmover-run, static, yama 1" run_of_nobody '^dmover-run: seccomp: ' 0 --force "$static"
		step "dmover-run --seccomp, dynamic, yama 1" \
			run_of_nobody '^dmover-run: seccomp: ' 0 --seccomp "$dynamic"
	else
		step "dmover-run is refused, yama $1" \
			run_of_nobody "no process may read another one's memory" 125 --force "$static"
	fi
}

# posted_steps SCOPE...: under scope 0, these, and 3, which comes last: it cannot be taken back.
posted_steps() {
	local scope
	step "kernel counts faults" kernel_facts
	step "exec suite handle" exec_suite handle
	scopes="no Yama in this kernel: nothing was tested under its scopes"
	[ -e $yama ] || return 0
	step "daemon of nobody" unprivileged 0
	for scope; do
		set_scope "$scope"
		step "exec suite auto, yama $scope" exec_suite auto
		step "exec suite handle, yama $scope" exec_suite handle
		step "daemon of nobody, yama $scope" unprivileged "$scope"
		run_steps "$scope"
	done
	step "running daemon, yama 3" running_under_scope_3
	step "daemon is refused, yama 3" refused_under_scope_3
	scopes="Yama: ran under its scopes 0 $* 3"
}

# The idxd engine over work queues that are character devices.
engine_over_queues() {
	# shellcheck disable=SC2016 # for the model's command
	"$build/tests/dsa/dsa-model" --cuse --version-of=2 --queues=shared,dedicated:size=8 \
		--fault=any:fault=100:chance=30 "$logs/dsa" -- \
		sh -c 'DMOVERIO_TEST_ENGINES=idxd \
			DMOVERIO_TEST_ARGS=idxd:sysfs=$DSA_SYSFS_PATH,dev=$DSA_DEV_PATH exec "$0"' \
		"$build/tests/engines/test_engines_mix"
}

kernel_is_content() {
	! dmesg | grep -E 'WARNING:|BUG:|Oops|general protection|hung task|blocked for more than'
}

node_steps() {
	step "daemon starts" start_daemon
	step "node is a character device of mode 0666" is_a_character_device
	step "hw_bzero" hw_bzero
	step "hw_bzero as nobody" hw_bzero_as_nobody
	step "parity" parity
	step "another mode" takes_another_mode
	step "second daemon is refused" refuses_a_second_daemon
	step "node gone after sigterm" stops_on_sigterm
	step "restart after sigterm" restarts_after_sigterm
	step "node gone after sigkill" leaves_no_node_after_sigkill
	step "restart after sigkill" restarts_after_sigkill
}

main() {
	local part=${DMOVERIO_INSIDE:-all}
	printf 'guest kernel %s\n' "$(uname -r)"
	step "/dev/cuse is there" has_cuse
	step "device suite" device_suite
	clients
	if [ "$part" != kernel ]; then
		step "lifecycle" lifecycle
	fi
	if [ "$part" != device ]; then
		node_steps
		if [ "$part" = kernel ]; then
			posted_steps
		else
			# Before Yama's last scope, which nobody can leave and in which no process is traced.
			step "idxd over queues of a software dsa" engine_over_queues
			posted_steps 1 2
		fi
		step "no kernel warning" kernel_is_content
	fi
	[ -z "$daemon_pid" ] || kill "$daemon_pid" 2>/dev/null || true
	[ -z "$scopes" ] || printf '%s\n' "$scopes"
	printf '%d passed, %d failed\n' $passed $failed
	[ $failed = 0 ]
}

main

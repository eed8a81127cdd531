#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh DMOVERD FRONT SUITE [ARGUMENT...]: starts a dmoverd of its own, runs SUITE against it, stops it.
#
# FRONT is cuse or fuse.  Environment: DMOVERD_WRAPPER (put before the daemon's command line, e.g. "valgrind
# --error-exitcode=9"), DMOVERD_OPTS (further options of the daemon), DMOVERIO_TEST_SLOW (a factor on deadlines).
# Status: the suite's; 77 when the front end is not to be had; 99 when the daemon did not start or end well.
set -u

if [ $# -lt 3 ]; then
	echo "usage: run.sh DMOVERD cuse|fuse SUITE [ARGUMENT...]" >&2
	exit 2
fi
# shellcheck disable=SC1091
. "$(dirname "$0")/daemon.sh"

# Under valgrind one thread runs at a time, and keeps the others waiting when it sleeps in process_vm_readv(2).
case ${DMOVERD_WRAPPER:-} in
*valgrind*) export DMOVERIO_TEST_SERIAL=1 ;;
esac

daemon_init "$1" "$2"
shift 2
# shellcheck disable=SC2119 # the arguments are the suite's
daemon_start || finish 99

# In the background, so that a suite that hangs in the kernel does not take this script with it.
"$@" </dev/null &
suite=$!
if wait_end "$suite" "${DMOVERIO_SUITE_S:-240}"; then
	wait "$suite"
	status=$?
else
	echo "run.sh: the suite did not end within its time" >&2
	kill -KILL "$suite" 2>/dev/null
	status=99
fi

daemon_stop || status=99
finish "$status"

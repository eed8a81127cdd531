#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""members.py [--break] DMOVERCTL MANPAGE: what the doctor writes for programs has the members that the
manual page promises, and says the same as its exit status.  With --break the machine that is looked
at is another one than expected, and every test must fail."""

import json
import os
import subprocess
import sys
import tempfile

BREAK = "--break" in sys.argv
DMOVERCTL, MANPAGE = [word for word in sys.argv[1:] if word != "--break"]
HERE = os.path.dirname(os.path.abspath(__file__))
DSA = "sys/bus/dsa/devices"

CHECK = {"section": str, "id": str, "what": str, "state": str, "value": str, "why": str, "cure": str}
CONDITION = {"what": str, "file": str, "value": str, "good": bool, "needed": bool, "why": str,
             "cure": str}
QUEUE = {"name": str, "device": str, "label": str, "node": str, "usable": bool, "obstacle": str,
         "model": bool, "shared": bool, "version": int, "size": int, "threshold": int,
         "max_transfer": int, "max_batch": int, "xor": bool, "numa_node": int, "conditions": list}
WHOLE = {"format": str, "version": str, "works": bool, "front": (str, type(None)), "checks": list,
         "no_queues": (dict, type(None)), "queues_seen": int, "queues_usable": int, "queues": list}


def doctor(tree):
    done = subprocess.run([DMOVERCTL, "doctor", "--json", "--root=" + tree],
                          stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout), done.returncode


def spoil(tree, name, text):
    """Unless this run is to show that the tests can fail."""
    if BREAK:
        return
    path = os.path.join(tree, name)
    if text is None:
        subprocess.run(["rm", "-r", path], check=True)
    else:
        with open(path, "w", encoding="ascii") as file:
            file.write(text + "\n")


def same(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r} instead of {wanted!r}")


def has_members(value, members):
    same(set(value), set(members))
    for name, kind in members.items():
        if not isinstance(value[name], kind):
            raise AssertionError(f"{name} is {value[name]!r}")


def members_are_those_of_the_manual(tree):
    spoil(tree, DSA + "/dsa0/version", "0x200")
    result, status = doctor(tree)
    same((status, result["works"], result["front"]), (0, True, "cuse"))
    has_members(result, WHOLE)
    for check in result["checks"]:
        has_members(check, CHECK)
    for queue in result["queues"]:
        has_members(queue, QUEUE)
        for condition in queue["conditions"]:
            has_members(condition, CONDITION)
    with open(MANPAGE, encoding="ascii") as file:
        page = file.read()
    ids = {check["id"] for check in result["checks"]}
    for name in {*WHOLE, *CHECK, *QUEUE, *CONDITION, *ids}:
        if f".It Li {name}" not in page and f" , {name}" not in page:
            raise AssertionError(f"{MANPAGE} does not tell of {name}")
    same(result["format"], "dmoverctl doctor 1")
    same(result["queues"][0]["version"], 0x200)


def a_queue_that_cannot_be_used_tells_its_obstacle(tree):
    spoil(tree, DSA + "/wq0.0/group_id", "-1")
    result, status = doctor(tree)
    queue = result["queues"][0]
    same((status, queue["usable"], queue["obstacle"]), (0, False, "it is in a group"))
    bad = [c for c in queue["conditions"] if c["needed"] and not c["good"]]
    same([c["what"] for c in bad], ["it is in a group"])
    same(bad[0]["value"], "-1")
    same((result["queues_seen"], result["queues_usable"]), (1, 0))


def no_queues_have_a_reason(tree):
    spoil(tree, DSA, None)
    result, _ = doctor(tree)
    same(result["queues"], [])
    has_members(result["no_queues"], {"why": str, "cure": str})


def nothing_works_without_a_front_end(tree):
    spoil(tree, "dev/cuse", None)
    spoil(tree, "dev/fuse", None)
    result, status = doctor(tree)
    same((status, result["works"], result["front"]), (1, False, None))
    bad = {check["id"] for check in result["checks"] if check["state"] == "bad"}
    same(bad >= {"cuse.node", "fuse.node"}, True)


def strange_texts_are_escaped(tree):
    spoil(tree, DSA + "/wq0.0/name", 'a"b\\c\x01\x1b[0m')
    result, _ = doctor(tree)
    same(result["queues"][0]["label"], 'a"b\\c??[0m')


def bytes_that_are_no_text_are_replaced(tree):
    folder = os.fsencode(tree) + b"/x\xff\xc3\xa4\xe2\x82\xed\xa0\x80"
    if not BREAK:
        os.rename(os.path.join(tree, "dev/dsa"), folder)
        os.mkdir(os.fsencode(os.path.join(tree, "sys/bus/pci/devices/")) + b"00:\xff\xfe")
    done = subprocess.run([DMOVERCTL, "doctor", "--json", "--root=" + tree, b"--dsa-dev=" + folder],
                          stdout=subprocess.PIPE, check=False)
    queue = json.loads(done.stdout.decode("utf-8", "strict"))["queues"][0]
    same(queue["usable"], True)
    same(queue["node"], tree + "/x\ufffd\xe4" + 5 * "\ufffd" + "/wq0.0")


def main():
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        print("members.py: skipped: needs root, with CAP_SYS_ADMIN")
        return 77
    tests = [members_are_those_of_the_manual, a_queue_that_cannot_be_used_tells_its_obstacle,
             no_queues_have_a_reason, nothing_works_without_a_front_end, strange_texts_are_escaped,
             bytes_that_are_no_text_are_replaced]
    red = 0
    for test in tests:
        with tempfile.TemporaryDirectory() as folder:
            tree = os.path.join(folder, "tree")
            subprocess.run(["bash", "-euc", f'. {HERE}/tree.sh; tree_make "$1"', "tree", tree],
                           check=True)
            try:
                test(tree)
            except (AssertionError, KeyError, TypeError, ValueError) as error:
                red += 1
                if not BREAK:
                    print(f"members.py: {test.__name__}: {error}")
            else:
                if BREAK:
                    print(f"members.py: {test.__name__} does not notice")
    print(f"members.py: {len(tests) - red} passed, {red} failed")
    return int(red == len(tests) if BREAK else red > 0)


sys.exit(main())

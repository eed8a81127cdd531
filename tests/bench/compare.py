#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""compare.py [--break] BENCH: --compare notices a fall of more than 10 per cent, and nothing less.

--break expects it to overlook one, and so must fail.
"""
import copy
import json
import os
import re
import subprocess
import sys
import tempfile


def row(point, engine, **ratios):
    every = {"floor": None, "netbsd": None, "libc": None, "isal": None}
    return {"engine": engine, "role": "engine", "point": point, "ratios": {**every, **ratios}}


OLD = {"format": "dmover-bench 1", "rows": [
    row("device copy 4K", "auto", floor=0.95, libc=0.001),
    row("device copy 64M", "auto", floor=0.90),
    row("direct xor5 64K", "cpu-scalar", isal=0.5, netbsd=4.0),
    {"engine": "floor", "role": "floor", "point": "device copy 4K", "ratios": {"netbsd": 0.5}},
]}


def compare(bench, folder, old, new):
    names = []
    for name, result in (("old", old), ("new", new)):
        names.append(os.path.join(folder, name))
        with open(names[-1], "w", encoding="utf-8") as file:
            file.write(result if isinstance(result, str) else json.dumps(result, indent=1))
    done = subprocess.run([bench, f"--compare={names[0]}", names[1]], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    is_broken = sys.argv[1] == "--break"
    bench = sys.argv[-1]
    with tempfile.TemporaryDirectory() as folder:
        status, text = compare(bench, folder, OLD, OLD)
        assert status == 0 and "3 rows compared: 0 fell" in text, text

        new = copy.deepcopy(OLD)
        new["rows"][1]["ratios"]["floor"] = 0.90 * 0.89
        status, text = compare(bench, folder, OLD, new)
        assert status == (0 if is_broken else 1), text
        assert "fell     device copy 64M auto: floor 0.801, was 0.900" in text and "1 fell" in text, text

        # Not yet a fall; and what is no engine's is not looked at.
        new["rows"][1]["ratios"]["floor"] = 0.90 * 0.91
        new["rows"][3]["ratios"]["netbsd"] = 0.1
        status, text = compare(bench, folder, OLD, new)
        assert status == 0, text

        # Where there is no floor, the next one that both have.
        new = copy.deepcopy(OLD)
        new["rows"][2]["ratios"]["isal"] = 0.3
        status, text = compare(bench, folder, OLD, new)
        assert status == 1 and "isal 0.300, was 0.500" in text, text
        new["rows"][2]["ratios"]["isal"] = None
        status, text = compare(bench, folder, OLD, new)
        assert status == 0, text

        # Rows on one side only are named, and are no fall.
        new = copy.deepcopy(OLD)
        new["rows"][0]["engine"] = "uring \"2\""
        status, text = compare(bench, folder, OLD, new)
        assert status == 0 and 'new      device copy 4K uring "2"' in text, text
        assert "gone     device copy 4K auto" in text and "1 new, 1 gone" in text, text

        # Nothing in common is no good news.
        for rows in ([], new["rows"][:1], OLD["rows"][3:]):
            status, text = compare(bench, folder, OLD, {**OLD, "rows": rows})
            assert status == 1 and "nothing to compare" in text, text

        # What rose is said too.
        status, text = compare(bench, folder, new, {**new, "rows": [row("device copy 64M", "auto", floor=2)]})
        assert status == 0 and "rose     device copy 64M auto" in text, text

        for bad in ("", "{", "[]", '{"format": "other"}', json.dumps(OLD)[:-1], json.dumps(OLD) + "x", "[" * 100,
                    '{"rows": [1, "\\q"]}', '{"format": "dmover-bench 1", "rows": 7}'):
            status, text = compare(bench, folder, OLD, bad)
            assert status == 1 and "no result of dmover-bench" in text, (bad, text)

        # A run of its own against one before: the rows are the same, and what is said is what is meant.
        tiny = [bench, "--direct", "--functions=copy", "--sizes=4K", "--rounds=1", "--seconds=0.001"]
        name = os.path.join(folder, "run")
        subprocess.run([*tiny, f"--json={name}"], check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run([*tiny, f"--compare={name}"], capture_output=True, text=True)
        with open(name, encoding="utf-8") as file:
            engines = [row for row in json.load(file)["rows"] if row["role"] == "engine"]
        counts = re.search(r"(\d+) rows compared: (\d+) fell .* 0 new, 0 gone, 0 without a ratio", done.stdout)
        assert counts and int(counts[1]) == len(engines) > 0, done.stdout
        assert done.returncode == (1 if int(counts[2]) > 0 else 0), (done.returncode, done.stdout)


main()

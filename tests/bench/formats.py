#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""formats.py [--break] BENCH: JSON, CSV and the report hold what the manual page says.

--break takes a member out of the JSON before it is looked at, and so must fail.
"""
import csv
import html.parser
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

NUMBERS = ["align", "iovecs", "sessions", "depth", "batch", "size", "rounds", "gbps", "gbps_min", "gbps_max",
           "requests_per_s", "checked"]
TEXTS = ["engine", "role", "how", "point", "front", "function", "pages", "footprint"]
RATIOS = ["floor", "netbsd", "libc", "isal"]
LATENCIES = ["p50", "p90", "p99", "p999"]
COLUMNS = ("front,role,engine,function,pages,footprint,align,iovecs,sessions,depth,batch,size,rounds,gbps,gbps_min,"
           "gbps_max,requests_per_s,p50_us,p90_us,p99_us,p999_us,cpu_s_per_gib_caller,cpu_s_per_gib_daemon,"
           "ratio_floor,ratio_netbsd,ratio_libc,ratio_isal,checked,wrong").split(",")
FACTS = ["processors", "caches", "memory", "kernel", "compiler", "when"]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def check_row(row):
    for name in NUMBERS:
        assert is_number(row[name]), (name, row)
    for name in TEXTS:
        assert isinstance(row[name], str), (name, row)
    for name in LATENCIES:
        assert is_number(row["latency_us"][name]), row
    percentiles = [row["latency_us"][name] for name in LATENCIES]
    assert percentiles == sorted(percentiles) and percentiles[0] > 0, row
    assert set(row["ratios"]) == set(RATIOS), row
    assert is_number(row["cpu_s_per_gib"]["caller"]) and "daemon" in row["cpu_s_per_gib"], row
    assert 0 < row["gbps_min"] <= row["gbps"] <= row["gbps_max"], row
    assert abs(row["gbps"] - row["requests_per_s"] * row["size"] / 1e9) <= 1e-3 * row["gbps"], row
    assert row["wrong"] is None and row["checked"] > 0, row


def check_json(text, is_broken):
    result = json.loads(text)
    if is_broken:
        del result["rows"][0]["latency_us"]["p99"]
    assert result["format"] == "dmover-bench 1" and result["verified"] is True
    for fact in FACTS:
        assert result["machine"][fact], fact
    assert len(result["rows"]) > 0 and result["bars"] == []
    for skip in result["skipped"]:
        assert skip["why"] and skip["point"], skip
    for row in result["rows"]:
        check_row(row)
    copies = [row for row in result["rows"] if row["function"] == "copy"]
    assert {row["role"] for row in copies} == {"engine", "netbsd", "libc"}, copies
    for row in copies:
        if row["role"] == "engine":
            assert row["ratios"]["libc"] > 0 and row["ratios"]["netbsd"] > 0, row
            assert row["ratios"]["floor"] is None, row
    return result["rows"]


def check_csv(text, rows):
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == COLUMNS, lines[0]
    assert len(lines) == len(rows) + 1
    for line, row in zip(lines[1:], rows):
        values = dict(zip(COLUMNS, line))
        assert len(line) == len(COLUMNS), line
        assert values["engine"] == row["engine"] and int(values["size"]) == row["size"], line
        assert abs(float(values["gbps"]) - row["gbps"]) <= 1e-4 * row["gbps"], line


class Page(html.parser.HTMLParser):
    """Every tag that is opened is closed; nothing is fetched; no script runs."""

    VOID = {"meta", "br", "line", "path", "circle", "rect"}

    def __init__(self):
        super().__init__()
        self.open, self.count = [], {}

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        assert tag not in ("script", "link", "img", "iframe", "object", "embed"), tag
        for name, value in attrs:
            assert name not in ("src", "srcset", "data", "onload"), (tag, name)
            assert name != "href" or value.startswith("#"), value
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open and self.open.pop() == tag, tag


def check_report(text, rows):
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == [], page.open
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script", text)
    root = xml.etree.ElementTree.fromstring(text)
    plots = [svg for svg in root.iter("svg") if svg.get("role") == "img"]
    # Two functions, three plots each.
    assert len(plots) == 6, len(plots)
    dots = sum(1 for svg in plots for _ in svg.iter("circle"))
    assert dots >= 2 * len(rows), (dots, len(rows))
    for number in re.findall(r' (?:x|y|cx|cy|x1|x2|y1|y2|width|height)="([^"]*)"', text):
        assert 0 <= float(number) <= 1000, number
    assert len(list(root.iter("tr"))) >= len(rows)
    assert "prefers-color-scheme: dark" in text


def check_many_sizes(bench):
    """As many sizes as an axis may have: each has its place in the plots."""
    sizes = [64 + 64 * i for i in range(32)]
    report = [bench, "--direct", "--functions=zero", "--engines=cpu-scalar", "--rounds=1", "--seconds=0.0005",
              "--sizes=" + ",".join(map(str, sizes))]
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "report")
        subprocess.run([*report, f"--report={name}"], check=True, stdout=subprocess.DEVNULL)
        with open(name, encoding="utf-8") as file:
            root = xml.etree.ElementTree.fromstring(file.read())
    plots = [svg for svg in root.iter("svg") if svg.get("role") == "img"]
    assert len(plots) == 3, len(plots)
    for svg in plots:
        places = {circle.get("cx") for circle in svg.iter("circle")}
        assert len(places) == len(sizes), (svg.get("aria-label"), places)
    too_many = subprocess.run([*report[:-1], report[-1] + ",4096"], capture_output=True, text=True)
    assert too_many.returncode == 2, too_many


def main():
    is_broken = sys.argv[1] == "--break"
    bench = sys.argv[-1]
    tiny = ["--direct", "--functions=copy,iscsi-crc32c", "--sizes=64,4K,65537", "--rounds=2", "--seconds=0.002", "--verify"]
    with tempfile.TemporaryDirectory() as folder:
        names = {kind: os.path.join(folder, kind) for kind in ("json", "csv", "report")}
        subprocess.run([bench, *tiny, *(f"--{kind}={name}" for kind, name in names.items())], check=True,
                       stdout=subprocess.DEVNULL)
        texts = {kind: open(name, encoding="utf-8").read() for kind, name in names.items()}
    rows = check_json(texts["json"], is_broken)
    check_csv(texts["csv"], rows)
    check_report(texts["report"], rows)
    # On the standard output there is nothing else.
    done = subprocess.run([bench, *tiny, "--json"], check=True, capture_output=True, text=True)
    check_json(done.stdout, False)
    done = subprocess.run([bench, *tiny, "--csv"], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[0] == ",".join(COLUMNS)
    check_many_sizes(bench)
    # Bars are part of the results too; when none could be measured, that is no success.
    done = subprocess.run([bench, "--bars", "--device", "--path=/no/such/device", "--json"], capture_output=True, text=True)
    bars = json.loads(done.stdout)["bars"]
    assert done.returncode == 1 and "nothing was measured" in done.stderr and len(bars) > 5, done
    for bar in bars:
        assert bar["name"] and bar["bar"] > 0 and bar["ok"] is None and bar["skipped"] and bar["wrong"] is None, bar
    # A wrong byte is in the row, and in the exit status.
    wrong = [bench, "--direct", "--verify", "--functions=copy", "--sizes=64", "--rounds=1", "--seconds=0.001",
             "--engines=fault:over=cpu-scalar,corrupt", "--json"]
    done = subprocess.run(wrong, capture_output=True, text=True)
    rows = [row for row in json.loads(done.stdout)["rows"] if row["role"] == "engine"]
    assert done.returncode == 1 and [row["wrong"] is not None for row in rows] == [True], done


main()

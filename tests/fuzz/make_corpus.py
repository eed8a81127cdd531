#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the seeds of the fuzz targets into corpus/wire and corpus/fetch, beside this file.

A seed of fuzz_fetch is a header (layout, function, records, faults; one byte each) and the caller's
memory at BASE, which begins with the records.  A seed of fuzz_wire is one byte (layout + 4 * function)
and records of that layout.  Functions are counted as core/function.c lists them.
"""
import os
import struct

BASE = 0x10000
ZERO, FILL8, COPY, CRC32C, XOR2 = range(5)
XOR16 = XOR2 + 14
INPUTS = {ZERO: 0, FILL8: 0, COPY: 1, CRC32C: 1, XOR2: 2, XOR16: 16}

# The four layouts: is it 32-bit, is it that of the manual of 2002.
LAYOUTS = [(False, False), (False, True), (True, False), (True, True)]


def buffer(is_32bit, addr, count):
    return struct.pack("<II" if is_32bit else "<QIxxxx", addr, count)


def record(layout, out, immediate, inbuf, ident):
    is_32bit, is_2002 = LAYOUTS[layout]
    head = buffer(is_32bit, *out)
    pointer = struct.pack("<I" if is_32bit else "<Q", inbuf)
    if is_2002:
        middle = pointer.ljust(8, b"\0") if inbuf else immediate
    else:
        middle = immediate + pointer
    tail = struct.pack("<I", ident)
    return head + middle + (tail if is_32bit else tail + b"\0\0\0\0")


class Memory:
    """The caller's memory, filled from BASE on."""

    def __init__(self, records_size):
        self.bytes = bytearray(records_size)

    def add(self, data):
        at = len(self.bytes)
        self.bytes += data
        return BASE + at

    def vectors(self, is_32bit, lengths):
        """A list of vectors over fresh memory; its address and count."""
        vectors = b""
        for length in lengths:
            addr = self.add(bytes(i * 7 & 0xFF for i in range(length)))
            vectors += struct.pack("<II" if is_32bit else "<QQ", addr, length)
        return self.add(vectors), len(lengths)


def write(layout, function, requests, faults=0):
    """A whole input of fuzz_fetch; requests are lists of the lengths of vectors."""
    is_32bit = LAYOUTS[layout][0]
    size = len(record(layout, (0, 0), bytes(8), 0, 0))
    memory = Memory(size * len(requests))
    for number, lengths in enumerate(requests):
        out = memory.vectors(is_32bit, lengths) if function != CRC32C else (0, 0)
        array = b"".join(
            buffer(is_32bit, *memory.vectors(is_32bit, lengths)) for _ in range(INPUTS[function])
        )
        inbuf = memory.add(array) if array else 0
        made = record(layout, out, b"\x5a" + bytes(7), inbuf, 100 + number)
        memory.bytes[size * number : size * (number + 1)] = made
    return bytes([layout, function, len(requests), faults]) + bytes(memory.bytes)


def fetch_seeds():
    names = ["current64", "manual64", "current32", "manual32"]
    for layout, name in enumerate(names):
        yield "copy-" + name, write(layout, COPY, [[5, 0, 9], [16]])
        yield "xor2-" + name, write(layout, XOR2, [[3], [4, 4]])
    yield "zero", write(0, ZERO, [[1], [0], [40]])
    yield "fill8", write(0, FILL8, [[7, 1]])
    yield "crc32c", write(0, CRC32C, [[9], [0], [1, 2, 3]])
    yield "xor16", write(2, XOR16, [[2]])
    # The first record is bad: there are no vectors at all.
    yield "crc32c-output", bytes([2, CRC32C, 1, 0]) + record(2, (BASE, 8), bytes(8), BASE, 1)
    yield "refused", write(0, COPY, [[5], [6], [7]], faults=0x80 + 3)
    yield "gone", write(0, COPY, [[5], [6], [7]], faults=0x80 + 2)


def wire_seeds():
    for layout in range(4):
        for function in (COPY, CRC32C):
            out = (BASE, 2) if function == COPY else (0, 0)
            records = b"".join(
                record(layout, out, b"abcdefgh", BASE + 64 * i, i) for i in range(3)
            )
            yield "%d-%d" % (layout, function), bytes([layout + 4 * function]) + records


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    for folder, seeds in (("fetch", fetch_seeds()), ("wire", wire_seeds())):
        path = os.path.join(here, "corpus", folder)
        os.makedirs(path, exist_ok=True)
        for name, data in seeds:
            assert len(data) < 1024, name
            with open(os.path.join(path, name), "wb") as file:
                file.write(data)


main()

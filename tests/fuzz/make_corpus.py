#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the seeds of the fuzz targets into corpus/NAME, beside this file.

A seed of fuzz_fetch is a header (layout, function, records, faults; one byte each) and the caller's
memory at BASE, which begins with the records.  A seed of fuzz_wire is one byte (layout + 4 * function)
and records of that layout.  Functions are counted as core/function.c lists them.  A seed of
fuzz_record is the operation, a size, and completion records of a device; one of fuzz_transfer the
function, whether the device is honest, the length less one, and six bytes for each submission.
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


FILL, MEMMOVE, CRCGEN, REDUCE, NOOP, OTHER = range(6)
DONE, PARTIAL, INVALID, READBACK, FLAGS = 0x01, 0x03, 0x04, 0x1F, 0x11
WRITE = 0x80


def completion(status, done=0, result=0, value=0):
    """A completion record of 32 bytes."""
    return struct.pack("<BBBBIQQQ", status, result, 0, 0, done, BASE + done, value, 0)


def record_seeds():
    def seed(operation, size, *records):
        return struct.pack("<BI", operation, size) + b"".join(records)

    for name, operation in (("fill", FILL), ("move", MEMMOVE), ("sum", CRCGEN), ("xor", REDUCE)):
        yield name + "-done", seed(operation, 4096, completion(DONE, value=0xE3069283))
        yield name + "-resumed", seed(
            operation,
            10000,
            completion(PARTIAL, 4096, value=0x8A9136AA),
            completion(PARTIAL | WRITE, 0),
            completion(PARTIAL | WRITE, 5903, value=0x62A8AB43),
            completion(DONE),
        )
    yield "move-backwards", seed(
        MEMMOVE, 9000, completion(PARTIAL, 808, 1), completion(PARTIAL, 4096), completion(DONE)
    )
    yield "all-of-it", seed(FILL, 100, completion(PARTIAL, 100))
    yield "too-much", seed(CRCGEN, 100, completion(PARTIAL, 0xFFFFFFFF))
    yield "invalid", seed(MEMMOVE, 64, completion(INVALID))
    yield "readback", seed(FILL, 64, completion(READBACK | WRITE))
    yield "flags", seed(CRCGEN, 64, completion(FLAGS, value=0x100))
    yield "noop", seed(NOOP, 0, completion(DONE))
    yield "other", seed(OTHER, 64, completion(PARTIAL, 1))
    yield "none", seed(MEMMOVE, 64, completion(0))


def transfer_seeds():
    def seed(function, is_honest, length, *steps):
        return struct.pack("<BBH", function, is_honest, length - 1) + b"".join(
            struct.pack("<BBBHB", queue, status, result, done, 0x77)
            for queue, status, result, done in steps
        )

    good, fault, wfault, cpu = 0, 1, 2, 5  # as the target counts an honest device's statuses
    names = {"zero": ZERO, "fill8": FILL8, "copy": COPY, "crc32c": CRC32C, "xor2": XOR2, "xor4": XOR2 + 2}
    for name, function in names.items():
        yield name, seed(function, 1, 700, *[(0, good, 0, 0)] * 3)
        yield name + "-pieces", seed(function, 1, 250, *[(1, good, 0, 0)] * 9)
        yield name + "-faults", seed(
            function, 1, 250, (1, fault, 0, 33), (0, wfault, 0, 0), (0, fault, 0, 7), (1, good, 0, 0),
            (0, good, 0, 0), (0, fault, 0, 99), (0, good, 0, 0), (1, wfault, 0, 20), (0, good, 0, 0)
        )
        yield name + "-cpu", seed(function, 1, 300, (0, fault, 0, 123), (1, cpu, 0, 0))
        yield name + "-liar", seed(
            function, 0, 300, (0, PARTIAL, 1, 299), (0, PARTIAL, 0, 1), (1, DONE, 0, 9), (0, DONE, 1, 0)
        )
    yield "copy-backwards", seed(COPY, 1, 300, (0, fault, 1, 123), (1, fault, 1, 44), (1, good, 0, 0))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    for folder, seeds in (
        ("fetch", fetch_seeds()),
        ("wire", wire_seeds()),
        ("record", record_seeds()),
        ("transfer", transfer_seeds()),
    ):
        path = os.path.join(here, "corpus", folder)
        os.makedirs(path, exist_ok=True)
        for name, data in seeds:
            assert len(data) < 1024, name
            with open(os.path.join(path, name), "wb") as file:
                file.write(data)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A client in Python: ctypes for the structures, fcntl for the call, os for the rest."""
import ctypes
import fcntl
import os
import select
import struct

SETFUNC = 0x40404400


def copy(fd, data):
    """Copies bytes through the device, and returns the copy."""
    source = ctypes.create_string_buffer(data, len(data))
    target = ctypes.create_string_buffer(len(data))
    vectors = struct.pack("QQQQ", ctypes.addressof(target), len(data), ctypes.addressof(source), len(data))
    iov = ctypes.create_string_buffer(vectors, len(vectors))
    inbuf = struct.pack("QII", ctypes.addressof(iov) + 16, 1, 0)
    array = ctypes.create_string_buffer(inbuf, len(inbuf))
    request = struct.pack("QII8sQII", ctypes.addressof(iov), 1, 0, b"", ctypes.addressof(array), 9, 0)
    assert os.write(fd, request) == 40
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    assert poll.poll(10000)
    number, error = struct.unpack("Ii8x", os.read(fd, 16))
    assert (number, error) == (9, 0), (number, os.strerror(error))
    return target.raw


def main():
    """Small and large, on one session."""
    fd = os.open(os.environ.get("DMOVERIO_PATH", "/dev/dmoverio"), os.O_RDWR)
    fcntl.ioctl(fd, SETFUNC, struct.pack("64s", b"copy"))
    for size in (1, 4096, 1 << 20):
        data = os.urandom(size)
        assert copy(fd, data) == data
    os.close(fd)


main()

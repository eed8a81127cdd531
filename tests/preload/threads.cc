/* SPDX-License-Identifier: BSD-2-Clause */
/* threads.cc: a C++ program: threads with sessions of their own, and one that they share. */
#include "common.h"

#include <atomic>
#include <thread>
#include <vector>

int
main()
{
	std::vector<std::thread> threads;
	std::atomic<unsigned> done{ 0 };
	int shared = device_open("copy");

	for (unsigned i = 0; i < 8; i++) {
		threads.emplace_back([i, shared, &done] {
			int own = device_open("copy");
			std::vector<unsigned char> from(70000, (unsigned char)i), to(from.size());

			for (unsigned round = 0; round < 50; round++) {
				device_check(own, 1000 * round + 1, i + round);
				CHECK(device_copy(shared, to.data(), from.data(), to.size()) == 0);
				done++;
			}
			close(own);
		});
	}
	for (auto &thread : threads)
		thread.join();
	CHECK(done == 400);
	close(shared);
	return 0;
}

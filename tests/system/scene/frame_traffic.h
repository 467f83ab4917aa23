// Numbered frames on a wire, both ways and without a pause: the other end of the program `frames`.
#pragma once

#include "wire.h"

#include <numbered_frame.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace eft::qemu {

std::string frame(std::uint32_t number, std::uint16_t type);

// Sends and checks in a thread of its own, until stop().
class Traffic {
public:
    explicit Traffic(Wire& wire) : wire_(wire) {}
    ~Traffic() { stop(); }

    void stop() {
        stopped_ = true;
        if (thread_.joinable()) thread_.join();
    }
    // The longest time without a frame since the last time this was asked.
    Duration longest_pause() { return Duration(longest_pause_.exchange(0)); }

    std::atomic<std::uint32_t> sent = 0, arrived = 0, damaged = 0, again = 0, missing = 0;

private:
    void run();
    void note_pause(std::chrono::steady_clock::duration pause);
    // What was being sent at a death comes again; nothing is left out.
    void check(std::string_view got);

    Wire& wire_;
    std::uint32_t next_ = 0;
    std::atomic<bool> stopped_ = false;
    std::atomic<long> longest_pause_ = 0;  // ms
    std::thread thread_{[this] { run(); }};
};

template <class Condition>
bool comes_true(Condition condition, Duration within) {
    const Deadline deadline = after(within);
    while (!condition()) {
        if (until(deadline) <= Duration(0)) return false;
        std::this_thread::sleep_for(Duration(5));
    }
    return true;
}

}  // namespace eft::qemu

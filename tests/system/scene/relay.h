// Two machines on one wire that loses, delays, doubles, reorders and corrupts frames. The relay is a thread between their cards.
#pragma once

#include "wire.h"

#include <eft/lossy_wire.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

namespace eft::qemu {

class Relay {
public:
    explicit Relay(unsigned seed);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    // For MachineOptions of the machine 0 or 1, each with an address of its own. It is to be started while this is there.
    Card card(unsigned machine) const;
    // The link-local address that the machine makes of it.
    static std::string address(unsigned machine);
    void set_faults(const test::WireFaults& faults);
    // Of what the machine has sent.
    test::LossyWire::Counts counts(unsigned machine);

private:
    void run();
    void take_from(unsigned machine, std::uint64_t now);
    void give_to(unsigned machine, std::uint64_t now);

    std::array<Wire, 2> wires_;
    std::mutex mutex_;  // of what follows
    std::array<test::LossyWire, 2> sent_;
    std::atomic<bool> ends_ = false;
    std::thread thread_;
};

}  // namespace eft::qemu

#include "relay.h"

#include <chrono>

namespace eft::qemu {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

Relay::Relay(unsigned seed) : sent_{test::LossyWire({}, seed), test::LossyWire({}, seed + 1)}, thread_([this] { run(); }) {}

Relay::~Relay() {
    ends_ = true;
    thread_.join();
}

Card Relay::card(unsigned machine) const {
    Card card = wires_[machine].card();
    card.device += ",mac=52:54:00:00:00:0" + std::to_string(machine + 1);
    return card;
}

// RFC 4291, appendix A.
std::string Relay::address(unsigned machine) { return "fe80::5054:ff:fe00:" + std::to_string(machine + 1); }

void Relay::set_faults(const test::WireFaults& faults) {
    const std::lock_guard lock(mutex_);
    for (test::LossyWire& each : sent_) each.set_faults(faults);
}

test::LossyWire::Counts Relay::counts(unsigned machine) {
    const std::lock_guard lock(mutex_);
    return sent_[machine].counts();
}

void Relay::run() {
    const auto begin = steady_clock::now();
    while (!ends_) {
        const auto now = static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin).count());
        {
            const std::lock_guard lock(mutex_);
            for (unsigned machine = 0; machine < 2; ++machine) take_from(machine, now), give_to(1 - machine, now);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
}

void Relay::take_from(unsigned machine, std::uint64_t now) {
    while (const auto frame = wires_[machine].receive(after(milliseconds(0)))) sent_[machine].send({frame->begin(), frame->end()}, now);
}

// A machine that does not take one loses it, as from a wire.
void Relay::give_to(unsigned machine, std::uint64_t now) {
    for (const test::LossyWire::Frame& each : sent_[1 - machine].arrived(now))
        static_cast<void>(wires_[machine].send({reinterpret_cast<const char*>(each.data()), each.size()}));
}

}  // namespace eft::qemu

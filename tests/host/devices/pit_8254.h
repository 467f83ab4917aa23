// An 8254 in software, as far as it is asked whether it is there: channels keep their control words, and the read-back command
// answers them. Its counters do not count; ticks are the test's.
#pragma once

#include <eft/arch/device_model.h>

#include <array>

namespace eft::test {

class Pit8254 final : public host::DeviceModel {
public:
    std::array<u8, 3> programmed{};  // control words, without the channel

private:
    u64 read(u64 offset, unsigned) override {
        if (offset == 3 || !latched_[offset]) return 0;
        latched_[offset] = false;
        return programmed[offset];
    }
    void write(u64 offset, unsigned, u64 value) override {
        if (offset != 3) return;
        const u64 channel = value >> 6;
        if (channel < 3) programmed[channel] = value & 0x3f;
        else if (!(value & 0x10))
            for (u64 i = 0; i < 3; ++i) latched_[i] = value >> (i + 1) & 1;
    }

    std::array<bool, 3> latched_{};
    host::DeviceWindow window_{*this, host::DeviceSpace::Ports, 0x40, 4};
};

}  // namespace eft::test

// An 8254 in software: channels keep their control words, which the read-back command answers, and the counts that they were
// given last. They do not count; ticks are the test's.
#pragma once

#include <eft/arch/device_model.h>

#include <array>

namespace eft::test {

class Pit8254 final : public host::DeviceModel {
public:
    std::array<u8, 3> programmed{};  // control words, without the channel
    std::array<u32, 3> count{};      // 1 to 65536; 0: none since the control word, or half of one

private:
    u64 read(u64 offset, unsigned) override {
        if (offset == 3 || !latched_[offset]) return 0;
        latched_[offset] = false;
        return programmed[offset];
    }
    void write(u64 offset, unsigned, u64 value) override {
        if (offset != 3) return write_count(offset, static_cast<u32>(value));
        const u64 channel = value >> 6;
        if (channel < 3) {
            programmed[channel] = value & 0x3f;
            count[channel] = 0;
            half_[channel] = false;
        } else if (!(value & 0x10))
            for (u64 i = 0; i < 3; ++i) latched_[i] = value >> (i + 1) & 1;
    }

    void write_count(u64 channel, u32 value) {
        half_[channel] = !half_[channel];
        if (half_[channel]) {
            low_[channel] = value;
            return;
        }
        const u32 whole = value << 8 | low_[channel];
        count[channel] = whole == 0 ? 0x10000 : whole;
    }

    std::array<bool, 3> latched_{}, half_{};
    std::array<u32, 3> low_{};
    host::DeviceWindow window_{*this, host::DeviceSpace::Ports, 0x40, 4};
};

}  // namespace eft::test

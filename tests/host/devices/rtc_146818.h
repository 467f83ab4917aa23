// The registers of an MC146818A in software. Its clock does not run; periodic() is one of its interrupts.
#pragma once

#include <eft/arch/device_model.h>

#include <array>

namespace eft::test {

class Rtc146818 final : public host::DeviceModel {
public:
    std::array<u8, 128> registers{};

    // True: the line rises. It does so once until register C is read.
    bool periodic() {
        const bool rises = (registers[0x0b] & 0x40) && !(registers[0x0c] & 0x80);
        registers[0x0c] |= 0x40 | (registers[0x0b] & 0x40 ? 0x80 : 0);
        return rises;
    }

private:
    u64 read(u64 offset, unsigned) override {
        if (offset == 0) return 0xff;
        const u8 value = registers[index_];
        if (index_ == 0x0c) registers[index_] = 0;
        return value;
    }
    void write(u64 offset, unsigned, u64 value) override {
        if (offset == 0) index_ = value & 0x7f;
        else if (index_ != 0x0c) registers[index_] = static_cast<u8>(value);
    }

    u8 index_ = 0;
    host::DeviceWindow window_{*this, host::DeviceSpace::Ports, 0x70, 2};
};

}  // namespace eft::test

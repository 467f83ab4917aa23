// QEMU's edu in software: it computes when the test says so, and takes 32-bit accesses only.
#pragma once

#include <drivers/@name@/engine.h>
#include <eft/arch/device_model.h>

namespace eft::test {

class EngineModel final : public host::DeviceModel {
public:
    static constexpr u64 kAddress = 0xfea0'0000;

    // What the driver is given.
    hw::Mmio registers() const { return {reinterpret_cast<volatile void*>(kAddress), @name@::kRegisterBytes}; }

    // The computation ends. True: with an interrupt.
    bool finish() {
        u32 product = 1;
        while (factorial_ > 0) product *= factorial_--;
        factorial_ = product;
        state_ &= ~1u;
        if ((state_ & 0x80) != 0) interrupts |= 1;
        return (state_ & 0x80) != 0;
    }

    bool dead = false;  // its liveness check fails
    u32 interrupts = 0;
    unsigned begun = 0;
    bool wrong_access = false;

private:
    u64 read(u64 offset, unsigned width) override {
        wrong_access |= width != 4;
        switch (offset) {
            case 0x00: return 0x0100'00ed;
            case 0x04: return dead ? ~0u : liveness_;
            case 0x08: return factorial_;
            case 0x20: return state_;
            case 0x24: return interrupts;
            default: wrong_access = true; return ~0u;
        }
    }
    void write(u64 offset, unsigned width, u64 word) override {
        const u32 value = static_cast<u32>(word);
        wrong_access |= width != 4;
        switch (offset) {
            case 0x04: liveness_ = ~value; break;
            case 0x08:
                if ((state_ & 1) != 0) break;
                factorial_ = value;
                state_ |= 1;
                ++begun;
                break;
            case 0x20: state_ = (state_ & 1) | (value & 0x80); break;
            case 0x64: interrupts &= ~value; break;
            default: wrong_access = true;
        }
    }

    u32 liveness_ = 0, factorial_ = 1, state_ = 0;
    host::DeviceWindow window_{*this, host::DeviceSpace::Memory, kAddress, @name@::kRegisterBytes};
};

}  // namespace eft::test

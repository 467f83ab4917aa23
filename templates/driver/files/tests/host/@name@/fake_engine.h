// QEMU's edu in software: it computes when the test says so, and takes 32-bit accesses only.
#pragma once

#include <eft/hw/register.h>

namespace eft::test {

struct FakeEngine {
    u32 liveness = 0, factorial = 1, state = 0, interrupts = 0;
    bool dead = false;
    bool wrong_access = false;
    unsigned begun = 0;

    // The computation ends. True: with an interrupt.
    bool finish() {
        u32 product = 1;
        while (factorial > 0) product *= factorial--;
        factorial = product;
        state &= ~1u;
        if ((state & 0x80) != 0) interrupts |= 1;
        return (state & 0x80) != 0;
    }

    struct Access {
        FakeEngine* engine;
        template <hw::RegisterWord W>
        W read(u32 offset) {
            return static_cast<W>(engine->read(offset, sizeof(W)));
        }
        template <hw::RegisterWord W>
        void write(u32 offset, W value) {
            engine->write(offset, sizeof(W), static_cast<u32>(value));
        }
    };
    Access access() { return {this}; }

private:
    u32 read(u32 offset, unsigned width) {
        wrong_access |= width != 4;
        switch (offset) {
            case 0x00: return 0x0100'00ed;
            case 0x04: return dead ? ~0u : liveness;
            case 0x08: return factorial;
            case 0x20: return state;
            case 0x24: return interrupts;
            default: wrong_access = true; return ~0u;
        }
    }
    void write(u32 offset, unsigned width, u32 value) {
        wrong_access |= width != 4;
        switch (offset) {
            case 0x04: liveness = ~value; break;
            case 0x08:
                if ((state & 1) != 0) break;
                factorial = value;
                state |= 1;
                ++begun;
                break;
            case 0x20: state = (state & 1) | (value & 0x80); break;
            case 0x64: interrupts &= ~value; break;
            default: wrong_access = true;
        }
    }
};

}  // namespace eft::test

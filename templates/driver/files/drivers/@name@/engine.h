// QEMU's educational PCI device, 1234:11e8 (docs/specs/edu.txt in QEMU's sources; the sections are named here).
//
// It computes the factorial of a number, modulo 2^32, at its own time, and raises an interrupt. Nothing stops it: a
// computation that an earlier incarnation began goes on, and its interrupt comes to the next one. So an interrupt only says
// "look": what counts is computing(). The device clears that before it raises the interrupt, so none is missed by
// acknowledging first and looking then.
#pragma once

#include <eft/abi/result.h>
#include <eft/hw/mmio.h>

namespace eft::@name@ {

// "MMIO area spec": all of these in 32 bits.
struct Identification : hw::Register<0x00, u32> {
    struct Kind : Bitfield<0, 12> {};
};
constexpr u32 kKind = 0x0ed;
struct Liveness : hw::Register<0x04, u32> {};  // reads as the complement of what was written
struct Factorial : hw::Register<0x08, u32> {};
struct State : hw::Register<0x20, u32> {
    struct Computing : Bitfield<0> {};
    struct InterruptWhenDone : Bitfield<7> {};
};
struct InterruptStatus : hw::Register<0x24, u32> {};
struct InterruptAcknowledge : hw::Register<0x64, u32> {};
constexpr u32 kRegisterBytes = 0x80;  // DMA lies behind them

class Engine {
public:
    // In whatever state the incarnation before has left it. NoDevice: it is not there, or does not answer.
    static Result<Engine> start(hw::Mmio registers);

    bool computing() const { return hw::read<State>(registers_).has<State::Computing>(); }
    // While it computes, the device ignores this.
    void begin(u32 number) { hw::write<Factorial>(registers_, hw::Value<Factorial>(number)); }
    u32 product() const { return hw::read<Factorial>(registers_).raw(); }
    // "IRQ controller": also a message has to be acknowledged.
    void acknowledge();

private:
    explicit Engine(hw::Mmio registers) : registers_(registers) {}

    hw::Mmio registers_;
};

}  // namespace eft::@name@

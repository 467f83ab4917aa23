// An 8254x Ethernet controller, of which QEMU has the 82540EM: everything but the program around it.
//
// start() stops the device, resets it and prepares it, so it works in whatever state the last incarnation left it; nothing
// of before can touch memory afterwards. Bus mastering is to be enabled after the first start(): an 82540EM of QEMU does not
// forget its rings when it is reset, and would go on with those of the last incarnation.
//
// QEMU's receives nothing for a second after its receive control register was written, whatever is written. So it is written when
// it has another value than it should have, and not at each start.
#pragma once

#include <drivers/e1000/registers.h>
#include <drivers/e1000/rings.h>

#include <eft/hw/mmio.h>
#include <eft/hw/wait.h>
#include <eft/idl/ethernet.h>

namespace eft::e1000 {

class Controller {
public:
    // The reset takes microseconds, a word of the EEPROM less than a millisecond.
    static constexpr hw::Looks kLooks{100'000};
    // 20 000 interrupts a second at most: one that comes alone is not delayed. (QEMU's has 7 813 as the most.)
    static constexpr u32 kThrottle = 195;
    static constexpr u64 kPaddingBytes = 64;
    static constexpr u64 kMemoryBytes = 2 * kRingBytes + kPaddingBytes;

    // `memory`, of kMemoryBytes and aligned to 16, is the device's from start() on, until it is reset.
    Controller(hw::Mmio registers, hw::DmaMemory memory) : registers_(registers), memory_(memory) {}

    // TimedOut: the reset did not end. DeviceError: it has no address, or does not answer.
    Status start();

    u64 address() const { return address_; }  // six bytes, the first one in the lowest bits
    ethernet::Link link() const { return link_; }
    // After start() more may come than was told before, until this.
    void set_filter(const ethernet::Filter& filter);
    // As the status register has it now. DeviceError: the device does not answer.
    Status refresh();

    ReceiveRing& receive() { return receive_; }
    SendRing& send() { return send_; }
    // Zeros, as many as a short frame may need behind it.
    u64 padding() const { return memory_.device_address + 2 * kRingBytes; }
    // Tells the device what is new in both rings.
    void kick();

    // Why the device interrupts; it takes its request back, and interrupts no more until interrupt_after().
    hw::Value<Causes> take_causes();
    // False: something has ended. Otherwise the next thing that ends interrupts.
    bool interrupt_after();
    // Frames that it could not receive, since this was asked last.
    u64 take_lost();

private:
    template <class Ring>
    void set_up(u64 address);
    Status reset();
    Status read_address();
    Result<u16> read_eeprom(u32 word);
    void set_receive_control(bool everybody, bool all_groups);

    struct Counter {
        u32 kept = 0;  // by a device whose counters reading does not clear
    };
    template <class R>
    u32 take(Counter& counter);

    hw::Mmio registers_;
    hw::DmaMemory memory_;
    u64 address_ = 0;
    ethernet::Link link_;
    ReceiveRing receive_;
    SendRing send_;
    std::array<u32, kGroupRegisters> groups_{};
    Counter checksum_errors_, symbol_errors_, missed_, too_long_;
};

}  // namespace eft::e1000

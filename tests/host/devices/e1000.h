// An 8254x Ethernet controller in software. It does what the manual says, or what QEMU's 82540EM does instead, and what the
// test wants it to break.
#pragma once

#include <devices/dma_space.h>

#include <drivers/e1000/registers.h>
#include <eft/arch/device_model.h>
#include <eft/hw/mmio.h>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace eft::test {

class E1000 final : public host::DeviceModel {
public:
    static constexpr u64 kWindow = 0xfebc'0000;

    explicit E1000(DmaSpace& memory) : memory_(memory) {}

    hw::Mmio registers() const { return {reinterpret_cast<volatile void*>(kWindow), e1000::kWindowBytes}; }
    template <class R, class... Index>
    hw::Value<R> get(Index... index) {
        return hw::Value<R>(words[R::offset(index...)]);
    }

    // What a test may set before or between.
    std::map<u32, u32> words;  // of all registers
    std::array<u16, 3> eeprom = {0x5452, 0x1200, 0x5634};  // 52:54:00:12:34:56
    u64 loaded_address = 0;     // into the first address register, when it is reset
    bool link = true;
    u32 speed = 2;
    bool forgets_at_reset = true;     // QEMU's does not
    bool counters_clear = true;       // by being read; QEMU's do not
    bool eeprom_answers = true;
    bool absent = false;              // reads as all ones
    u32 looks_until_reset = 0;
    std::function<void()> on_write;   // after each

    // Of what the driver did.
    unsigned receive_control_writes = 0;
    unsigned resets = 0;
    bool wrong_access = false;
    bool bad_descriptor = false;  // one that nobody may send

    // What the driver sends; each frame is marked when it is taken.
    struct Frame {
        std::string bytes;
        u8 checksum_start = 0, checksum_at = 0;  // 0: nothing is to be computed
        unsigned contexts = 0;                   // descriptors of that kind before it
    };
    bool sends() { return words[kSendHead] != words[kSendTail]; }
    Frame take_frame();

    struct Arrival {
        u8 status = 0x07;  // done, end of frame, no checksums
        u8 errors = 0;
        u32 lie = 0;       // added to the length
    };
    // False: it is not enabled, or there is no buffer.
    bool put_frame(const std::string& bytes, const Arrival& arrival);
    bool put_frame(const std::string& bytes) { return put_frame(bytes, {}); }
    u32 buffers() { return (words[kReceiveTail] + e1000_entries() - words[kReceiveHead]) % e1000_entries(); }
    // What the table and the receive control register let through.
    bool lets_through(u64 group);

    bool interrupts() { return (words[kCauses] & words[kMask]) != 0; }
    void change_link(bool up) {
        link = up;
        words[kCauses] |= 4;
    }

private:
    static constexpr u32 kCauses = 0xc0, kMask = 0xd0;
    static constexpr u32 kReceiveHead = 0x2810, kReceiveTail = 0x2818, kSendHead = 0x3810, kSendTail = 0x3818;

    u64 read(u64 offset, unsigned width) override;
    void write(u64 offset, unsigned width, u64 value) override;
    u32 read_word(u32 offset);
    void reset();
    u32 e1000_entries() { return std::max(1u, words[0x2808] / 16); }
    u64 base(u32 ring) { return u64{words[ring + 4]} << 32 | (words[ring] & ~15u); }

    DmaSpace& memory_;
    u8 context_start_ = 0, context_at_ = 0;
    u32 looks_ = 0;
    host::DeviceWindow window_{*this, host::DeviceSpace::Memory, kWindow, e1000::kWindowBytes};
};

}  // namespace eft::test

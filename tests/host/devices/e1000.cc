// The device's side of the registers and rings: see e1000.h. Sections are of the 8254x manual.
#include <devices/e1000.h>

#include <cstring>
#include <utility>

namespace eft::test {

namespace {

constexpr u32 kControl = 0x00, kStatus = 0x08, kEeprom = 0x14, kMaskSet = 0xd0, kMaskClear = 0xd8, kReceiveControl = 0x100, kSendControl = 0x400;
constexpr u32 kReset = 1u << 26;
constexpr u32 kFirstCounter = 0x4000, kLastCounter = 0x40ff;

}  // namespace

u64 E1000::read(u64 offset, unsigned width) {
    if (width != 4 || offset % 4 != 0) wrong_access = true;
    return absent ? ~u64{0} : read_word(static_cast<u32>(offset));
}

u32 E1000::read_word(u32 offset) {
    switch (offset) {
        case kControl: return words[kControl] | (looks_ != 0 && looks_-- != 0 ? kReset : 0);
        case kStatus: return (link ? 2u : 0) | speed << 6 | 1;
        case kCauses: return std::exchange(words[kCauses], 0);
        case kEeprom: return eeprom_answers ? words[kEeprom] | 1u << 4 | u32{eeprom.at(words[kEeprom] >> 8 & 0xff)} << 16 : words[kEeprom];
        default: break;
    }
    const bool is_counter = offset >= kFirstCounter && offset <= kLastCounter;
    return is_counter && counters_clear ? std::exchange(words[offset], 0) : words[offset];
}

void E1000::write(u64 at, unsigned width, u64 value) {
    if (width != 4 || at % 4 != 0) wrong_access = true;
    const u32 offset = static_cast<u32>(at), word = static_cast<u32>(value);
    switch (offset) {
        case kControl:
            words[kControl] = word & ~kReset;
            if (word & kReset) reset();
            break;
        case kMaskSet: words[kMask] |= word; break;
        case kMaskClear: words[kMask] &= ~word; break;
        case kReceiveControl:
            ++receive_control_writes;
            [[fallthrough]];
        default: words[offset] = word;
    }
    if (on_write) on_write();
}

void E1000::reset() {
    ++resets;
    looks_ = looks_until_reset;
    if (!forgets_at_reset) return;
    words.clear();
    words[0x5400] = static_cast<u32>(loaded_address);
    words[0x5404] = static_cast<u32>(loaded_address >> 32) | (loaded_address != 0 ? 1u << 31 : 0);
}

E1000::Frame E1000::take_frame() {
    Frame frame;
    if ((words[kSendControl] & 2) == 0) return bad_descriptor = true, frame;
    while (sends()) {
        const u64 at = base(0x3800) + 16ull * words[kSendHead];
        const u64 address = memory_.load<u64>(at);
        const u32 command = memory_.load<u32>(at + 8);
        words[kSendHead] = (words[kSendHead] + 1) % (words[0x3808] / 16);
        if ((command & 1u << 29) == 0) return bad_descriptor = true, frame;  // none of the old kind
        if ((command >> 20 & 15) == 0) {                                      // 3.3.6
            context_start_ = static_cast<u8>(address >> 32);
            context_at_ = static_cast<u8>(address >> 40);
            ++frame.contexts;
            continue;
        }
        const u32 length = command & 0xf'ffff;
        const u8* place = memory_.at(address, length);
        if (!place || length == 0) return bad_descriptor = true, frame;
        frame.bytes.append(reinterpret_cast<const char*>(place), length);
        if (memory_.load<u32>(at + 12) & 1u << 9) frame.checksum_start = context_start_, frame.checksum_at = context_at_;
        if (command & 1u << 27) {  // 3.3.7: report
            memory_.store<u32>(at + 12, memory_.load<u32>(at + 12) | 1);
            words[kCauses] |= 1;
        }
        if (command & 1u << 24) return frame;
    }
    bad_descriptor = true;  // a frame without its end
    return frame;
}

bool E1000::put_frame(const std::string& bytes, const Arrival& arrival) {
    if ((words[kReceiveControl] & 2) == 0 || buffers() == 0) return false;
    const u64 at = base(0x2800) + 16ull * words[kReceiveHead];
    const u64 address = memory_.load<u64>(at);
    words[kReceiveHead] = (words[kReceiveHead] + 1) % e1000_entries();
    if (address != 0) {
        u8* place = memory_.at(address, bytes.size());
        if (!place) return bad_descriptor = true, false;
        std::memcpy(place, bytes.data(), bytes.size());
    }
    memory_.store<u16>(at + 8, static_cast<u16>(bytes.size() + arrival.lie));
    memory_.store<u8>(at + 13, arrival.errors);
    memory_.store<u8>(at + 12, arrival.status);
    words[kCauses] |= 1u << 7;
    return true;
}

// 13.5.1: bits 47 to 36 of the address, the last byte of which is the highest.
bool E1000::lets_through(u64 group) {
    if (words[kReceiveControl] & 1u << 4) return true;
    const u32 fifth = group >> 32 & 0xff, sixth = group >> 40 & 0xff;
    const u32 hash = fifth >> 4 | sixth << 4;
    return (words[0x5200 + 4 * (hash / 32)] >> hash % 32 & 1) != 0;
}

}  // namespace eft::test

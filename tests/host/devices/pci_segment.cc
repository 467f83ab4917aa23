// What functions do when their configuration space is accessed: see pci_segment.h.
#include <devices/pci_segment.h>

#include <cstdlib>
#include <cstring>

namespace eft::test {

u32 PciFunction::get(u32 offset) const {
    u32 value;
    std::memcpy(&value, &bytes[offset], 4);
    return value;
}

void PciFunction::set(u32 offset, u64 value, unsigned width) { std::memcpy(&bytes[offset], &value, width); }

u64 PciFunction::read(u32 offset, unsigned width) {
    u64 value = 0;
    std::memcpy(&value, &bytes[offset], width);
    if (offset == 0 && absent_looks > 0) return --absent_looks, ~0ull;
    return value;
}

void PciFunction::write(u32 offset, unsigned width, u64 value) {
    if (offset >= 0x10 && offset < 0x28 && sticky[(offset - 0x10) / 4] + 1 != 0) {
        const u32 mask = sticky[(offset - 0x10) / 4];
        const u32 now = get(offset);
        const u32 next = (static_cast<u32>(value) & mask) | (now & ~mask);
        if (next != now && (bytes[4] & 3)) ++moved_while_decoding;
        return set(offset, next);
    }
    if (offset == 0x48 && width == 2 && (value & 0x8000)) {  // function-level reset
        reset_started = true;
        set(4, 0, 2);
        for (u32 i = 0; i < 6; ++i) set(0x10 + 4 * i, get(0x10 + 4 * i) & ~sticky[i]);
        absent_looks = 3;
        return;
    }
    if (offset == 4 && !can_disable_pin) value &= ~u64{0x400};
    set(offset, value, width);
}

PciFunction& PciSegment::add(u8 bus, u8 device, u8 function, u16 vendor, u16 id, u8 base_class, u8 sub_class) {
    PciFunction& made = functions[key(bus, device, function)];
    made.set(0x00, vendor, 2);
    made.set(0x02, id, 2);
    made.bytes[0x0a] = sub_class;
    made.bytes[0x0b] = base_class;
    return made;
}

PciFunction& PciSegment::add_bridge(u8 bus, u8 device, u8 secondary) {
    PciFunction& bridge = add(bus, device, 0, 0x1b36, 0x000c, 6, 4);
    bridge.bytes[0x0e] = 1;
    bridge.bytes[0x19] = secondary;
    bridge.bytes[0x1a] = secondary;
    return bridge;
}

pci::Configuration PciSegment::configuration(const PciFunction& function) const {
    for (const auto& [key, each] : functions)
        if (&each == &function) return pci::Configuration(registers(key));
    std::abort();  // it is of another segment
}

u64 PciSegment::read(u64 offset, unsigned width) {
    const auto found = functions.find(static_cast<u32>(offset >> 12));
    return found == functions.end() ? ~u64{0} : found->second.read(offset & 0xfff, width);
}

void PciSegment::write(u64 offset, unsigned width, u64 value) {
    if (const auto found = functions.find(static_cast<u32>(offset >> 12)); found != functions.end()) found->second.write(offset & 0xfff, width, value);
}

u64 PciSegment::PortMechanism::read(u64 offset, unsigned width) {
    if (offset < 4) return offset == 0 && width == 4 ? address : ~u64{0};
    return address >> 31 ? segment.read(place(offset), width) : ~u64{0};
}

void PciSegment::PortMechanism::write(u64 offset, unsigned width, u64 value) {
    if (offset >= 4 && address >> 31) segment.write(place(offset), width, value);
    if (offset == 0 && width == 4) address = static_cast<u32>(value) & 0x80ff'fffc;
}

}  // namespace eft::test

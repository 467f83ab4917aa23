// A PCI segment in software, q35-like: functions with 4 KiB of configuration, BARs that stick as
// their sizes say, a root port with a bus behind it.
#pragma once

#include <servers/dev/pci_enumerate.h>

#include <cstring>
#include <map>

namespace eft::test {

struct FakeFunction {
    std::array<u8, 4096> bytes{};
    std::array<u32, 6> sticky{};   // which BAR bits can be written
    unsigned moved_while_decoding = 0;
    bool reset_started = false;
    int absent_looks = 0;

    u32 get(u32 offset) const {
        u32 value;
        std::memcpy(&value, &bytes[offset], 4);
        return value;
    }
    void set(u32 offset, u64 value, unsigned width = 4) { std::memcpy(&bytes[offset], &value, width); }

    u64 read(u32 offset, unsigned width) {
        u64 value = 0;
        std::memcpy(&value, &bytes[offset], width);
        if (offset == 0 && absent_looks > 0) return --absent_looks, ~0ull;
        return value;
    }
    void write(u32 offset, unsigned width, u64 value) {
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
        set(offset, value, width);
    }
};

struct FakeSpace {
    struct Function {
        FakeFunction* function;  // null: absent
        template <hw::RegisterWord W>
        W read(u32 offset) {
            return function ? static_cast<W>(function->read(offset, sizeof(W))) : static_cast<W>(~W{0});
        }
        template <hw::RegisterWord W>
        void write(u32 offset, W value) {
            if (function) function->write(offset, sizeof(W), value);
        }
    };

    std::map<u32, FakeFunction> functions;
    u8 last_bus = 0xff;

    FakeFunction& add(u8 bus, u8 device, u8 function, u16 vendor, u16 id, u8 base_class, u8 sub_class) {
        FakeFunction& made = functions[key(bus, device, function)];
        made.set(0x00, vendor, 2);
        made.set(0x02, id, 2);
        made.bytes[0x0a] = sub_class;
        made.bytes[0x0b] = base_class;
        return made;
    }
    FakeFunction& add_bridge(u8 bus, u8 device, u8 secondary) {
        FakeFunction& bridge = add(bus, device, 0, 0x1b36, 0x000c, 6, 4);
        bridge.bytes[0x0e] = 1;
        bridge.bytes[0x19] = secondary;
        bridge.bytes[0x1a] = secondary;
        return bridge;
    }
    Result<Function> function(pci::FunctionAddress address) {
        if (address.bus > last_bus) return Error::OutOfRange;
        const auto found = functions.find(key(address.bus, address.device, address.function));
        return Function{found == functions.end() ? nullptr : &found->second};
    }
    static u32 key(u8 bus, u8 device, u8 function) { return u32{bus} << 8 | u32{device} << 3 | function; }
};
static_assert(dev::ConfigurationSpace<FakeSpace>);

}  // namespace eft::test

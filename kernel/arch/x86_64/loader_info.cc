// PVH: xen/include/public/arch-x86/hvm/start_info.h. multiboot2: specification 2.0, section 3.6.
// The structures lie in low memory, which is still mapped at its own address.
#include "loader_info.h"

namespace eft::kernel::arch {
namespace {

constexpr u32 kPvhMagic = 0x336ec578, kPvhInfoMagic = 0x336ec578, kMultibootMagic = 0x36d76289;
constexpr u32 kOrdinaryMemory = 1;

struct PvhStartInfo {
    u32 magic, version, flags, modules;
    u64 module_list, command_line, rsdp, memory_map;
    u32 memory_map_entries, reserved;
};
struct PvhModule {
    u64 address, size, command_line, reserved;
};
struct PvhMemory {
    u64 address, size;
    u32 type, reserved;
};

struct MultibootTag {
    u32 type, size;
};
enum MultibootType : u32 { kEnd = 0, kModule = 3, kMemoryMap = 6, kOldAcpi = 14, kNewAcpi = 15 };
struct MultibootModule {
    MultibootTag tag;
    u32 start, end;
};
struct MultibootMemoryMap {
    MultibootTag tag;
    u32 entry_size, version;
};
struct MultibootMemory {
    u64 address, size;
    u32 type, reserved;
};

template <class T>
const T* at(u64 address) {
    return reinterpret_cast<const T*>(address);
}

bool read_pvh(const PvhStartInfo& pvh, LoaderInfo& info) {
    if (pvh.magic != kPvhInfoMagic || pvh.version < 1) return false;
    for (u32 i = 0; i < pvh.memory_map_entries; ++i) {
        const PvhMemory& entry = at<PvhMemory>(pvh.memory_map)[i];
        if (entry.type == kOrdinaryMemory) info.memory.add(entry.address, entry.address + entry.size);
    }
    if (pvh.modules != 0) {
        const PvhModule& module = *at<PvhModule>(pvh.module_list);
        info.archive = {module.address, module.address + module.size};
    }
    info.acpi_rsdp = pvh.rsdp;
    return true;
}

bool read_multiboot(u64 address, LoaderInfo& info) {
    const u64 end = address + *at<u32>(address);
    for (u64 position = address + 8; position + sizeof(MultibootTag) <= end;) {
        const MultibootTag& tag = *at<MultibootTag>(position);
        if (tag.type == kEnd || tag.size < sizeof(MultibootTag)) break;
        if (tag.type == kModule && info.archive.size() == 0) {
            const MultibootModule& module = *at<MultibootModule>(position);
            info.archive = {module.start, module.end};
        } else if (tag.type == kMemoryMap) {
            const u32 entry_size = at<MultibootMemoryMap>(position)->entry_size;
            if (entry_size < sizeof(MultibootMemory)) return false;
            for (u64 entry = position + sizeof(MultibootMemoryMap); entry + entry_size <= position + tag.size; entry += entry_size) {
                const MultibootMemory& memory = *at<MultibootMemory>(entry);
                if (memory.type == kOrdinaryMemory) info.memory.add(memory.address, memory.address + memory.size);
            }
        } else if (tag.type == kOldAcpi || tag.type == kNewAcpi) {
            info.acpi_rsdp = position + sizeof(MultibootTag);  // a copy; start.cc keeps it
        }
        position += (tag.size + 7) & ~u64{7};
    }
    return true;
}

}  // namespace

bool read_loader_info(u32 magic, u64 address, LoaderInfo& info) {
    const bool read = magic == kPvhMagic ? read_pvh(*at<PvhStartInfo>(address), info)
                                         : magic == kMultibootMagic && read_multiboot(address, info);
    return read && !info.memory.empty();
}

}  // namespace eft::kernel::arch

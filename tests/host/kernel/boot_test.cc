// The portable part of the boot: the map of memory, root as the kernel makes it, and all memory handed to it.
#include <boot/hand_out.h>
#include <object/address_space.h>
#include <schedule/budget.h>

#include <arch/arena.h>
#include <arch/record.h>

#include <doctest/doctest.h>
#include <elf.h>

#include <cstring>
#include <memory>
#include <stdexcept>

using namespace eft;
using namespace eft::kernel;

namespace {

constexpr u64 kMiB = 1 << 20;
constexpr u64 kImageEnd = 0x14'0000, kArchive = 0x18'0000, kMemoryEnd = arch::kLargeStart + (u64{1} << arch::kLargeBits);
constexpr u64 kEntry = 0x20'0010;
constexpr u64 kKernelsOwn[] = {0xfec0'0000, 0xfee0'0000};

std::string ranges_of(const MemoryMap& map) {
    std::string text;
    for (const MemoryRange& range : map) text += std::to_string(range.start / kPageSize) + "-" + std::to_string(range.end / kPageSize) + " ";
    return text;
}

// A cpio archive with one file, an ELF program of one segment.
u64 write_archive(const char* name) {
    auto* const at = to_pointer<char>(PhysAddr(kArchive));
    struct {
        Elf64_Ehdr header{};
        Elf64_Phdr segment{};
        char code[16] = "the first code!";
    } program;
    std::memcpy(program.header.e_ident, ELFMAG, SELFMAG);
    program.header.e_type = ET_EXEC, program.header.e_machine = EM_X86_64, program.header.e_entry = kEntry;
    program.header.e_phoff = sizeof(Elf64_Ehdr), program.header.e_phentsize = sizeof(Elf64_Phdr), program.header.e_phnum = 1;
    program.segment = {PT_LOAD, PF_R | PF_X, sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr), 0x20'0000, 0x20'0000, sizeof(program.code), kPageSize + 1, kPageSize};
    std::string file = "070701";
    for (unsigned field = 0; field < 13; ++field) {
        char digits[9];
        const std::size_t value = field == 6 ? sizeof(program) : field == 11 ? std::strlen(name) + 1 : 0;
        std::snprintf(digits, sizeof(digits), "%08x", static_cast<unsigned>(value));
        file += digits;
    }
    file.append(name, std::strlen(name) + 1);
    while (file.size() % 4 != 0) file += '\0';
    file.append(reinterpret_cast<const char*>(&program), sizeof(program));
    std::memcpy(at, file.data(), file.size());
    return file.size();
}

struct Boot {
    explicit Boot(const char* name = "root") {
        arch::reset_arena();
        arch::record() = arch::Record{};
        arch::unpoison(PhysAddr(arch::kArenaStart), arch::kArenaSize);
        arch::map_large_memory();
        info.archive = {kArchive, kArchive + write_archive(name)};
        info.memory.add(0, kMemoryEnd);
    }
    // As start.cc does.
    void run() {
        RootTask root(*core, info);
        const MemoryRange free = largest_free_range(info, kImageEnd, u64{1} << 32);
        const u64 taken_end = root.build(free.start, free.end, nullptr, {11, 22});
        const AddressSpace& space = root.space();
        boot_info = to_pointer<const BootInfo>(page(space, kBootInfoAddress));
        code = page(space, 0x20'0000);
        hand_out_memory(root, info, kImageEnd, {free.start, taken_end}, kKernelsOwn);
        root.start();
        choose_next(*core);
        taken = {free.start, taken_end};
    }
    static PhysAddr page(const AddressSpace& space, u64 address) {
        PhysAddr at = space.root();
        for (unsigned level = arch::kRootLevel; level > 0; --level) at = to_pointer<arch::PageEntry>(at)[arch::table_index(address, level)].address();
        return at;
    }
    // Of the ordinary memory, or of the device memory, that root has.
    u64 bytes(bool device) const {
        u64 sum = 0;
        for (u32 i = 0; i < boot_info->untyped_count; ++i) sum += boot_info->untyped[i].device == device ? u64{1} << boot_info->untyped[i].size_bits : 0;
        return sum;
    }

    std::unique_ptr<Kernel> kernel = std::make_unique<Kernel>();
    std::unique_ptr<Core> core = std::make_unique<Core>(*kernel);
    LoaderInfo info;
    const BootInfo* boot_info = nullptr;
    PhysAddr code;
    MemoryRange taken{};
};

}  // namespace

TEST_CASE("the map of memory is sorted, of whole pages, and has no neighbours that touch") {
    MemoryMap map;
    map.add(8 * kMiB, 9 * kMiB);
    map.add(0, 0x9'f000);                         // low memory
    map.add(0xf'0000, 2 * kMiB - 1);              // partly low, and a page that is not whole
    map.add(9 * kMiB, 10 * kMiB);                 // touches
    map.add(4 * kMiB + 1, 4 * kMiB + kPageSize);  // no whole page
    map.add(~u64{0} - kMiB, kMiB);                // wraps
    CHECK(ranges_of(map) == "256-511 2048-2560 ");
    map.add(kMiB, 16 * kMiB);
    CHECK(ranges_of(map) == "256-4096 ");
    CHECK(map.bytes() == 15 * kMiB);
    CHECK(map.lost_ranges() == 0);
}

TEST_CASE("a map with too many ranges gives up the smallest, and says so") {
    MemoryMap map;
    for (u64 i = 0; i < MemoryMap::kMaxRanges; ++i) map.add((1 + 2 * i) * kMiB, (2 + 2 * i) * kMiB);
    CHECK(map.lost_ranges() == 0);
    map.add(200 * kMiB, 200 * kMiB + kPageSize);  // smaller than all
    CHECK(map.lost_ranges() == 1);
    CHECK(map.lost_bytes() == kPageSize);
    map.add(300 * kMiB, 400 * kMiB);
    CHECK(map.lost_ranges() == 2);
    CHECK(map.lost_bytes() == kPageSize + kMiB);
    CHECK(map.highest() == 400 * kMiB);
    CHECK(map.bytes() == (MemoryMap::kMaxRanges - 1) * kMiB + 100 * kMiB);
}

TEST_CASE("the kernel takes its memory beside the image and the archive") {
    LoaderInfo info;
    info.memory.add(kMiB, 8 * kMiB);
    info.archive = {6 * kMiB + 5, 7 * kMiB + 5};
    CHECK(largest_free_range(info, 2 * kMiB, 1ull << 32).start == 2 * kMiB);
    CHECK(largest_free_range(info, 2 * kMiB, 1ull << 32).end == 6 * kMiB);
    info.archive = {2 * kMiB + 5, 3 * kMiB + 5};
    CHECK(largest_free_range(info, 2 * kMiB, 1ull << 32).start == 3 * kMiB + kPageSize);
    CHECK(largest_free_range(info, 2 * kMiB, 7 * kMiB).end == 7 * kMiB);
    CHECK(largest_free_range(info, 9 * kMiB, 1ull << 32).size() == 0);
}

TEST_CASE("root is made of the first program, runs, and has all memory, each byte once") {
    Boot boot;
    boot.run();
    REQUIRE(boot.core->current);
    CHECK(boot.core->current->registers.instruction_pointer() == kEntry);
    CHECK(std::strcmp(to_pointer<const char>(boot.code), "the first code!") == 0);
    CHECK(arch::record().is_protected(boot.code));
    const BootInfo& info = *boot.boot_info;
    CHECK(info.magic == kBootInfoMagic);
    CHECK(info.entry_time == 11);
    CHECK(info.memory_bytes == kMemoryEnd - kMiB);
    CHECK(info.lost_pieces == 0);
    CHECK(info.lost_bytes == 0);
    CHECK(arch::record().printed.empty());
    // Ordinary memory: root's block, and what neither the image, the archive nor the kernel has.
    const u64 archive = page_up(boot.info.archive.end) - kArchive;
    CHECK(boot.bytes(false) == (u64{1} << 22) + (kMemoryEnd - kImageEnd) - archive - boot.taken.size());
    CHECK(boot.bytes(true) == (u64{1} << 40) - (kMemoryEnd - kMiB) + archive - 2 * kPageSize);
    for (u32 i = 0; i < info.untyped_count; ++i) {
        const BootUntyped& one = info.untyped[i];
        CHECK((one.address & ((u64{1} << one.size_bits) - 1)) == 0);
        for (u64 page : kKernelsOwn) CHECK_FALSE((one.address <= page && page < one.address + (u64{1} << one.size_bits)));
        for (u32 j = 0; j < i; ++j) {
            const BootUntyped& other = info.untyped[j];
            const bool apart = one.address + (u64{1} << one.size_bits) <= other.address || other.address + (u64{1} << other.size_bits) <= one.address;
            CHECK(apart);
        }
    }
    CHECK(info.first_free_slot == static_cast<u32>(RootSlot::FirstUntyped) + info.untyped_count);
}

TEST_CASE("memory for which there is no room in the lists is counted, told to root, and printed") {
    Boot boot;
    // Ranges of many small pieces each, and more of them than there can be.
    for (u64 i = 0; i < 40; ++i) boot.info.memory.add((64 + 2 * i) * kMiB + kPageSize, (65 + 2 * i) * kMiB - kPageSize);
    const unsigned ranges = boot.info.memory.lost_ranges();
    CHECK(ranges == 9);
    boot.run();
    const BootInfo& info = *boot.boot_info;
    CHECK(info.untyped_count == std::size(info.untyped));
    CHECK(info.lost_pieces > ranges);
    const u64 all = boot.info.memory.bytes() + boot.info.memory.lost_bytes();
    const u64 archive = page_up(boot.info.archive.end) - kArchive;
    const u64 kernels = kImageEnd - kMiB + boot.taken.size() - (u64{1} << 22);
    CHECK(boot.bytes(false) + info.lost_bytes + archive + kernels == all);
    CHECK(arch::record().printed == "kernel: no room to describe " + std::to_string(info.lost_pieces) + " pieces of memory; " +
                                        std::to_string(info.lost_bytes >> 10) + " KiB of ordinary memory are left out\n");
}

TEST_CASE("without a usable root, or memory for it, the boot ends") {
    Boot other("toor");
    CHECK_THROWS_WITH_AS(other.run(), "the boot archive has no usable program 'root'", std::runtime_error);
    Boot small;
    small.info.memory = MemoryMap();
    small.info.memory.add(0, 4 * kMiB);
    CHECK_THROWS_WITH_AS(small.run(), "too little memory for root", std::runtime_error);
}

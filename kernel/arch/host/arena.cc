#include <arch/arena.h>

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace eft::kernel::arch {
namespace {

constexpr int kOldData = 0x5a;  // memory that nobody cleared must not look as if somebody had

void* place() { return to_pointer<void>(PhysAddr(kArenaStart)); }

bool map_memory(void* place, u64 bytes) {
    void* at = mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (at == place) return true;
    std::perror("the host's stand-in for physical memory cannot be mapped");
    std::abort();
}

void map_arena() {
    static const bool mapped = map_memory(place(), kArenaSize);
    static_cast<void>(mapped);
}

}  // namespace

void reset_arena() {
    map_arena();
    unpoison(PhysAddr(kArenaStart), kArenaSize);
    std::memset(place(), kOldData, kArenaSize);
    poison(PhysAddr(kArenaStart), kArenaSize);
}

void map_large_memory() {
    static const bool mapped = map_memory(to_pointer<void>(PhysAddr(kLargeStart)), u64{1} << kLargeBits);
    static_cast<void>(mapped);
    std::memset(to_pointer<void>(PhysAddr(kLargeStart)), kOldData, u64{1} << kLargeBits);
}

void poison(PhysAddr start, u64 bytes) { ASAN_POISON_MEMORY_REGION(to_pointer<void>(start), bytes); }
void unpoison(PhysAddr start, u64 bytes) { ASAN_UNPOISON_MEMORY_REGION(to_pointer<void>(start), bytes); }
bool in_arena(PhysAddr address) { return address.value() - kArenaStart < kArenaSize; }

}  // namespace eft::kernel::arch

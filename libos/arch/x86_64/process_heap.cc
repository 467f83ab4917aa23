// The heap of this process, and its C names. Start-up gives it its range (set_range) before anything allocates.
#include <eft/heap.h>
#include <eft/panic.h>

#include <cstring>

namespace {

constinit eft::Heap heap([](const char* what) { eft::panic(what); });

}  // namespace

eft::Heap& eft::process_heap() { return heap; }

extern "C" {
void* malloc(std::size_t size) { return heap.allocate(size); }
void free(void* block) { heap.free(block); }
void* realloc(void* block, std::size_t size) { return heap.reallocate(block, size); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return heap.allocate_aligned(alignment, size); }
void* calloc(std::size_t count, std::size_t size) {
    std::size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
    void* block = heap.allocate(bytes);
    asm("" : "+r"(block));  // or GCC takes this allocation and memset for a call of calloc, which is this function
    if (block) std::memset(block, 0, bytes);
    return block;
}
}

// operator new and delete on the process' heap. Out of memory ends the program: nothing in Eft's own code handles it,
// and a server's next incarnation starts with an empty heap. What can go on without the memory uses new (std::nothrow).
#include <eft/heap.h>
#include <eft/panic.h>

#include <new>

namespace {

void* required(void* block) {
    if (!block) eft::panic("out of memory");
    return block;
}
void* allocate(std::size_t size) { return eft::process_heap().allocate(size); }
void* allocate(std::size_t size, std::align_val_t alignment) {
    return eft::process_heap().allocate_aligned(static_cast<std::size_t>(alignment), size);
}
void release(void* block) { eft::process_heap().free(block); }

}  // namespace

void* operator new(std::size_t size) { return required(allocate(size)); }
void* operator new[](std::size_t size) { return required(allocate(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) { return required(allocate(size, alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return required(allocate(size, alignment)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return allocate(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return allocate(size, alignment);
}

void operator delete(void* block) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t) noexcept { release(block); }
void operator delete[](void* block, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { release(block); }
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept { release(block); }
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept { release(block); }

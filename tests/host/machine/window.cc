#include "window.h"

#include <arch/page_table.h>
#include <arch/record.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace eft::host {

namespace {

using kernel::PhysAddr;
using kernel::arch::PageEntry;

constexpr u64 kWindowBase = 0x3000'0000'0000;  // ASan has a shadow for it, and nothing else lies there

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::abort();
}

int memory_file() {
    static const int file = [] {
        const int made = memfd_create("eft-memory", 0);
        if (made < 0 || ftruncate(made, static_cast<off_t>(kMemoryBytes)) != 0) fail("memory for the machine");
        void* const place = kernel::to_pointer<void>(PhysAddr(kMemoryStart));
        if (mmap(place, kMemoryBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, made, 0) != place) fail("the direct map");
        return made;
    }();
    return file;
}

// Which windows are taken. One thread at a time runs.
std::vector<bool>& windows() {
    static std::vector<bool> all;
    return all;
}

void reserve(std::byte* place, u64 bytes) {
    constexpr int kKind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    if (mmap(place, bytes, PROT_NONE, kKind, -1, 0) != place) fail("a window");
}

}  // namespace

void empty_memory() {
    const int file = memory_file();
    if (ftruncate(file, 0) != 0 || ftruncate(file, static_cast<off_t>(kMemoryBytes)) != 0) fail("memory for the machine");
}

Translation translate(PhysAddr root, u64 user) {
    if (root == PhysAddr()) return {};
    PhysAddr table = root;
    for (unsigned level = kernel::arch::kRootLevel;; --level) {
        const PageEntry& entry = kernel::to_pointer<PageEntry>(table)[kernel::arch::table_index(user, level)];
        if (!entry.present()) return {};
        table = entry.address();
        if (entry.leads_on()) continue;
        const u64 inside = entry.has(PageEntry::Large) ? user & ((u64{1} << kLargeFrameBits) - 1) : 0;
        return {true, entry.has(PageEntry::Write), table + page_down(inside), entry.has(PageEntry::Execute)};
    }
}

Window::Window() {
    auto& all = windows();
    index_ = static_cast<u64>(std::find(all.begin(), all.end(), false) - all.begin());
    if (index_ == all.size()) all.push_back(false);
    all[index_] = true;
    place_ = reinterpret_cast<std::byte*>(kWindowBase + index_ * kBytes);
    reserve(place_, kBytes);
}

Window::~Window() {
    munmap(place_, kBytes);
    windows()[index_] = false;
}

void Window::map(u64 user, const Translation& translation) {
    map_file(user, memory_file(), translation.page.value() - kMemoryStart, PROT_READ | (translation.writable ? PROT_WRITE : 0));
}
void Window::map_anything(u64 user) { map_file(user, -1, 0, PROT_READ | PROT_WRITE); }

void Window::map_file(u64 user, int file, u64 offset, int protection) {
    void* const place = place_ + page_down(user);
    const int kind = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    if (mmap(place, kPageSize, protection, kind | MAP_FIXED, file, static_cast<off_t>(offset)) != place) fail("a page of a window");
    mapped_.push_back(page_down(user));
}

void Window::flush(u64 user) {
    std::erase_if(mapped_, [&](u64 page) {
        const bool gone = user == kernel::arch::Record::kAllPages || page == page_down(user);
        if (gone) reserve(place_ + page, kPageSize);
        return gone;
    });
}

}  // namespace eft::host

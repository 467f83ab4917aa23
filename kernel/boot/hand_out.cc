#include <boot/hand_out.h>

namespace eft::kernel {
namespace {

constexpr u64 kDeviceEnd = u64{1} << 40;  // device memory may lie below
constexpr unsigned kLargestBits = 40;

void add_untyped(RootTask& root, u64 start, u64 end, bool device, bool archive) {
    while (start < end) {
        unsigned size_bits = kPageBits;
        while (size_bits < kLargestBits && (start & ((u64{2} << size_bits) - 1)) == 0 && start + (u64{2} << size_bits) <= end) ++size_bits;
        root.add_untyped(PhysAddr(start), size_bits, device, archive);
        start += u64{1} << size_bits;
    }
}

void add_ordinary(RootTask& root, MemoryRange range, std::span<const MemoryRange> holes) {
    u64 start = range.start;
    while (start < range.end) {
        u64 end = range.end;
        bool inside = false;
        for (const MemoryRange& hole : holes) {
            if (start >= hole.start && start < hole.end) start = hole.end, inside = true;
            if (hole.start > start && hole.start < end) end = hole.start;
        }
        if (inside) continue;  // perhaps another hole begins there
        add_untyped(root, start, end, false, false);
        start = end;
    }
}

void add_devices(RootTask& root, u64 start, u64 end, std::span<const u64> kernels_own) {
    for (const u64 page : kernels_own) {
        if (start > page || end <= page) continue;
        add_untyped(root, start, page, true, false);
        start = page + kPageSize;
    }
    add_untyped(root, start, end, true, false);
}

}  // namespace

MemoryRange largest_free_range(const LoaderInfo& info, u64 image_end, u64 limit) {
    MemoryRange best{};
    for (MemoryRange range : info.memory) {
        if (range.start < image_end) range.start = image_end;
        if (range.end > limit) range.end = limit;
        if (range.start >= range.end) continue;
        MemoryRange pieces[2] = {range, {0, 0}};
        if (info.archive.start < range.end && info.archive.end > range.start) {
            pieces[0].end = page_down(info.archive.start);
            pieces[1] = {page_up(info.archive.end), range.end};
        }
        for (const MemoryRange& piece : pieces) {
            if (piece.end > piece.start && piece.size() > best.size()) best = piece;
        }
    }
    return best;
}

void hand_out_memory(RootTask& root, const LoaderInfo& info, u64 image_end, MemoryRange taken, std::span<const u64> kernels_own) {
    const MemoryRange archive{page_down(info.archive.start), page_up(info.archive.end)};
    const MemoryRange holes[] = {{0, image_end}, taken, archive};
    for (const MemoryRange& range : info.memory) add_ordinary(root, range, holes);
    if (archive.size() != 0) add_untyped(root, archive.start, archive.end, true, true);
    u64 start = 0;
    for (const MemoryRange& range : info.memory) {
        add_devices(root, start, range.start, kernels_own);
        start = range.end;
    }
    add_devices(root, start, kDeviceEnd, kernels_own);
}

}  // namespace eft::kernel

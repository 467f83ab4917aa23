#include <boot/memory_map.h>

namespace eft::kernel {
namespace {

constexpr u64 kLowMemoryEnd = 0x100000;

}  // namespace

void MemoryMap::remove(unsigned index) {
    --count_;
    for (; index < count_; ++index) ranges_[index] = ranges_[index + 1];
}

void MemoryMap::add(u64 start, u64 end) {
    if (start < kLowMemoryEnd) start = kLowMemoryEnd;
    start = page_up(start), end = page_down(end);
    if (start >= end) return;
    for (unsigned i = 0; i < count_;) {
        const MemoryRange& other = ranges_[i];
        if (other.end < start || other.start > end) {
            ++i;
            continue;
        }
        if (other.start < start) start = other.start;
        if (other.end > end) end = other.end;
        remove(i);
    }
    if (count_ == kMaxRanges) {
        unsigned smallest = 0;
        for (unsigned i = 1; i < count_; ++i) {
            if (ranges_[i].size() < ranges_[smallest].size()) smallest = i;
        }
        const bool new_one = end - start <= ranges_[smallest].size();
        ++lost_ranges_;
        lost_bytes_ += new_one ? end - start : ranges_[smallest].size();
        if (new_one) return;
        remove(smallest);
    }
    unsigned i = count_++;
    for (; i > 0 && ranges_[i - 1].start > start; --i) ranges_[i] = ranges_[i - 1];
    ranges_[i] = {start, end};
}

u64 MemoryMap::bytes() const {
    u64 sum = 0;
    for (const MemoryRange& range : *this) sum += range.size();
    return sum;
}

}  // namespace eft::kernel

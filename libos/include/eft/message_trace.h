// The last 64 message headers of a process, in its persistent memory: what it was doing when it died.
//
// An entry's number is 0 while it is written and set last, so that a kill at any store, or a reader in between, sees an
// entry whole or not at all. Readers believe nothing else of the memory.
#pragma once

#include <eft/state/stores.h>

#include <algorithm>
#include <array>
#include <span>

namespace eft {

struct TraceEntry {
    u64 number;  // from 1; its place is the remainder by the number of entries
    u64 tag;
    u64 badge;
    u64 time;
};

constexpr std::size_t kTraceEntries = 64;
constexpr std::size_t kTraceBytes = kTraceEntries * sizeof(TraceEntry);
static_assert(kTraceBytes == 2048);

template <class Stores>
class BasicMessageTrace {
public:
    // Continues the numbers of the last incarnation. The memory is aligned to 8.
    explicit BasicMessageTrace(std::span<std::byte, kTraceBytes> memory)
        : entries_(reinterpret_cast<TraceEntry*>(memory.data())) {
        for (std::size_t at = 0; at < kTraceEntries; ++at)
            if (entries_[at].number % kTraceEntries == at) last_ = std::max(last_, entries_[at].number);
    }

    void record(u64 tag, u64 badge, u64 time) {
        if (++last_ == 0) last_ = kTraceEntries;
        TraceEntry& entry = entries_[last_ % kTraceEntries];
        Stores::word(entry.number, 0);
        Stores::word(entry.tag, tag);
        Stores::word(entry.badge, badge);
        Stores::word(entry.time, time);
        Stores::word(entry.number, last_);
    }

private:
    TraceEntry* entries_;
    u64 last_ = 0;
};

using MessageTrace = BasicMessageTrace<DirectStores>;

// Copies the whole entries, oldest first, from memory that another process may be writing. Answers how many.
inline std::size_t read_trace(std::span<const std::byte, kTraceBytes> memory,
                              std::array<TraceEntry, kTraceEntries>& out) {
    const auto* entries = reinterpret_cast<const TraceEntry*>(memory.data());
    std::size_t count = 0;
    for (std::size_t at = 0; at < kTraceEntries; ++at) {
        const auto load = [](const u64& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); };
        const TraceEntry entry{load(entries[at].number), load(entries[at].tag), load(entries[at].badge),
                               load(entries[at].time)};
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (entry.number != 0 && entry.number % kTraceEntries == at && load(entries[at].number) == entry.number)
            out[count++] = entry;
    }
    std::sort(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count),
              [](const TraceEntry& a, const TraceEntry& b) { return a.number < b.number; });
    return count;
}

}  // namespace eft

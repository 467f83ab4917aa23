// The last 24 requests that a process took, how each began, and what it answered, in its persistent memory: what it was
// doing when it died. The supervisor reads them from there into the crash dump.
//
// There is a place more than entries that are kept: the one behind `last`, which a kill may leave half written. An entry
// is whole before `last` goes on. Readers believe nothing of the memory.
#pragma once

#include <eft/abi/message.h>
#include <eft/state/stores.h>

#include <array>
#include <cstring>
#include <span>

namespace eft {

constexpr std::size_t kTraceEntries = 24;
// Those that travel in registers, and how the rest begins: a tail's first string, for example.
constexpr std::size_t kTracedWords = kRegisterWords + 2;

struct TraceEntry {
    u64 tag;
    u64 badge;
    u64 time;    // 0: nothing was ever here
    u64 answer;  // the reply's tag, written before it is sent; or one of:
    u64 words[kTracedWords];  // those beyond the tag's number of words mean nothing

    static constexpr u64 kNone = ~u64{0};        // not answered yet
    static constexpr u64 kNobody = ~u64{0} - 1;  // the sender did not wait for an answer
};

struct TraceMemory {
    u64 last;  // place of the last entry, as its distance in bytes from the first
    TraceEntry entries[kTraceEntries + 1];

    static constexpr u64 kLastPlace = sizeof(entries) - sizeof(TraceEntry);
};
static_assert(sizeof(TraceEntry) == 80 && sizeof(TraceMemory) == 8 + (kTraceEntries + 1) * sizeof(TraceEntry));
constexpr std::size_t kTraceWords = sizeof(TraceMemory) / sizeof(u64);

// Has no state but the memory. Each message pays for received() and answered(): they are to be few instructions. The
// first one begins at the first place, like each 25th after it; that is when `on_begin` is called.
class MessageTrace {
public:
    // Names an entry, for as long as 24 further requests have not come.
    struct Place {
        u64 offset;
        u64 time;
    };

    explicit MessageTrace(TraceMemory& memory) : memory_(memory) {}

    // What earlier incarnations have left is not this one's.
    void clear() {
        for (TraceEntry& entry : memory_.entries) store_word(entry.time, 0);
        store_word(memory_.last, TraceMemory::kLastPlace);
    }

    // `words` of the registers; `page` is the message page, whose first words are never used.
    [[gnu::always_inline]] void received(u64 tag, u64 badge, u64 time, const u64 (&words)[kRegisterWords], const u64* page) {
        received(tag, badge, time, words, page, [] {});
    }
    template <class OnBegin>
    [[gnu::always_inline]] void received(u64 tag, u64 badge, u64 time, const u64 (&words)[kRegisterWords], const u64* page, OnBegin on_begin) {
        u64 place = memory_.last + sizeof(TraceEntry);
        if (place == sizeof(TraceMemory::entries)) [[unlikely]] {
            on_begin();
            place = 0;
        }
        store_word(at(place).tag, tag);
        store_word(at(place).badge, badge);
        store_word(at(place).time, time);
        store_word(at(place).answer, TraceEntry::kNone);
        // No loop: it would make an array in memory of what is in machine registers.
        store_word(at(place).words[0], words[0]);
        store_word(at(place).words[1], words[1]);
        store_word(at(place).words[2], words[2]);
        store_word(at(place).words[3], words[3]);
        store_word(at(place).words[4], page[4]);
        store_word(at(place).words[5], page[5]);
        store_word(memory_.last, place);
    }
    // The request received last.
    [[gnu::always_inline]] void answered(u64 answer) { store_word(at(memory_.last).answer, answer); }

    // For requests that are answered later.
    Place current() const { return {memory_.last, at(memory_.last).time}; }
    void answered(Place place, u64 answer) {
        if (at(place.offset).time == place.time) store_word(at(place.offset).answer, answer);
    }

private:
    [[gnu::always_inline]] TraceEntry& at(u64 offset) const {
        return *reinterpret_cast<TraceEntry*>(reinterpret_cast<std::byte*>(memory_.entries) + offset);
    }

    TraceMemory& memory_;
};

// Takes the entries, oldest first, from a copy of the memory. Answers how many there are.
inline std::size_t read_trace(std::span<const u64, kTraceWords> memory, std::span<TraceEntry, kTraceEntries> out) {
    if (memory[0] % sizeof(TraceEntry) != 0 || memory[0] > TraceMemory::kLastPlace) return 0;
    std::size_t place = (memory[0] / sizeof(TraceEntry) + 1) % (kTraceEntries + 1);
    std::size_t count = 0;
    for (std::size_t i = 0; i < kTraceEntries; ++i) {
        place = (place + 1) % (kTraceEntries + 1);
        constexpr std::size_t kEntryWords = sizeof(TraceEntry) / sizeof(u64);
        TraceEntry entry;
        std::memcpy(&entry, memory.subspan(1 + place * kEntryWords).data(), sizeof entry);
        if (entry.time != 0) out[count++] = entry;
    }
    return count;
}

}  // namespace eft

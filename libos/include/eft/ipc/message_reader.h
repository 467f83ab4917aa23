// Reads a table from a received message. Used by generated check() and load() functions only.
//
// The message is the kernel's copy for this thread: nobody else can change it, so it is checked in place.
// open() deals with the message's length; afterwards every flat word that the table knows can be read.
#pragma once

#include <eft/ipc/area.h>
#include <eft/ipc/bits.h>
#include <eft/ipc/cap_field.h>
#include <eft/ipc/registers.h>
#include <eft/ipc/tail.h>

namespace eft::ipc {

template <class Table>
class MessageReader {
public:
    [[gnu::always_inline]] MessageReader(Registers& registers, Utcb& page, ReceivedCaps& caps, std::span<std::byte> area = {})
        : registers_(registers), page_words_(page.words), caps_(caps), area_(area) {}

    // False: the message cannot be this table. An older sender's missing flat words become zero.
    [[nodiscard, gnu::always_inline]] bool open() {
        if (caps_.count() < Table::kRequiredCaps) return false;
        unsigned words = registers_.tag.words();
        if constexpr (Table::kTailWords == 0) {
            if (words < Table::kFlatWords) [[unlikely]]
                add_absent_words(words);
            return true;
        } else {
            unsigned flat = words == 0 ? 0 : registers_.w[0] & 0xffff;
            if (flat > words) [[unlikely]]
                return false;
            if (flat == Table::kFlatWords) [[likely]] {
                find_tail(flat, words);
            } else {
                find_tail(flat, words);
                if (flat < Table::kFlatWords) add_absent_words(flat);
            }
            return true;
        }
    }

    // Copies the tail out of the message page, which the next call of this thread overwrites.
    [[gnu::always_inline]] void keep_tail(TailBuffer<Table::kTailWords>& buffer) {
        if constexpr (Table::kTailWords != 0) {
            copy_words(buffer.words, tail_.data, (tail_.end - tail_.begin) / sizeof(u64));
            tail_.data = reinterpret_cast<const std::byte*>(buffer.words);
        }
    }

    [[gnu::always_inline]] u64 word(unsigned index) const {
        return index < kRegisterWords ? registers_.w[index] : page_words_[index];
    }
    [[gnu::always_inline]] const Tail& tail() const { return tail_; }
    std::span<std::byte> area() const { return area_; }

    template <class Kind>
    CapField<Kind> cap(unsigned index) {
        return caps_.take<Kind>(index);
    }

private:
    static constexpr unsigned kPageWords = Table::kFlatWords > kRegisterWords ? Table::kFlatWords : 0;
    struct Nothing {};

    [[gnu::always_inline]] void find_tail(unsigned flat, unsigned words) {
        unsigned start = flat > kRegisterWords ? flat : kRegisterWords;
        if (words <= start) return;
        unsigned known = words - start < Table::kTailWords ? words - start : Table::kTailWords;
        unsigned begin = start * sizeof(u64);
        tail_ = Tail{reinterpret_cast<const std::byte*>(page_words_ + start), begin,
                     begin + static_cast<unsigned>(known * sizeof(u64))};
    }

    // Each register word by its own number, so that they need no memory.
    [[gnu::always_inline]] void add_absent_words(unsigned present) {
        if (present < 1) registers_.w[0] = 0;
        if (present < 2) registers_.w[1] = 0;
        if (present < 3) registers_.w[2] = 0;
        if (present < 4) registers_.w[3] = 0;
        if constexpr (kPageWords != 0) {
            // Not in place: behind an older sender's flat words its tail may begin.
            for (unsigned i = kRegisterWords; i < Table::kFlatWords; ++i)
                completed_[i] = i < present ? page_words_[i] : 0;
            page_words_ = completed_;
        }
    }

    Registers& registers_;
    const u64* page_words_;
    ReceivedCaps& caps_;
    std::span<std::byte> area_;
    Tail tail_;
    [[no_unique_address]] std::conditional_t<kPageWords != 0, u64[kPageWords ? kPageWords : 1], Nothing> completed_;
};

}  // namespace eft::ipc

// Writes a table into a message: words 0 to 3 into registers, the rest straight into the message page.
//
// Used by generated encode() functions only. Every word up to the last is written, so that nothing of an older message
// in the page reaches the receiver.
#pragma once

#include <eft/ipc/area.h>
#include <eft/ipc/bits.h>
#include <eft/ipc/cap_field.h>
#include <eft/ipc/flat_writer.h>
#include <eft/ipc/registers.h>
#include <eft/ipc/tail.h>

namespace eft::ipc {

template <class Table>
class MessageWriter {
public:
    [[gnu::always_inline]] MessageWriter(Registers& registers, Utcb& page) : registers_(registers), page_(page) {
        if constexpr (Table::kTailWords != 0)
            for (unsigned i = Table::kFlatWords; i < kRegisterWords; ++i) registers.w[i] = 0;
    }

    [[gnu::always_inline]] void set(unsigned index, u64 value) {
        if (index < kRegisterWords)
            registers_.w[index] = value;
        else
            page_.words[index] = value;
    }

    // Appends to the tail and returns the descriptor. The caller has checked the bound.
    template <class View>
    [[gnu::always_inline]] u64 tail(const View& view) {
        if (view.empty()) return 0;
        std::size_t bytes = view.size() * sizeof(*view.data());
        unsigned offset = end_ * sizeof(u64);
        copy_to_words(page_.words + end_, view.data(), bytes);
        end_ += tail_words(bytes);
        return u64{view.size()} << 16 | offset;
    }

    // The whole tail is one FlatBuffer, written where it travels. Answers with what describes it, as tail() does.
    u64 flatbuffer(const Table& table) {
        FlatWriter flat(std::span<u64>(page_.words + kTailStart, kMaxWords - kTailStart));
        flat.set_root(table.put(flat));
        complete_ = flat.ok();
        end_ = kTailStart + static_cast<unsigned>(tail_words(flat.size()));
        return u64{flat.size()} << 16 | kTailStart * sizeof(u64);
    }
    // False: there was no room for all of it. Never so for a table with bounds, which fits() has seen.
    bool complete() const { return complete_; }

    template <class Kind>
    void cap(unsigned index, const CapField<Kind>& field) {
        if (!field.present()) return;  // an optional one, and so are all that follow
        page_.send_slots[index] = raw(field.slot());
        if constexpr (Table::kCaps != Table::kRequiredCaps)
            if (caps_ == index) ++caps_;
    }

    // The receiver gets a copy with fewer rights. Where none can be made, the kernel finds an empty slot.
    template <class Kind>
    void cap(unsigned index, const CapField<Kind>& field, Rights rights) {
        cap(index, field);
        if (field.present()) page_.send_slots[index] = raw(narrowed_.add(slots::narrow(field.slot(), rights)));
    }
    // Of a reply, which leaves after this writer is gone.
    void keep_narrowed(OutgoingCaps& outgoing) { narrowed_.move_to(outgoing); }

    [[gnu::always_inline]] Tag tag(u32 label, u16 sequence = 0) const {
        unsigned words = Table::kFlatWords;
        if constexpr (Table::kTailWords != 0)
            if (end_ > kTailStart) words = end_;
        return Tag(label, words, Table::kCaps == Table::kRequiredCaps ? Table::kCaps : caps_, sequence);
    }

private:
    struct Nothing {};
    static constexpr unsigned kTailStart = Table::kFlatWords > kRegisterWords ? Table::kFlatWords : kRegisterWords;

    Registers& registers_;
    Utcb& page_;
    unsigned end_ = kTailStart;  // in words
    unsigned caps_ = 0;
    bool complete_ = true;
    [[no_unique_address]] std::conditional_t<Table::kNarrows, OutgoingCaps, Nothing> narrowed_;
};

}  // namespace eft::ipc

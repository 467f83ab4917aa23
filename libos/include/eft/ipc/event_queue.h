// The events of one subscription that its subscriber has not acknowledged: a part of its session in the state region.
//
//   server                                        subscriber
//   push(event)  -> number last + 1, signal  -->  wakes, asks for the event after the last that it has dealt with
//   next(after)  <-- acknowledges all up to `after`, answers the first one behind it
//
// Numbers go up by one, so a gap is what was lost: a full queue overwrites its oldest event, and the answer says how many
// are missing. To ask is idempotent: server and subscriber may die at any point, and a subscriber that keeps the number
// of the last event that it has dealt with sees each one exactly once. One that does not sees those again that it has
// not acknowledged.
//
// An event lies in its entry as the words of its message, laid out as on the wire.
#pragma once

#include <eft/ipc/bits.h>
#include <eft/ipc/message_reader.h>

#include <algorithm>

namespace eft::ipc {

// All words of a message with this table, wherever they travel.
template <class Table>
constexpr unsigned kAllWords =
    Table::kTailWords == 0 ? Table::kFlatWords : std::max(Table::kFlatWords, kRegisterWords) + Table::kTailWords;

// What MessageWriter and MessageReader are to messages, for plain words that one program writes for itself.
template <class Table>
class WordWriter {
public:
    explicit WordWriter(u64* words) : words_(words) {}
    void set(unsigned index, u64 value) { words_[index] = value; }
    template <class View>
    u64 tail(const View& view) {
        if (view.empty()) return 0;
        const std::size_t bytes = view.size() * sizeof(*view.data());
        const unsigned offset = end_ * sizeof(u64);
        copy_to_words(words_ + end_, view.data(), bytes);
        end_ += tail_words(bytes);
        return u64{view.size()} << 16 | offset;
    }

private:
    u64* words_;
    unsigned end_ = kAllWords<Table> - Table::kTailWords;
};

template <class Table>
class WordReader {
public:
    explicit WordReader(const u64* words) : words_(words) {
        constexpr unsigned kStart = kAllWords<Table> - Table::kTailWords;
        tail_ = Tail{reinterpret_cast<const std::byte*>(words + kStart), kStart * unsigned{sizeof(u64)},
                     kAllWords<Table> * unsigned{sizeof(u64)}};
    }
    u64 word(unsigned index) const { return words_[index]; }
    const Tail& tail() const { return tail_; }

private:
    const u64* words_;
    Tail tail_;
};

// Event is the generated table: number, missed, then what the interface declares.
template <class Event, u32 Depth>
struct EventQueue {
    static_assert(Event::kCaps == 0 && Depth >= 2);
    static constexpr u32 kDepth = Depth;

    struct Head {
        u64 subscribed = 0;    // 1: the subscriber's notification lies in a slot of the session's place
        u64 last = 0;          // number of the newest event; 0: there was none
        u64 acknowledged = 0;  // the subscriber wants nothing up to here any more
    };
    struct Entry {
        u64 words[kAllWords<Event>] = {};
    };

    Head head;
    Entry entries[Depth] = {};

    const Entry& entry(u64 number) const { return entries[number % Depth]; }
    bool waiting() const { return head.subscribed != 0 && head.last > head.acknowledged; }

    // The first event that is neither acknowledged nor overwritten; number 0: there is none. Its strings lie in the
    // queue.
    Event oldest() const {
        if (!waiting()) return Event{};
        const u64 wanted = head.acknowledged + 1;
        const u64 kept = head.last >= Depth ? head.last - Depth + 1 : 1;
        const u64 number = std::max(wanted, kept);
        WordReader<Event> in(entry(number).words);
        Event event = Event::load(in);
        event.number = number;
        event.missed = number - wanted;
        return event;
    }

    static Entry encode(const Event& event) {
        Entry entry;
        WordWriter<Event> out(entry.words);
        event.encode(out);
        return entry;
    }
};

}  // namespace eft::ipc

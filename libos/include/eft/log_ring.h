// A ring of text lines in a service's persistent memory: the service writes, log reads, nobody waits.
//
//   | LogRingHeader | records ... |      record = {stamp, sequence, time, length} and the text, in 8-byte words,
//   wrapping
// Positions count the bytes ever written; a position's place is its remainder by the capacity. The complete records are
// those from `tail` to `head`. The writer
//   1  raises `tail` over the records that it is about to overwrite,
//   2  writes the record behind `head`,
//   3  raises `next_sequence`, then `head`: now the record is there.
// Killed before the end of 3 it leaves the line out, and where the number was taken already, readers count a lost line.
// The next incarnation goes on where `head` is.
//
// The reader has a read-only mapping and its own cursor. It copies every word before it looks at it, believes no index,
// and takes a record only if `tail` has not passed it meanwhile (the writer may run between any two of its loads).
#pragma once

#include <eft/abi/result.h>
#include <eft/state/stores.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

namespace eft {

struct LogRingHeader {
    u64 magic;
    u64 tail;
    u64 head;
    u64 next_sequence;  // from 1
    u64 reserved[4];

    static constexpr u64 kMagic = 0x6566'746c'6f67'0001;
};
static_assert(sizeof(LogRingHeader) == 64);

struct LogRecordHead {
    u64 stamp;  // of its position, so that stale bytes are not taken for a record
    u64 sequence;
    u64 time;
    u64 length;  // bytes of text; bit 63: the line was longer

    static constexpr u64 kCut = u64{1} << 63;
    static constexpr std::size_t kWords = 4;
    static constexpr u64 stamp_of(u64 position) {
        return (position + 1) * 0x9e37'79b9'7f4a'7c15 ^ LogRingHeader::kMagic;
    }
    static constexpr u64 bytes_for(u64 text) { return (kWords + (text + 7) / 8) * 8; }
};

constexpr std::size_t kLogLineLimit = 256;
constexpr std::size_t kLogRingMinimum = sizeof(LogRingHeader) + 2 * LogRecordHead::bytes_for(kLogLineLimit);

constexpr u64 log_ring_capacity(std::size_t memory_size) { return (memory_size - sizeof(LogRingHeader)) / 8 * 8; }

class LogWriter {
public:
    // Goes on with the lines of the last incarnation; what cannot be a ring, and zero memory, becomes an empty one.
    // The memory is aligned to 8 and has at least kLogRingMinimum bytes.
    explicit LogWriter(std::span<std::byte> memory)
        : header_(reinterpret_cast<LogRingHeader*>(memory.data())),
          words_(reinterpret_cast<u64*>(memory.data() + sizeof(LogRingHeader))),
          capacity_(log_ring_capacity(memory.size())) {
        tail_ = header_->tail;
        head_ = header_->head;
        sequence_ = header_->next_sequence;
        if (!plausible()) format();
    }

    // A line without its end. Longer ones than kLogLineLimit are cut.
    void append(std::string_view line, u64 time) {
        const bool cut = line.size() > kLogLineLimit;
        if (cut) line = line.substr(0, kLogLineLimit);
        const u64 size = LogRecordHead::bytes_for(line.size());
        if (!make_room(size)) format();

        const u64 head[] = {LogRecordHead::stamp_of(head_), sequence_, time,
                            line.size() | (cut ? LogRecordHead::kCut : 0)};
        u64 at = head_;
        for (u64 value : head) put(at, value);
        for (; !line.empty(); line.remove_prefix(std::min(line.size(), sizeof(u64)))) {
            u64 value = 0;
            std::memcpy(&value, line.data(), std::min(line.size(), sizeof value));
            put(at, value);
        }
        store_word(header_->next_sequence, ++sequence_);
        head_ = at;
        store_word(header_->head, head_);
    }

private:
    u64& word(u64 position) { return words_[position % capacity_ / 8]; }
    void put(u64& position, u64 value) {
        store_word(word(position), value);
        position += sizeof(u64);
    }

    // The size of the record at this position, or 0 if there cannot be one.
    u64 record_size(u64 position) {
        const u64 length = word(position + 24) & ~LogRecordHead::kCut;
        if (word(position) != LogRecordHead::stamp_of(position) || length > kLogLineLimit) return 0;
        const u64 size = LogRecordHead::bytes_for(length);
        return size <= head_ - position ? size : 0;
    }
    bool plausible() {
        if (header_->magic != LogRingHeader::kMagic || sequence_ == 0) return false;
        if (tail_ > head_ || head_ - tail_ > capacity_ || tail_ % 8 != 0 || head_ % 8 != 0) return false;
        for (u64 at = tail_; at != head_;) {
            const u64 size = record_size(at);
            if (size == 0) return false;
            at += size;
        }
        return true;
    }
    bool make_room(u64 size) {
        u64 tail = tail_;
        while (head_ + size - tail > capacity_) {
            const u64 dropped = record_size(tail);
            if (dropped == 0) return false;  // somebody wrote over the ring
            tail += dropped;
        }
        if (tail != tail_) store_word(header_->tail, tail_ = tail);
        return true;
    }
    void format() {
        store_word(header_->magic, 0);
        store_word(header_->tail, tail_ = 0);
        store_word(header_->head, head_ = 0);
        store_word(header_->next_sequence, sequence_ = 1);
        store_word(header_->magic, LogRingHeader::kMagic);
    }

    LogRingHeader* header_;
    u64* words_;
    u64 capacity_;
    u64 tail_, head_, sequence_;  // what the header says; it is not asked again
};

struct LogLine {
    u64 sequence;
    u64 time;
    u64 lost;  // lines between this one and the one read before
    bool cut;  // at the writer's limit, or at the reader's buffer
    std::string_view text;
};

// Where a reader stands; kept by one that wants to go on after its own restart.
struct LogCursor {
    u64 position = 0;
    u64 sequence = 0;  // expected next; 0: whatever comes first
};

class LogReader {
public:
    explicit LogReader(std::span<const std::byte> memory, LogCursor cursor = {})
        : header_(reinterpret_cast<const LogRingHeader*>(memory.data())),
          words_(reinterpret_cast<const u64*>(memory.data() + sizeof(LogRingHeader))),
          capacity_(log_ring_capacity(memory.size())),
          cursor_(cursor) {}

    LogCursor cursor() const { return cursor_; }

    // The next complete line, its text in `buffer`. WouldBlock: there is none yet. ProtocolViolation: the ring is not
    // as its writer's code would leave it; everything up to its present end is skipped.
    Result<LogLine> next(std::span<char> buffer) {
        constexpr int kTries = 16;  // a writer that overtakes this often writes nonsense
        for (int i = 0; i < kTries; ++i) {
            const u64 magic = load(header_->magic);
            if (magic == 0) return Error::WouldBlock;  // not made yet
            const u64 tail = load(header_->tail), head = load(header_->head);
            if (magic != LogRingHeader::kMagic || tail % 8 != 0 || head % 8 != 0 || tail > head) break;
            if (head - tail > capacity_) continue;  // the writer ran between the two loads
            if (cursor_.position < tail || cursor_.position > head) cursor_.position = tail;
            if (cursor_.position == head) return Error::WouldBlock;

            const std::optional<LogLine> line = copy(buffer, head);
            __atomic_thread_fence(__ATOMIC_ACQUIRE);
            if (load(header_->tail) > cursor_.position) continue;  // overwritten while it was copied
            if (!line) break;
            cursor_ = {cursor_.position + record_bytes_, line->sequence + 1};
            return *line;
        }
        cursor_.position = load(header_->head);
        return Error::ProtocolViolation;
    }

private:
    static u64 load(const u64& word) { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }
    u64 load_at(u64 position) const { return load(words_[position % capacity_ / 8]); }

    std::optional<LogLine> copy(std::span<char> buffer, u64 head) {
        const u64 at = cursor_.position;
        if (head - at < LogRecordHead::bytes_for(0) || load_at(at) != LogRecordHead::stamp_of(at)) return {};
        const u64 sequence = load_at(at + 8), time = load_at(at + 16), length_word = load_at(at + 24);
        const u64 length = length_word & ~LogRecordHead::kCut;
        if (length > kLogLineLimit || LogRecordHead::bytes_for(length) > head - at) return {};
        record_bytes_ = LogRecordHead::bytes_for(length);

        const std::size_t fits = std::min<std::size_t>(length, buffer.size());
        for (std::size_t done = 0; done < fits; done += sizeof(u64)) {
            const u64 value = load_at(at + LogRecordHead::bytes_for(done));
            std::memcpy(buffer.data() + done, &value, std::min(fits - done, sizeof value));
        }
        const bool known = cursor_.sequence != 0 && sequence > cursor_.sequence;
        return LogLine{sequence,
                       time,
                       known ? sequence - cursor_.sequence : 0,
                       fits < length || (length_word & LogRecordHead::kCut) != 0,
                       {buffer.data(), fits}};
    }

    const LogRingHeader* header_;
    const u64* words_;
    u64 capacity_;
    LogCursor cursor_;
    u64 record_bytes_ = 0;  // of the record that copy() saw
};

}  // namespace eft

// A state region: the part of a server's memory that outlives its incarnations.
//
//   | RegionHeader | undo log, LogBytes | T |        mapped at the same address in each incarnation, zero at first
//
// T is trivially copyable and holds no pointers to code or heap. It is read through * and ->, and changed only in a
// Transaction, which makes all changes of one request happen with its reply or not at all (undo_log.h says how, and
// numbers the places where a kill can strike).
//
//   StateRegion<Counters> region(memory, kLayoutVersion);
//   switch (region.recover(replies_delivered_before)) { ... }           // before the first request
//   auto transaction = region.begin();
//   EFT_CHECK(transaction.write(region->total, region->total + 1));     // an error has taken everything back
//   transaction.commit_with_reply();                                    // the loop calls log().expect and log().close
// A Transaction that ends without a commit takes its changes back.
#pragma once

#include <eft/state/undo_log.h>

#include <new>
#include <type_traits>
#include <utility>

namespace eft {

enum class RecoveryOutcome : u8 {
    Fresh,        // the memory was zero, or a first start did not come to its end: T is as its constructor makes it
    Kept,         // the state is that after the last request that was answered; nothing was in progress
    Undone,       // the same, and a request in progress was undone
    OtherLayout,  // written by another version of the server; untouched. take_over() or reset()
    Migrated,     // the state of another version was taken over
    Damaged,      // header or undo log cannot be right; untouched. Only reset() makes the region usable
};

// What T is made of, if it is a server's state with sessions: | shared | badges | checks | records |, and of each record first what
// the interface keeps for the session. So two versions of a server know what of the other's state is theirs. Bytes.
struct StateShape {
    u32 shared;
    u32 sessions;  // how many
    u32 record;
    u32 session;  // of the record; what is behind it is libos' own
    bool operator==(const StateShape&) const = default;
};

struct RegionHeader {
    u64 magic;  // 0, kInitialising, or kReady
    u32 layout_version;
    u32 log_bytes;
    u64 state_bytes;
    u64 check;  // over the three above, and the shape
    u64 log_used;
    u64 log_expected;
    StateShape shape;

    static constexpr u64 kInitialising = 0x6566'7473'7461'7421;
    static constexpr u64 kReady = 0x6566'7473'7461'7465;
    static constexpr u64 kCheckSeed = 0x7374'6174;

    constexpr u64 computed_check() const {
        const u64 sizes = mix_check(mix_check(kCheckSeed, u64{layout_version} << 32 | log_bytes), state_bytes);
        return mix_check(mix_check(sizes, u64{shape.shared} << 32 | shape.sessions), u64{shape.record} << 32 | shape.session);
    }
    bool is_ready() const { return magic == kReady && check == computed_check(); }
    bool has_layout_of(const RegionHeader& other) const {
        return layout_version == other.layout_version && log_bytes == other.log_bytes && state_bytes == other.state_bytes && shape == other.shape;
    }
};
static_assert(sizeof(RegionHeader) == 64);

// The changes of one request. Lives in one step: no co_await while it is open.
class Transaction {
public:
    Transaction(UndoLog& log, Error error) : log_(&log), error_(error) {}
    Transaction(Transaction&& other) noexcept
        : log_(std::exchange(other.log_, nullptr)), error_(std::exchange(other.error_, Error::WrongState)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction() { abort(); }

    // An error (LimitReached: the log is full; OutOfRange: not in the region) has aborted the transaction.
    template <class U>
    requires std::is_trivially_copyable_v<U> Status write(const U& field, const std::type_identity_t<U>& value) {
        return write_bytes(bytes_of(field), reinterpret_cast<const std::byte*>(&value));
    }
    template <class U>
    requires std::is_trivially_copyable_v<U> Status write_span(std::span<const U> fields,
                                                               std::span<const std::type_identity_t<U>> values) {
        if (fields.size() != values.size()) return fail(Error::InvalidArgument);
        return write_bytes(std::as_bytes(fields), std::as_bytes(values).data());
    }
    // The field itself, saved, to be changed at will until the commit.
    template <class U>
    requires std::is_trivially_copyable_v<U> Result<U*> edit(const U& field) {
        EFT_CHECK(save(bytes_of(field)));
        return const_cast<U*>(&field);
    }

    // The changes stay exactly if the reply of this step is delivered. The server loop, which counts the replies,
    // writes the number down just before it sends.
    Status commit_with_reply() {
        log_ = nullptr;
        return error_;
    }
    // The same for a caller that counts for itself; region.log().close() follows after the reply.
    Status commit_with_reply(u64 replies_expected) {
        if (log_ && error_ == Error::None) log_->expect(replies_expected);
        return commit_with_reply();
    }
    // For steps without a reply.
    Status commit_now() {
        if (log_ && error_ == Error::None) log_->close();
        return commit_with_reply();
    }
    void abort() { static_cast<void>(fail(Error::WrongState)); }

    Error error() const { return error_; }

private:
    template <class U>
    static std::span<const std::byte> bytes_of(const U& field) {
        return std::as_bytes(std::span(&field, 1));
    }
    Status fail(Error error) {
        if (log_ && error_ == Error::None) {
            log_->abort();
            error_ = error;
        }
        return error_;
    }
    Status save(std::span<const std::byte> bytes) {
        if (!log_ || error_ != Error::None) return error_ != Error::None ? error_ : Error::WrongState;
        if (Status saved = log_->before_change(bytes); !saved.ok()) return fail(saved.error());
        return {};
    }
    Status write_bytes(std::span<const std::byte> fields, const std::byte* values) {
        EFT_CHECK(save(fields));
        store_bytes(const_cast<std::byte*>(fields.data()), values, fields.size());
        return {};
    }

    UndoLog* log_;  // null: committed, or moved away
    Error error_;
};

// What does not depend on T (src/region.cc).
class AnyStateRegion {
public:
    // To be called once, before the first request. `replies_delivered` is the sum over all dead incarnations. `is_elsewhere`: there
    // is a copy of the state for take_over(), so that what a kill has left unfinished is OtherLayout, not Fresh.
    RecoveryOutcome recover(u64 replies_delivered, bool is_elsewhere = false);
    // Gives everything up for a new T. A kill in the middle of it leads to Fresh.
    void reset() { begin_anew(), finish(); }

    // What another version of the server has left, in a copy of its region: with the fields that both versions have, and that begin
    // with the same bytes, in `shared` and in the sessions. New fields are as a new T has them. A request in progress is undone first,
    // in the copy. `migrate`, if it is not null, then has its say about `shared`; it must be there if the versions differ. A kill in the
    // middle of it leaves this region unfinished, and the copy good for another time. NotSupported: the
    // two shapes do not say how, there is no function, or it has refused; then the region is unfinished. BadFormat: the copy is damaged.
    using Migrate = bool (*)(u32 version, std::span<const std::byte> old_shared, std::byte* shared);
    Status take_over(std::span<std::byte> old, u64 replies_delivered, Migrate migrate);

    [[nodiscard]] Transaction begin() { return Transaction(log_, usable_ ? log_.begin().error() : Error::WrongState); }

    // For the server loop, which need not know T.
    UndoLog& log() { return log_; }

protected:
    AnyStateRegion(std::span<std::byte> memory, u32 layout_version, u32 log_bytes, const StateShape& shape, void (*make)(std::byte* state))
        : memory_(memory),
          layout_version_(layout_version),
          log_bytes_(log_bytes),
          shape_(shape),
          make_(make),
          log_(*reinterpret_cast<UndoLog::Words*>(memory.data() + kLogWordsOffset), memory.subspan(sizeof(RegionHeader), log_bytes),
               memory.subspan(state_offset())) {}
    const std::byte* state() const { return memory_.data() + state_offset(); }

private:
    static constexpr std::size_t kLogWordsOffset = offsetof(RegionHeader, log_used);
    static_assert(offsetof(RegionHeader, log_expected) == kLogWordsOffset + sizeof(u64));

    std::size_t state_offset() const { return sizeof(RegionHeader) + log_bytes_; }
    u64 state_bytes() const { return memory_.size() - state_offset(); }
    RegionHeader& header() { return *reinterpret_cast<RegionHeader*>(memory_.data()); }
    RegionHeader own_layout() const;
    void begin_anew();
    void finish();

    std::span<std::byte> memory_;  // all of it, and no more
    u32 layout_version_;
    u32 log_bytes_;
    StateShape shape_;
    bool usable_ = false;
    void (*make_)(std::byte* state);  // constructs a T
    UndoLog log_;
};

template <class T, std::size_t LogBytes = 4096 - sizeof(RegionHeader)>
class StateRegion : public AnyStateRegion {
    static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>);
    static_assert(LogBytes % 64 == 0 && LogBytes <= ~u32{0} && sizeof(T) <= ~u32{0} && alignof(T) <= 64);
    static constexpr std::size_t kStateOffset = sizeof(RegionHeader) + LogBytes;

public:
    // What must be mapped; the address must be a multiple of 64.
    static constexpr std::size_t kBytes = kStateOffset + sizeof(T);

    // Touches nothing yet. The memory must be at least kBytes long.
    StateRegion(std::span<std::byte> memory, u32 layout_version, const StateShape& shape = {})
        : AnyStateRegion(memory.first(kBytes), layout_version, LogBytes, shape, [](std::byte* state) { ::new (static_cast<void*>(state)) T(); }) {}

    const T& operator*() const { return *std::launder(reinterpret_cast<const T*>(state())); }
    const T* operator->() const { return &**this; }
};

}  // namespace eft

// One service that root itself supervises: its persistent part, and the building and ending of its
// incarnations. The smallest such thing that can work: everything of an incarnation is made of one
// untyped block, and revoking that block is the death. Its program is loaded from a copy that only root has.
//
// The next incarnation can be built in a second block before it is needed (prepare_next). Then a death takes the thread and the
// Replies with it, so that nothing of the dead one runs and its callers are told, and its block is revoked when the next
// one is built there.
//
// root's slots for a service, from `base`:
//   0 persistent untyped  1 CapTable  2 endpoint  3 notification  4.. config, and what is shown  63 what is there for a moment
// and for a block, from its `first`:
//   0 untyped  1 space  2 thread  3 message page  4 context  5.. page tables  16.. Replies  80.. frames
#pragma once

#include "memory.h"

#include <eft/elf.h>
#include <eft/service_config.h>

#include <string_view>

namespace eft::root {

// Bits of root's notification: by which the service with this index signals.
constexpr unsigned kFirstServiceBit = 8;

struct ServiceSpec {
    std::string_view name;
    std::string_view program;     // in the boot archive
    unsigned memory_bits;         // of the incarnation
    unsigned table_bits;          // log2 of the slots of its CapTable that libos uses
    u8 priority;
    u32 heap_pages;               // mapped from the start
    u32 state_bytes;
    Rights endpoint_rights;       // core servers mint their own sessions: all rights
    // For who manages more slots itself: log2 of those that its table can grow to, and with how many pages it starts. They
    // are persistent.
    unsigned table_limit_bits = 0;
    u32 table_pages = 0;
    u32 persistent_slots = kUsualPersistentSlots;
    u32 replies = kUsualReplies;
    u32 shown_pages = 0;  // that root writes and the service reads, at layout::kShownAddress
};

class Service {
public:
    static constexpr u32 kBlockSlots = 416;
    static constexpr u32 kSlots = 64 + kBlockSlots;
    static constexpr u32 kLogBytes = 4 * kPageSize;

    Service() = default;

    // Makes the persistent part. `index` distinguishes services: it is the bit (kFirstServiceBit + index) by which
    // the service signals root, and its badge (1 + index) in exception messages.
    Status create(Memory& memory, const ServiceSpec& spec, std::span<const std::byte> image, u32 index, Slot exceptions);

    // Puts a capability of root's into the service's table under a name of its configuration.
    Status grant(std::string_view name, Slot cap, Rights rights = kAllRights, u64 badge = 0);
    // In place of what has that name; it may be empty by now.
    Status grant_again(std::string_view name, Slot cap, Rights rights = kAllRights);
    // The same for capabilities that cannot be shared: consecutive slots, from the one answered.
    Result<u32> hand_over(Slot first, u32 count);

    // Builds the next incarnation on the persistent part, or takes the one that is prepared; resume lets it run.
    Status build_next();
    Status resume();
    // Ends the incarnation: afterwards nothing of it is left but its persistent part, and, if the next one is prepared, memory.
    Status end();

    // Builds the incarnation after this one as far as that can be done before this one ends.
    Status prepare_next();
    bool is_prepared() const { return other().is_built; }

    std::string_view name() const { return spec_.name; }
    Slot endpoint() const { return at(2); }
    Slot notification() const { return at(3); }
    Slot thread() const { return present().at(kThread); }
    Slot space() const { return present().at(kSpace); }
    Slot table() const { return at(1); }
    Slot incarnation_memory() const { return present().at(kMemory); }
    ServiceConfig& config() const { return *config_; }
    PersistentHead& head() const { return *head_; }
    Slot log_frames() const { return persistent_frame(1); }
    std::byte* shown() const { return reinterpret_cast<std::byte*>(config_) + kPageSize; }
    std::byte* state() const { return reinterpret_cast<std::byte*>(head_) + kPageSize + kLogBytes; }
    std::span<const std::byte> log() const { return {reinterpret_cast<const std::byte*>(head_) + kPageSize, kLogBytes}; }
    u64 entry() const { return elf_.entry(); }
    // Of the incarnation: words of its innermost stack page that are addresses in its code, 0 where there are no more.
    void trace(u64 stack, std::span<u64> frames);
    u64 incarnation() const { return incarnation_; }
    bool ready() const { return head_->ready_incarnation == static_cast<u32>(incarnation_); }

private:
    static constexpr u32 kMemory = 0, kSpace = 1, kThread = 2, kUtcb = 3, kContext = 4, kFirstTable = 5, kFirstReply = 16, kFirstFrame = 80;
    struct Block {
        Slot first = Slot::None;   // None: there is no such block yet
        Slot copies = Slot::None;  // of the persistent frames, for the address space
        u32 next_frame = 0;
        u32 first_stack_frame = 0;
        Slot next_table = Slot::None;
        bool is_built = false;  // an incarnation that has not been given the table yet
        bool is_left = false;   // something is in it
        Slot at(u32 offset) const { return static_cast<Slot>(raw(first) + offset); }
        // The configuration, what is shown, then the persistent frames.
        Slot copy(u32 index) const { return static_cast<Slot>(raw(copies) + index); }
    };
    const Block& present() const { return blocks_[present_]; }
    const Block& other() const { return blocks_[1 - present_]; }

    Slot at(u32 offset) const { return static_cast<Slot>(raw(base_) + offset); }
    Slot passing() const { return at(63); }
    // Head, log, state.
    Slot persistent_frame(u32 index) const { return static_cast<Slot>(raw(persistent_frames_) + index); }
    u32 config_pages() const { return 1 + spec_.shown_pages; }
    Result<std::span<const std::byte>> copy_image(Memory& memory, std::span<const std::byte> image);
    Status create_table(Memory& memory);
    Status create_persistent_memory(Memory& memory);
    Status fill_table();
    Status make_block(Block& block);
    Status map_incarnation_page(Block& block, u64 address, Rights rights, const ElfSegment* segment);
    Status map_persistent(Block& block);
    Status map_memory(Block& block);
    Status make_thread(Block& block);
    Status build(Block& block);
    Status take_over();
    Status end_thread();

    ServiceSpec spec_{};
    Elf elf_;
    Slot base_ = Slot::None;
    u32 index_ = 0;
    u64 incarnation_ = 0;
    u64 replies_delivered_ = 0;  // by all incarnations that ended
    u32 persistent_pages_ = 0;
    Slot persistent_frames_ = Slot::None;
    Block blocks_[2];
    u32 present_ = 0;
    u32 next_named_ = 0;
    ServiceConfig* config_ = nullptr;
    PersistentHead* head_ = nullptr;
    Memory* memory_ = nullptr;
    Slot exceptions_ = Slot::None;
};

}  // namespace eft::root

// One service that root itself supervises: its persistent part, and the building and ending of its
// incarnations. The smallest such thing that can work: everything of an incarnation is made of one
// untyped block, and revoking that block is the death. Its program is loaded from a copy that only root has.
//
// root's slots for a service, from `base`:
//   0 persistent untyped  1 CapTable  2 endpoint  3 notification  4.. config, and what is shown
//   64 incarnation untyped  65 space  66 thread  67 message page  68.. page tables  80.. frames
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
    static constexpr u32 kSlots = 480;
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

    // Builds the next incarnation on the persistent part; resume lets it run.
    Status build_next();
    Status resume();
    // Ends the incarnation: afterwards nothing of it is left but its persistent part.
    Status end();

    std::string_view name() const { return spec_.name; }
    Slot endpoint() const { return at(2); }
    Slot notification() const { return at(3); }
    Slot thread() const { return at(66); }
    Slot space() const { return at(65); }
    Slot context() const { return at(68); }
    Slot table() const { return at(1); }
    Slot incarnation_memory() const { return at(64); }
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
    Slot at(u32 offset) const { return static_cast<Slot>(raw(base_) + offset); }
    // Head, log, state.
    Slot persistent_frame(u32 index) const { return static_cast<Slot>(raw(persistent_frames_) + index); }
    u32 config_pages() const { return 1 + spec_.shown_pages; }
    // Of the configuration, what is shown, and these, for the service's own address space.
    Slot persistent_copy(u32 index) const { return static_cast<Slot>(raw(persistent_copies_) + index); }
    Result<std::span<const std::byte>> copy_image(Memory& memory, std::span<const std::byte> image);
    Status create_table(Memory& memory);
    Status create_persistent_memory(Memory& memory);
    Status fill_table();
    Status map_incarnation_page(u64 address, Rights rights, const ElfSegment* segment);
    Status map_persistent();
    Status build();

    ServiceSpec spec_{};
    Elf elf_;
    Slot base_ = Slot::None;
    u32 index_ = 0;
    u64 incarnation_ = 0;
    u64 replies_delivered_ = 0;  // by all incarnations that ended
    u32 persistent_pages_ = 0;
    Slot persistent_frames_ = Slot::None, persistent_copies_ = Slot::None;
    u32 next_frame_ = 0;
    u32 first_stack_frame_ = 0;
    Slot next_table_ = Slot::None;
    u32 next_named_ = 0;
    ServiceConfig* config_ = nullptr;
    PersistentHead* head_ = nullptr;
    Memory* memory_ = nullptr;
    Slot exceptions_ = Slot::None;
};

}  // namespace eft::root

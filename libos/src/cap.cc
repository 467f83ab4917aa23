// Scratch slots. A restart finds all of them empty: the supervisor clears the range.
#include <eft/cap.h>

#include <eft/invoke.h>
#include <eft/process.h>

namespace eft {
namespace {

constexpr u32 kMaxScratch = 4096;
constexpr u32 kWordBits = 64;

struct ScratchSlots {
    u64 used[kMaxScratch / kWordBits] = {};
    u32 count = 0;  // slots that the table has
    u32 in_use = 0;
    u32 hint = 0;   // no free slot in words below

    u32 size() {
        if (count == 0) {
            const u32 table = 1u << config().table_bits;
            const u32 first = config().table.first_scratch;
            count = table - first < kMaxScratch ? table - first : kMaxScratch;
        }
        return count;
    }
};
EFT_PROCESS_LOCAL constinit ScratchSlots scratch;

}  // namespace

Slot allocate_slot() {
    const u32 words = (scratch.size() + kWordBits - 1) / kWordBits;
    for (u32 word = scratch.hint; word < words; ++word) {
        if (scratch.used[word] == ~u64{0}) continue;
        const u32 bit = static_cast<u32>(__builtin_ctzll(~scratch.used[word]));
        const u32 index = word * kWordBits + bit;
        if (index >= scratch.size()) break;
        scratch.used[word] |= u64{1} << bit;
        scratch.hint = word;
        ++scratch.in_use;
        return static_cast<Slot>(config().table.first_scratch + index);
    }
    return Slot::None;
}

void return_slot(Slot which) {
    const u32 index = raw(which) - config().table.first_scratch;
    if (index >= scratch.size()) return;  // well-known and persistent slots are not ours to hand out
    u64& word = scratch.used[index / kWordBits];
    const u64 bit = u64{1} << index % kWordBits;
    if (!(word & bit)) return;
    word &= ~bit;
    --scratch.in_use;
    if (index / kWordBits < scratch.hint) scratch.hint = index / kWordBits;
}

void drop_slot(Slot which) {
    if (which == Slot::None) return;
    static_cast<void>(kernel_object::remove(slot(WellKnown::Table), which));
    return_slot(which);
}

u32 used_scratch_slots() { return scratch.in_use; }

Result<CapHandle> copy_capability(Slot source, Rights mask, u64 badge) {
    const Slot target = allocate_slot();
    if (target == Slot::None) return Error::LimitReached;
    if (Status derived = kernel_object::derive(slot(WellKnown::Table), target, source, mask, badge); !derived.ok()) {
        return_slot(target);
        return derived.error();
    }
    return CapHandle(target);
}

// An error means that there is nothing to take back.
void revoke_copies(Slot source) { static_cast<void>(kernel_object::revoke(slot(WellKnown::Table), source)); }

void revoke_slot(Slot source) {
    revoke_copies(source);
    drop_slot(source);
}

// What the stubs ask for (eft/ipc/cap_field.h).
namespace ipc::slots {

void drop(Slot which) { drop_slot(which); }

void refill(Utcb& page, unsigned used) {
    for (unsigned i = 0; i < used; ++i) page.receive_slots[i] = raw(allocate_slot());
}

Slot narrow(Slot which, Rights rights) {
    Result<CapHandle> copy = copy_capability(which, rights);
    return copy.ok() ? copy->release() : Slot::None;
}

}  // namespace ipc::slots
}  // namespace eft

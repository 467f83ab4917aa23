#include "snapshot.h"

#include <eft/invoke.h>

namespace eft::hostile {

namespace ko = kernel_object;

namespace {

constexpr std::string_view kNames[] = {
    "the victim's table", "the victim's space", "the victim's thread", "the stage's table", "the stage's memory", "the slots that the stage uses",
    "the number of objects", "the attacker's table", "the attacker's space", "a toy table", "a toy table that grew", "a toy thread", "a toy thread's registers",
    "a toy space", "another toy space", "a toy context"};

class Hash {
public:
    void add(u64 value) {
        value_ ^= value;
        value_ *= 0x0000'0100'0000'01b3;  // FNV-1a, by words
        value_ ^= value_ >> 29;
    }
    u64 value() const { return value_; }

private:
    u64 value_ = 0xcbf2'9ce4'8422'2325;
};

// All slots: what is in them, with which rights, badges and mappings.
u64 contents(Slot table, u64 slots) {
    Hash hash;
    for (u64 i = 1; i < slots; ++i) {
        const auto r = ko::invoke(table, Invocation::CapInspect, i);
        if (!r.ok()) {
            hash.add(static_cast<u64>(r.error()));
        } else if (r->w[0] != 0) {
            hash.add(i);
            for (const u64 word : r->w) hash.add(word);
        }
    }
    return hash.value();
}

u64 answer_of(Slot object, Invocation operation) {
    Hash hash;
    const auto r = ko::invoke(object, operation);
    if (!r.ok()) return static_cast<u64>(r.error());
    for (const u64 word : r->w) hash.add(word);
    return hash.value();
}

u64 registers_of(Slot thread) {
    Hash hash;
    const auto info = ko::inspect_thread(thread);
    if (!info.ok()) return static_cast<u64>(info.error());
    for (const u64 value : info->registers) hash.add(value);
    return hash.value();
}

u64 live_objects() {
    sys::Registers r;
    sys::enter(sys::number(SystemCall::Debug), static_cast<Slot>(DebugCall::Objects), r);
    return r.w[0];
}

u64 share_of(Slot context) {
    const auto info = ko::inspect_context(context);
    return info.ok() ? info->budget ^ info->period << 1 : static_cast<u64>(info.error());
}

}  // namespace

std::string_view Snapshot::compare(const Snapshot& other, std::size_t count) const {
    static_assert(std::size(kNames) == kFigures);
    for (std::size_t i = 0; i < count; ++i) {
        if (figure_[i] != other.figure_[i]) return kNames[i];
    }
    return {};
}

Snapshot take_snapshot(root::Service& attacker, root::Service& victim, Toys& toys) {
    constexpr u64 kOwnSlots = 64;  // the stage's first: what the kernel gave it
    const Slot own = root::root_slot(RootSlot::Table);
    Snapshot s;
    s.figure_ = {contents(victim.table(), u64{1} << victim.config().table_bits),
                 answer_of(victim.space(), Invocation::SpaceInspect),
                 ko::inspect_thread(victim.thread())->priority,
                 contents(own, kOwnSlots),
                 ko::inspect_untyped(attacker.incarnation_memory())->used,
                 *ko::used_slots(own),
                 live_objects(),
                 contents(attacker.table(), kTableEnd),
                 answer_of(attacker.space(), Invocation::SpaceInspect),
                 contents(toys.slot(Toy::Table), kToyTableEnd),
                 contents(toys.slot(Toy::GrownTable), kGrownEnd),
                 answer_of(toys.slot(Toy::Thread), Invocation::ThreadInspect),
                 registers_of(toys.slot(Toy::Thread)),
                 answer_of(toys.slot(Toy::Space), Invocation::SpaceInspect),
                 answer_of(toys.slot(Toy::OtherSpace), Invocation::SpaceInspect),
                 share_of(toys.slot(Toy::Context))};
    return s;
}

}  // namespace eft::hostile

#include "effects.h"

#include <eft/process.h>

namespace eft::memory::effects {

namespace ko = kernel_object;

void end_descendants(Slot slot) { static_cast<void>(ko::revoke(kOwnTable, slot)); }
void remove(Slot first, u32 count) { static_cast<void>(ko::remove(kOwnTable, first, count)); }
Result<ko::UntypedInfo> inspect_untyped(Slot untyped) { return ko::inspect_untyped(untyped); }
Result<ko::CapInfo> inspect(Slot slot) { return ko::inspect(kOwnTable, slot); }

Status mint(Slot target, Badge badge) {
    return ko::derive(kOwnTable, target, slot(WellKnown::Endpoint), bits(EndpointRight::Send), raw(badge));
}
Status move(Slot target, Slot source) { return ko::move(kOwnTable, target, source); }

Status add_slots(Slot first, Slot page) { return ko::donate_slots(kOwnTable, first, page); }
Result<u32> table_end() {
    EFT_TRY(const u32 pages, ko::donated_pages(kOwnTable));
    return (1u << config().table_bits) + pages * static_cast<u32>(kPageSlots);
}

Status unmap(Slot space, Slot frame) { return ko::unmap(space, frame); }
Status donate_table(Slot space, Slot table) { return ko::donate(space, table); }
Status seal(Slot frame) { return ko::seal(frame); }

Status assemble_thread(const ThreadParts& parts, u64 budget, u64 period, u8 ceiling) {
    EFT_CHECK(ko::configure_context(parts.context, budget, period, ceiling));
    EFT_CHECK(ko::configure(parts.thread, parts.table, parts.space, parts.utcb, parts.utcb_address));
    EFT_CHECK(ko::set_context(parts.thread, parts.context));
    return ko::set_handlers(parts.thread, parts.pager, parts.exceptions);
}

Status set_priority(Slot thread, u8 priority) { return ko::set_priority(thread, priority); }
Result<u8> priority_of(Slot thread) {
    EFT_TRY(const ko::ThreadInfo info, ko::inspect_thread(thread));
    return info.priority;
}
Result<bool> is_bounded(Slot context) {
    EFT_TRY(const ko::ContextInfo info, ko::inspect_context(context));
    return info.period != 0;
}
Result<u64> charged_to(Slot context) {
    EFT_TRY(const ko::ContextInfo info, ko::inspect_context(context));
    return info.consumed;
}

}  // namespace eft::memory::effects

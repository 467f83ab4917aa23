// Invocations of kernel objects as functions; eft/abi/object.h says what each does and which errors
// it has. Every one takes the slot of the invoked capability first.
#pragma once

#include <eft/abi/result.h>
#include <eft/syscall.h>

namespace eft::kernel_object {

inline Result<sys::Registers> invoke(Slot object, Invocation operation, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0) {
    sys::Registers r;
    r.tag = Tag(static_cast<u32>(operation), kRegisterWords);
    r.w[0] = a, r.w[1] = b, r.w[2] = c, r.w[3] = d;
    if (Error error = sys::call(object, r); error != Error::None) return error;
    return r;
}

inline Status invoke_status(Slot object, Invocation operation, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0) {
    sys::Registers r;
    r.tag = Tag(static_cast<u32>(operation), kRegisterWords);
    r.w[0] = a, r.w[1] = b, r.w[2] = c, r.w[3] = d;
    return sys::call(object, r);
}

inline Status retype(Slot untyped, ObjectType type, Slot first, u32 count = 1, unsigned size_bits = 0) {
    return invoke_status(untyped, Invocation::UntypedRetype, static_cast<u64>(type) | u64{size_bits} << 8, raw(first), count);
}

struct UntypedInfo {
    u64 address;
    unsigned size_bits;
    u64 used;
    bool device;
};
inline Result<UntypedInfo> inspect_untyped(Slot untyped) {
    EFT_TRY(const sys::Registers r, invoke(untyped, Invocation::UntypedInspect));
    return UntypedInfo{r.w[0], static_cast<unsigned>(r.w[1]), r.w[2], r.w[3] != 0};
}

// CapTable. `index` is in the invoked table, `slot` in the caller's.
constexpr u64 number_range(u32 first, u32 count) { return u64{count} << 32 | first; }  // of interrupts or ports
inline Status derive(Slot table, Slot index, Slot slot, Rights mask = kAllRights, u64 badge = 0) {
    return invoke_status(table, Invocation::CapDerive, raw(index), raw(slot), mask, badge);
}
inline Status move(Slot table, Slot index, Slot slot) { return invoke_status(table, Invocation::CapMove, raw(index), raw(slot)); }
inline Status take(Slot table, Slot index, Slot slot) { return invoke_status(table, Invocation::CapTake, raw(index), raw(slot)); }
inline Status remove(Slot table, Slot index, u32 count = 1) { return invoke_status(table, Invocation::CapDelete, raw(index), count); }
inline Status revoke(Slot table, Slot index) { return invoke_status(table, Invocation::CapRevoke, raw(index)); }

struct CapInfo {
    ObjectType type;
    Rights rights;
    bool mapped, sealed;
    u64 id;     // frames: the physical address
    u64 data;   // badge, range, or mapped address
    u64 space;  // id of the address space it is mapped in
};
inline Result<CapInfo> inspect(Slot table, Slot index) {
    EFT_TRY(const sys::Registers r, invoke(table, Invocation::CapInspect, raw(index)));
    return CapInfo{static_cast<ObjectType>(r.w[0] & 0xff), static_cast<Rights>(r.w[0] >> 8), (r.w[0] >> 16 & 1) != 0,
                   (r.w[0] >> 17 & 1) != 0, r.w[1], r.w[2], r.w[3]};
}
// A CapTable with 2^size_bits slots of its own that can grow to 2^limit_bits.
inline Status retype_table(Slot untyped, Slot slot, unsigned size_bits, unsigned limit_bits) {
    return retype(untyped, ObjectType::CapTable, slot, 1, size_bits | limit_bits << 8);
}
// Gives the table the 64 slots around `index`.
inline Status donate_slots(Slot table, Slot index, Slot page) {
    return invoke_status(table, Invocation::CapDonate, raw(index), raw(page));
}
inline Result<u32> donated_pages(Slot table) {
    EFT_TRY(const sys::Registers r, invoke(table, Invocation::CapUsed));
    return static_cast<u32>(r.w[2]);
}
// That there can be.
inline Result<u64> table_slots(Slot table) {
    constexpr u64 kEnd = ~u64{0};  // those in use are counted from there, and so none
    EFT_TRY(const sys::Registers r, invoke(table, Invocation::CapUsed, kEnd));
    return r.w[0];
}
// From this slot on.
inline Result<u32> used_slots(Slot table, u64 from = 0) {
    EFT_TRY(const sys::Registers r, invoke(table, Invocation::CapUsed, from));
    return static_cast<u32>(r.w[1]);
}

inline Status configure(Slot thread, Slot table, Slot space, Slot utcb_frame, u64 utcb_address) {
    return invoke_status(thread, Invocation::ThreadConfigure, raw(table), raw(space), raw(utcb_frame), utcb_address);
}
inline Status set_handlers(Slot thread, Slot pager, Slot exceptions) {
    return invoke_status(thread, Invocation::ThreadHandlers, raw(pager), raw(exceptions));
}
inline Status bind(Slot thread, Slot notification) { return invoke_status(thread, Invocation::ThreadBind, raw(notification)); }
inline Status exchange_reply(Slot thread, Slot slot) { return invoke_status(thread, Invocation::ThreadSetReply, raw(slot)); }
inline Status set_registers(Slot thread, u64 ip, u64 sp, u64 first = 0, u64 second = 0) {
    return invoke_status(thread, Invocation::ThreadRegisters, ip, sp, first, second);
}
inline Status set_priority(Slot thread, unsigned priority) { return invoke_status(thread, Invocation::ThreadPriority, priority); }
inline Status set_context(Slot thread, Slot context) { return invoke_status(thread, Invocation::ThreadContext, raw(context)); }
// System calls of code outside [first, first + size) go to the handler (Invocation::ThreadForeign).
inline Status set_foreign(Slot thread, u64 handler, u64 first, u64 size) { return invoke_status(thread, Invocation::ThreadForeign, handler, first, size); }
inline Status resume(Slot thread) { return invoke_status(thread, Invocation::ThreadResume); }
inline Status suspend(Slot thread) { return invoke_status(thread, Invocation::ThreadSuspend); }
inline Status cancel(Slot thread) { return invoke_status(thread, Invocation::ThreadCancel); }

struct ThreadInfo {
    ThreadState state;
    u8 priority;
    u64 blocked_on;
    u64 replies_delivered;
    u64 instruction_pointer;
    u64 registers[static_cast<unsigned>(UserRegister::Count)];
    u64 get(UserRegister which) const { return registers[static_cast<unsigned>(which)]; }
};
inline Result<ThreadInfo> inspect_thread(Slot thread) {
    EFT_TRY(const sys::Registers r, invoke(thread, Invocation::ThreadInspect));
    ThreadInfo info{static_cast<ThreadState>(r.w[0] & 0xff), static_cast<u8>(r.w[0] >> 8), r.w[1], r.w[2], r.w[3], {}};
    for (unsigned i = 0; i < static_cast<unsigned>(UserRegister::Count); ++i) info.registers[i] = sys::utcb().words[kRegisterWords + i];
    return info;
}

// Budget and period in ticks of the time-stamp counter; both 0: no limit.
inline Status configure_context(Slot context, u64 budget, u64 period, unsigned ceiling) {
    return invoke_status(context, Invocation::SchedConfigure, budget, period, ceiling);
}
struct ContextInfo {
    u64 consumed, left, budget, period;
};
inline Result<ContextInfo> inspect_context(Slot context) {
    EFT_TRY(const sys::Registers r, invoke(context, Invocation::SchedInspect));
    return ContextInfo{r.w[0], r.w[1], r.w[2], r.w[3]};
}

inline Status map(Slot space, Slot frame, u64 address, Rights rights, u8 flags = 0) {
    return invoke_status(space, Invocation::SpaceMap, raw(frame), address, u64{rights} | u64{flags} << 8);
}
inline Status unmap(Slot space, Slot frame) { return invoke_status(space, Invocation::SpaceUnmap, raw(frame)); }
inline Status donate(Slot space, Slot page_table) { return invoke_status(space, Invocation::SpaceDonate, raw(page_table)); }
struct SpaceInfo {
    u64 mapped_pages, spare_tables, used_tables, attached;
};
inline Result<SpaceInfo> inspect_space(Slot space) {
    EFT_TRY(const sys::Registers r, invoke(space, Invocation::SpaceInspect));
    return SpaceInfo{r.w[0], r.w[1], r.w[2], r.w[3]};
}
inline Status seal(Slot frame) { return invoke_status(frame, Invocation::FrameSeal); }

inline Status bind_irq(Slot irq, u32 number, Slot notification) { return invoke_status(irq, Invocation::IrqBind, number, raw(notification)); }
inline Status acknowledge_irq(Slot irq, u32 number) { return invoke_status(irq, Invocation::IrqAck, number); }
inline Status set_irq_mode(Slot irq, u32 number, bool level, bool active_low) {
    return invoke_status(irq, Invocation::IrqMode, number, level, active_low);
}
struct IrqMessage {
    u64 address;
    u32 data;
};
inline Result<IrqMessage> irq_message(Slot irq, u32 number) {
    EFT_TRY(const sys::Registers r, invoke(irq, Invocation::IrqMessage, number));
    return IrqMessage{r.w[0], static_cast<u32>(r.w[1])};
}
inline Result<u32> port_in(Slot ports, u16 port, unsigned width) {
    EFT_TRY(const sys::Registers r, invoke(ports, Invocation::PortIn, port, width));
    return static_cast<u32>(r.w[0]);
}
inline Status port_out(Slot ports, u16 port, unsigned width, u32 value) {
    return invoke_status(ports, Invocation::PortOut, port, width, value);
}

}  // namespace eft::kernel_object

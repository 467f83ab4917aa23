#include "attack.h"

#include "cases_calls.h"

#include <eft/invoke.h>
#include <eft/process.h>

namespace eft::hostile {
namespace {

constexpr u64 kGarbage = 0x6761'7262'6167'6500;
constexpr u64 kSystemFlags = 0x57500;  // TF DF IOPL NT RF AC: user space finds none of them set

Error wrong(u64 which, u64 value) {
    orders().wrong = which;
    orders().value = value;
    return kRegistersWrong;
}

// What eft/abi/syscall.h promises of the registers.
Error check(const RawRegisters& r) {
    const u64 zero[] = {r.rbx, r.rdx, r.r8, r.r9, r.r10};
    for (u64 i = 0; i < std::size(zero); ++i) {
        if (zero[i] != 0) return wrong(i, zero[i]);
    }
    if (r.rbp != kGarbage + 6) return wrong(10, r.rbp);
    if (r.rcx >= kUserTop) return wrong(11, r.rcx);
    if ((r.rflags & kSystemFlags) != 0) return wrong(12, r.rflags);
    if (r.r11 >> 22 != 0) return wrong(13, r.r11);
    if (r.rax == 0) return Error::None;
    const u64 message[] = {r.rdi, r.rsi, r.r12, r.r13, r.r14, r.r15};
    for (u64 i = 0; i < std::size(message); ++i) {
        if (message[i] != 0) return wrong(20 + i, message[i]);
    }
    return static_cast<Error>(r.rax);
}

}  // namespace

Orders& orders() { return *reinterpret_cast<Orders*>(state_memory().data()); }

Error attack(u64 number, u64 slot, u64 tag, const u64 (&word)[kRegisterWords], u64 flags) {
    RawRegisters r{number, kGarbage + 1, kGarbage + 2, kGarbage + 3, tag, slot, kGarbage + 6, kGarbage + 7, kGarbage + 8, kGarbage + 9,
                   kGarbage + 10, word[0], word[1], word[2], word[3], 0x202 | flags};
    hostile_enter(&r);
    return check(r);
}

Error sweep_types(const Sweep& sweep) {
    constexpr Toy kObjects[] = {Toy::Untyped, Toy::Table, Toy::Thread, Toy::Space, Toy::Frame, Toy::Irq, Toy::Ports,
                                Toy::Context, Toy::Notification, Toy::Reply, Toy::PageTable, Toy::CapPage};
    for (const Toy object : kObjects) {
        if (object == sweep.object) continue;
        const u64 tag = Tag(static_cast<u32>(sweep.operation.value), kRegisterWords).value;
        const Error error = attack(static_cast<u64>(SystemCall::Call), slot_of(object), tag, {});
        const bool refused = error == Error::InvalidOperation || error == Error::InvalidArgument || error == Error::InvalidCapability;
        if (refused) continue;
        orders().wrong = 100 + static_cast<u32>(object);
        return error == Error::None ? Error::NotSupported : error;
    }
    return Error::None;
}

Error sweep_tags(const Sweep& sweep) {
    const auto try_tag = [&](u64 words, u64 capabilities, u64 flags) {
        const u64 tag = u64{static_cast<u32>(sweep.operation.value)} << 32 | flags << 12 | capabilities << 9 | words;
        const Error error = attack(static_cast<u64>(SystemCall::Call), slot_of(sweep.object), tag, {kAllOnes, kAllOnes, kAllOnes, kAllOnes});
        if (error == Error::InvalidArgument) return Error::None;
        orders().wrong = tag;
        return error == Error::None ? Error::NotSupported : error;
    };
    for (u64 words = 0; words < 512; ++words) {
        for (u64 capabilities = words > kMaxWords ? 0 : 1; capabilities < 8; ++capabilities) {
            if (words > 8 && words < kMaxWords - 1 && words % 64 != 0) continue;
            if (const Error error = try_tag(words, capabilities, words & 15); error != Error::None) return error;
        }
    }
    return Error::None;
}

void lose_message_page() {
    static const Slot stage = *granted("stage");
    sys::Registers r;
    r.tag = Tag(static_cast<u32>(Report::LosePage), 0);
    static_cast<void>(sys::call(stage, r));
}

void send_empty_slot() { sys::utcb().send_slots[0] = static_cast<u32>(slot_of(Toy::Empty)); }
void send_slot_0() { sys::utcb().send_slots[0] = 0; }
void send_slot_all_ones() { sys::utcb().send_slots[0] = ~u32{0}; }
void send_a_frame() { sys::utcb().send_slots[0] = static_cast<u32>(slot_of(Toy::Frame)); }
void give_reply_away() {
    static_cast<void>(kernel_object::exchange_reply(slot(WellKnown::Thread), static_cast<Slot>(slot_of(Toy::Empty))));
}

}  // namespace eft::hostile

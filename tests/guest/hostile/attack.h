// What a hostile process can do once, what must come of it, and the capabilities that it has for it.
#pragma once

#include "enumerators.h"

#include <eft/abi/error.h>
#include <eft/abi/message.h>
#include <eft/abi/types.h>

namespace eft::hostile {

// The attacker's capabilities, in consecutive slots of its table; the stage has all but those that cannot be shared in
// the same order in a table of its own.
enum class Toy : u32 {
    // CapTables of 16 slots
    Table, TableInspect, TableNone,
    // 64 own slots, those from kGrown on from UsedPage, no others of the kGrownEnd that there can be
    GrownTable, GrownInspect, CapPage, UsedPage,
    // suspended, with everything that a thread needs; without anything
    Thread, ThreadInspect, ThreadNone, NewThread,
    // nobody waits at the endpoint; the victim receives from Victim
    Endpoint, EndpointSend, EndpointReceive, Victim,
    Notification, NotificationSignal, NotificationWait, NotificationBound, NotificationBadged,
    Reply,
    // Space has all tables for kMappedAddress and no spare one
    Space, SpaceInspect, SpaceNone, OtherSpace,
    PageTable, UsedTable,
    Frame, FrameRead, FrameMapped, FrameSealed, FrameParent, FrameUtcb, FrameDevice,
    // 2 MiB: a device's, and mapped at kLargeAddress of Space
    FrameLarge, FrameLargeMapped,
    Irq, IrqMessages, IrqNone,
    Ports, PortsNone,
    // the thread's own; nobody's; nobody's, with a ceiling of 5
    Context, ContextInspect, ContextNone, ContextFree, ContextLow,
    // 4 KiB; one without memory left; 4 KiB of a device
    Untyped, UntypedUsedUp, UntypedDevice,
    Empty, EmptyAfter,
    Count
};
constexpr u32 kToys = static_cast<u32>(Toy::Count);
constexpr u32 kFirstToy = 128;
constexpr u32 kAttackerTableBits = 8;
constexpr u64 kTableEnd = u64{1} << kAttackerTableBits;
constexpr unsigned kToyTableBits = 4;
constexpr u64 kToyTableEnd = u64{1} << kToyTableBits;
constexpr unsigned kGrownBits = 9;
constexpr u64 kGrown = 128, kGrownEnd = u64{1} << kGrownBits;
constexpr u64 slot_of(Toy toy) { return kFirstToy + static_cast<u32>(toy); }

constexpr u64 kMappedAddress = 0x20'0000, kLargeAddress = 0x60'0000;
constexpr u8 kToyPriority = 8;
constexpr u32 kFirstToyLine = 9, kToyLines = 2, kFirstToyMessage = 150, kToyMessages = 2;
constexpr u32 kFirstToyPort = 0x80, kToyPorts = 4;  // the diagnostic port and its neighbours: nobody listens
constexpr u64 kBadgedBadge = 0x40;

constexpr u64 kAllOnes = ~u64{0};
constexpr u64 kKernelAddress = 0xffff'ffff'8010'0000;  // of the kernel's image
constexpr u64 kDirectMap = 0xffff'8000'0010'0000;
constexpr u64 kNonCanonical = 0x0000'8000'0000'0000;

// What sort of mistake it is; each invocation needs at least one of each sort that it can have.
enum class Kind : u8 { Type, TagBits, Right, Argument, Place, State, Memory, Registers, Instruction };

struct Outcome {
    enum class What : u8 { Answer, Exception, Stops } what;
    u32 value;  // the Error, or the vectors that are right, as bits

    constexpr bool fulfils(const Outcome& expected) const {
        if (what != expected.what) return false;
        return what == What::Exception ? (value & expected.value) != 0 : value == expected.value;
    }
};
constexpr Outcome answers(Error error) { return {Outcome::What::Answer, static_cast<u32>(error)}; }
constexpr Outcome raises(u32 vector) { return {Outcome::What::Exception, 1u << vector}; }
// QEMU's TCG and the processor's manual do not agree on all of them.
constexpr Outcome raises(u32 vector, u32 with_tcg) { return {Outcome::What::Exception, 1u << vector | 1u << with_tcg}; }
constexpr Outcome stops() { return {Outcome::What::Stops, 0}; }
constexpr u32 kDivideError = 0, kDebug = 1, kBreakpoint = 3, kInvalidOpcode = 6, kStackFault = 12, kProtection = 13, kPageFault = 14;

// The registers of enter.S, in and out.
struct RawRegisters {
    u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rflags;
};

struct Case {
    std::string_view name;
    Kind kind;
    SystemCall call;
    Invocation operation;  // only with Call, or 0
    u64 number;            // of the system call, in rax
    u64 slot;
    u64 tag;
    u64 word[kRegisterWords];
    Outcome expected;
    // Instead of the system call; answers what came of it.
    Error (*act)() = nullptr;
    // Before the state is noted that must not change.
    void (*prepare)() = nullptr;
    bool changes = false;  // what the attacker owns may be another than before
};

std::size_t case_count();
const Case& case_at(std::size_t index);

// Sweeps are the same for every invocation: all other types of objects, all tags that are not allowed.
struct Sweep {
    Named<Invocation> operation;
    Toy object;  // that has this invocation
};
Error sweep_types(const Sweep& sweep);
Error sweep_tags(const Sweep& sweep);
// The toy that has this invocation; Count if none has: the table of objects in sweeps.cc is not complete.
constexpr Toy object_of(Invocation operation) {
    switch (static_cast<u32>(operation) >> 8) {
        case 1: return Toy::Untyped;
        case 2: return Toy::Table;
        case 3: return Toy::Thread;
        case 4: return Toy::Space;
        case 5: return Toy::Frame;
        case 6: return Toy::Irq;
        case 7: return Toy::Ports;
        case 8: return Toy::Context;
        default: return Toy::Count;
    }
}

// All registers are set, the instruction is SYSCALL, all registers are noted. rsp is the caller's.
extern "C" void hostile_enter(RawRegisters* registers);
// A system call with everything else full of garbage; checks what must be zero or kept afterwards. PeerDied (which no
// case expects) says that a register was wrong.
Error attack(u64 number, u64 slot, u64 tag, const u64 (&word)[kRegisterWords], u64 flags = 0);
constexpr Error kRegistersWrong = Error::PeerDied;

// Lies in the attacker's state memory.
struct Orders {
    u64 which;
    u64 wrong;   // the register that was wrong: index into RawRegisters
    u64 value;
};
Orders& orders();
// Asks the stage to take the frame of the own message page away.
void lose_message_page();

// Labels of messages to the stage.
enum class Report : u32 { Before = 1, After = 2, LosePage = 3 };

}  // namespace eft::hostile

// Kernel objects, their rights, and their invocations.
//
// An object is invoked by `call` on a capability to it; the label is the Invocation and the words
// are its arguments. The answer's label is an Error, its words the results. Slots in arguments are
// slots of the invoker's own CapTable unless said otherwise. Each invocation checks everything
// before it changes anything: an error leaves all as it was.
#pragma once

#include <eft/abi/types.h>

#include <type_traits>

namespace eft {

enum class ObjectType : u8 {
    None = 0,
    Untyped = 1,
    CapTable = 2,
    Thread = 3,
    Endpoint = 4,
    Notification = 5,
    Reply = 6,
    AddressSpace = 7,
    PageTable = 8,  // a page donated to an AddressSpace
    Frame = 9,
    Irq = 10,      // a range of interrupt numbers: 0-23 I/O APIC lines, from kFirstMsi on messages
    IoPorts = 11,  // a range of I/O ports
    SchedContext = 12,  // a share of the processor's time
    CapPage = 13,       // a page donated to a CapTable: 64 slots more
};

// Rights are bits whose meaning depends on the object. A derived capability has a subset.
//
// A set of rights to one kind of object has a type of its own (EndpointRights, …), and does not mix with those to
// others. Rights is the mask that goes with a capability whose object nobody looks at: in CapDerive, CapInspect and
// messages. Every set converts to it, none is made of it without saying so (from_mask).
using Rights = u8;
constexpr Rights kAllRights = 0xff;

enum class EndpointRight : Rights { Send = 1, Receive = 2 };
enum class NotificationRight : Rights { Signal = 1, Wait = 2 };
enum class FrameRight : Rights { Read = 1, Write = 2, Execute = 4 };
enum class ControlRight : Rights { Control = 1, Inspect = 2 };  // all other objects

template <class Right>
class RightSet {
public:
    constexpr RightSet() = default;
    constexpr RightSet(Right right) : bits_(static_cast<Rights>(right)) {}
    static constexpr RightSet from_mask(Rights mask) {
        RightSet result;
        result.bits_ = mask;
        return result;
    }
    constexpr operator Rights() const { return bits_; }

    constexpr bool empty() const { return bits_ == 0; }
    constexpr bool has(Right right) const { return bits_ & static_cast<Rights>(right); }
    constexpr bool has_any(RightSet other) const { return bits_ & other.bits_; }
    constexpr bool within(RightSet other) const { return (bits_ & ~other.bits_) == 0; }

    friend constexpr RightSet operator|(RightSet a, RightSet b) { return from_mask(a.bits_ | b.bits_); }
    friend constexpr bool operator==(RightSet a, RightSet b) { return a.bits_ == b.bits_; }
    // What is known as a mask only.
    friend constexpr bool operator==(RightSet a, Rights mask) { return a.bits_ == mask; }

private:
    Rights bits_ = 0;
};
using EndpointRights = RightSet<EndpointRight>;
using NotificationRights = RightSet<NotificationRight>;
using FrameRights = RightSet<FrameRight>;
using ControlRights = RightSet<ControlRight>;

// Without these the masks of different objects would be combined.
template <class A, class B>
    requires(!std::is_same_v<A, B>)
void operator|(RightSet<A>, RightSet<B>) = delete;
template <class A, class B>
    requires(!std::is_same_v<A, B>)
void operator&(RightSet<A>, RightSet<B>) = delete;
template <class A, class B>
    requires(!std::is_same_v<A, B>)
void operator==(RightSet<A>, RightSet<B>) = delete;

constexpr EndpointRights operator|(EndpointRight a, EndpointRight b) { return EndpointRights(a) | b; }
constexpr NotificationRights operator|(NotificationRight a, NotificationRight b) { return NotificationRights(a) | b; }
constexpr FrameRights operator|(FrameRight a, FrameRight b) { return FrameRights(a) | b; }
constexpr ControlRights operator|(ControlRight a, ControlRight b) { return ControlRights(a) | b; }
template <class Right>
constexpr RightSet<Right> bits(Right right) { return right; }

// The memory that an object takes of its Untyped, as log2 of bytes, for objects of fixed size.
constexpr unsigned kCapabilityBits = 6;  // one slot
constexpr unsigned kThreadBits = 11;
constexpr unsigned kEndpointBits = 6;
constexpr unsigned kNotificationBits = 6;
constexpr unsigned kReplyBits = 6;
constexpr unsigned kSchedContextBits = 8;
constexpr unsigned kAddressSpaceBits = 13;
constexpr unsigned kMinUntypedBits = 6;
constexpr unsigned kMaxUntypedBits = 47;
constexpr unsigned kLargeFrameBits = 21;
constexpr unsigned kMaxTableBits = 20;  // slots of one CapTable

constexpr u64 kPageSlots = kPageSize >> kCapabilityBits;  // that a CapPage gives

// The memory of a CapTable with 2^size_bits slots of its own, which can grow to 2^limit_bits (0: it cannot).
constexpr u64 cap_table_bytes(unsigned size_bits, unsigned limit_bits) {
    const u64 own = u64{1} << (size_bits + kCapabilityBits);
    if (limit_bits <= size_bits) return own;
    const u64 directory = (u64{1} << limit_bits) / kPageSlots * 16;
    return own + (directory < 64 ? 64 : directory);
}

enum class Invocation : u32 {
    // Untyped. Retype: w0 = ObjectType | size bits << 8 | limit bits << 16 (Untyped: log2 bytes; CapTable: log2
    // of its own slots, at least 6 if there is a limit, and of the slots that it can grow to; Frame: 21 for 2 MiB,
    // 12 or 0 for 4 KiB; others 0),
    // w1 = first destination slot, w2 = count (consecutive slots; 1 to 256 of Untyped, Frame, PageTable and
    // CapPage, 1 to 64 of the others). Memory of ordinary Untyped is cleared.
    // Errors: NeedMemory, SlotOccupied, InvalidArgument.
    UntypedRetype = 0x100,
    // -> w0 physical address, w1 size bits, w2 bytes used, w3 = 1 for device or preloaded memory
    UntypedInspect = 0x101,

    // CapTable. The invoked table is where `index` lies; `slot` is in the invoker's table. Where a table has
    // not grown yet, there is no slot.
    // Derive: w0 = index, w1 = slot, w2 = rights mask, w3 = badge (only where the source has none;
    // for Irq and IoPorts: first | count << 32 of the sub-range, 0 = the same range).
    CapDerive = 0x200,
    CapMove = 0x201,     // w0 = index, w1 = slot: the capability leaves the slot
    CapDelete = 0x202,   // w0 = index, w1 = count: empties these slots
    CapRevoke = 0x203,   // w0 = index: deletes everything derived from it
    CapInspect = 0x204,  // w0 = index -> w0 type | rights << 8 | mapped << 16 | sealed << 17 | large frame << 18,
                         // w1 object id (frames: physical address), w2 badge, range or mapped address,
                         // w3 id of the space it is mapped in. CapPage: w2 its first index, w3 id of the table
    CapUsed = 0x205,     // -> w0 slots that there can be, w1 slots in use, w2 pages donated
    CapTake = 0x206,     // w0 = index, w1 = slot: moves out of the invoked table into an own slot
    CapDonate = 0x207,   // w0 = index, w1 = slot with a CapPage, for the 64 slots around index. They end with it

    // Thread.
    ThreadConfigure = 0x300,  // w0 CapTable, w1 AddressSpace, w2 UTCB Frame, w3 UTCB user address
    ThreadHandlers = 0x301,   // w0 page-fault Endpoint, w1 exception Endpoint (0 = none)
    ThreadBind = 0x302,       // w0 Notification to bind (0 = unbind)
    ThreadSetReply = 0x303,   // w0 = slot: exchanges the slot's Reply (or nothing) with the current
    ThreadRegisters = 0x304,  // w0 instruction pointer, w1 stack pointer, w2 first, w3 second argument
    ThreadPriority = 0x305,   // w0 = 0 to the ceiling of its SchedContext, higher runs first
    ThreadResume = 0x306,     // it needs an AddressSpace and a SchedContext
    ThreadSuspend = 0x307,    // stops it; a wait is ended with Cancelled when it is resumed
    ThreadInspect = 0x308,    // -> w0 ThreadState | priority << 8, w1 id of what it is blocked on,
                              // w2 replies delivered, w3 instruction pointer,
                              // w4.. the general registers in the order of UserRegister
    ThreadCancel = 0x309,     // ends its wait with Cancelled
    ThreadContext = 0x30a,    // w0 = SchedContext of its own, which is no other thread's (0 = none: it
                              // stops). It must be suspended, and its priority not above the ceiling.
    ThreadForeign = 0x30b,    // w0 = handler, w1 = first address and w2 = length of the code whose system calls
                              // are the kernel's. All others of the thread go to the handler: it begins with the
                              // registers as they were, except that bit 63 of rax is set, rcx and r11 are lost, and
                              // Utcb::foreign_return says where the call returns to. w0 = 0: all are the kernel's.

    // AddressSpace.
    SpaceMap = 0x400,      // w0 Frame, w1 address, aligned to its size, w2 = FrameRights | MapFlags << 8
    SpaceUnmap = 0x401,    // w0 Frame
    SpaceDonate = 0x402,   // w0 PageTable, for the space's use
    SpaceInspect = 0x403,  // -> w0 mapped pages of 4 KiB (counted in the page table), w1 donated tables
                           // unused, w2 tables in use, w3 capabilities attached

    // Frame. Seal: turns write permission into execute permission, for good. Only for a frame that
    // was never derived from and is not mapped, so that no physical page is ever both.
    FrameSeal = 0x500,

    // Irq: w0 = interrupt number, within the capability's range.
    IrqBind = 0x600,   // w1 Notification: its badge's bits are signalled by each interrupt, until this very
                       // capability (not a copy) is deleted; again: replaces the binding
    IrqAck = 0x601,    // a level-triggered line may interrupt again
    IrqMode = 0x602,   // w1 = 1 level (0 edge), w2 = 1 active low (0 high); lines only
    IrqMessage = 0x603,  // -> w0 address, w1 data that a device writes for this interrupt (MSI)

    // IoPorts: w0 = port, w1 = width in bytes (1, 2, 4).
    PortIn = 0x700,   // -> w0 value
    PortOut = 0x701,  // w2 = value

    // SchedContext. Times are ticks of the time-stamp counter (BootInfo says how many a ms has).
    // Configure: w0 = budget, w1 = period (budget <= period; both 0: no limit), w2 = ceiling of the
    // priority of its thread (0 to 63; not below the priority that it has). The budget is full then.
    SchedConfigure = 0x800,
    // w0 = Endpoint that is told (kBudgetLabel) when its thread has to stop for want of budget; 0: nobody
    SchedHandler = 0x801,
    SchedInspect = 0x802,  // -> w0 ticks consumed so far, w1 budget left, w2 budget, w3 period
};

enum class MapFlag : u8 { Uncached = 1 };

enum class ThreadState : u8 {
    Suspended = 0,
    Ready = 1,
    Sending = 2,         // queued at an endpoint
    Receiving = 3,       // waits for a message at an endpoint
    AwaitingReply = 4,   // its call is in progress
    Waiting = 5,         // waits on a notification
    Exhausted = 6,       // would run, but its SchedContext has no budget left in this period
};
constexpr unsigned kPriorities = 64;

// w4.. of ThreadInspect.
enum class UserRegister : u8 {
    Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rbp, Rsp, R8, R9, R10, R11, R12, R13, R14, R15, Rip, Rflags, FaultAddress, FaultCode, Count
};

// Fault messages that the kernel sends for a thread (their tag has Tag::Fault).
// w0 = address (page fault) , w1 = instruction pointer, w2 = vector << 32 | error code,
// w3 = stack pointer. Answer with label 0 to let the thread go on; any other label sends a page
// fault on to the exception handler, and suspends a thread whose exception it answers.
constexpr u32 kPageFaultLabel = 0xffff0001;
constexpr u32 kExceptionLabel = 0xffff0002;
// To the handler of a SchedContext: w0 = the context's id, w1 = ticks that it has consumed. Any answer
// lets the thread go on as soon as there is budget: the handler may have given it some (SchedConfigure).
constexpr u32 kBudgetLabel = 0xffff0003;
enum class FaultBit : u8 { Present = 1, Write = 2, User = 4, Fetch = 16 };  // of the error code

constexpr u32 kIrqLines = 24;
constexpr u32 kFirstMsi = kIrqLines;
constexpr u32 kIrqs = 192;  // lines and messages together

constexpr u64 kUserTop = 0x0000'7fff'ffff'f000;  // user addresses are below

}  // namespace eft

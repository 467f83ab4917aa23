// The arguments of invocations, by name: the first words of the message, in this order (eft/abi/object.h says what each
// means and which range it has). They are decoded once, on the way from the table of invocations to the handler
// (invoke.h). A word that the message does not have is 0. What is named for an object is a slot of the invoker's table.
#pragma once

#include <eft/abi/object.h>

namespace eft::kernel {

// Untyped.
struct RetypeArguments {
    u64 what, first, count;
    ObjectType type() const { return static_cast<ObjectType>(what & 0xff); }
    unsigned size_bits() const { return static_cast<unsigned>(what >> 8 & 0xff); }
    unsigned limit_bits() const { return static_cast<unsigned>(what >> 16 & 0xff); }
    bool valid() const { return what >> 24 == 0; }
};

// CapTable. `index` is in the invoked table.
struct IndexArguments { u64 index; };
struct DeriveArguments {
    u64 index, source, rights;
    u64 detail;  // badge or range; 0: the source's
};
struct MoveArguments { u64 index, slot; };  // and CapDonate
struct DeleteArguments { u64 first, count; };
struct CountArguments { u64 from, so_far; };  // and SpaceInspect: 0 unless it paused there

// Thread.
struct ConfigureArguments { u64 table, space, frame, utcb_address; };
struct HandlersArguments { u64 pager, exceptions; };
struct RegistersArguments { u64 instruction, stack, first, second; };
struct PriorityArguments { u64 priority; };
struct ForeignArguments { u64 handler, first, size; };  // handler 0: all system calls are the kernel's
struct SlotArguments { u64 slot; };  // and those of AddressSpace and SchedContext that name one object

// AddressSpace.
struct MapArguments {
    u64 frame, address, how;
    FrameRights rights() const { return FrameRights::from_mask(static_cast<Rights>(how)); }
    u8 flags() const { return static_cast<u8>(how >> 8); }
    bool valid() const { return how >> 16 == 0; }
};

// Irq, IoPorts.
struct IrqArguments { u64 number; };
struct IrqBindArguments { u64 number, notification; };
struct IrqModeArguments { u64 number, level, active_low; };
struct PortInArguments { u64 port, width; };
struct PortOutArguments { u64 port, width, value; };

// SchedContext.
struct BudgetArguments { u64 budget, period, ceiling; };

}  // namespace eft::kernel

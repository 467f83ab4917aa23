// What dev's server needs of mem and of the kernel, so that its decisions run on the host against made-up devices.
//
// Capabilities that a function answers with are the caller's own: they go out in a message, or back by drop().
#pragma once

#include <drivers/pci/config.h>
#include <eft/abi/result.h>

#include <concepts>
#include <span>

namespace eft::dev {

struct Message {
    u64 address = 0;
    u32 data = 0;
};

template <class W>
concept World = requires(W& world, Slot slot, u64 number, u32 small, u16 port, bool flag, std::span<u64> addresses,
                         pci::FunctionAddress function) {
    { world.function(function) } -> std::same_as<Result<hw::Mmio>>;
    // Registers at [address + offset, + bytes) of the object that covers [address, address + whole), in dev's own space.
    { world.map_registers(number, number, number, number) } -> std::same_as<Result<hw::Mmio>>;
    world.unmap_registers(std::declval<hw::Mmio&>());
    // Device memory as an object, to be given away; and the end of it, once nobody has it mapped.
    { world.window(number, number) } -> std::same_as<Result<Slot>>;
    world.forget_window(number, number);

    // A capability of which copies are given away; revoke() takes back all of them, and itself.
    { world.make_session(number) } -> std::same_as<Result<Slot>>;
    { world.make_interrupt(small) } -> std::same_as<Result<Slot>>;
    { world.make_ports(port, port) } -> std::same_as<Result<Slot>>;
    { world.copy(slot) } -> std::same_as<Result<Slot>>;
    world.revoke(slot);
    world.drop(slot);

    { world.message(small) } -> std::same_as<Result<Message>>;
    { world.set_line_mode(small, flag, flag) } -> std::same_as<Status>;

    { world.pin(slot) } -> std::same_as<Status>;
    world.unpin(slot);
    // Fills what there is room for, from page `small` on, and answers how many pages the object has.
    { world.pages(slot, small, addresses) } -> std::same_as<Result<u32>>;
};

}  // namespace eft::dev

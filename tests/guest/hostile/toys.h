// The objects that the attacker has capabilities to, made again for each case.
#pragma once

#include "attack.h"

#include <service.h>

namespace eft::hostile {

class Toys {
public:
    // Reserves memory and slots; `device` is memory of a device of which nothing was made.
    Status create(root::Memory& memory, Slot device);
    // Makes all of them and puts them into the attacker's table; `victim` is an endpoint to send to.
    Status make(Slot attacker_table, Slot victim);
    Status destroy();

    // Only of those that can be shared.
    Slot slot(Toy toy) const { return static_cast<Slot>(raw(base_) + static_cast<u32>(toy)); }
    Slot untyped() const { return untyped_; }

private:
    Status make_memory();
    Status make_threads();
    Status make_ipc(Slot victim);
    Status retype(ObjectType type, Toy toy, unsigned size_bits = 0);
    Status derive(Toy toy, Slot from, Rights rights, u64 data = 0);
    Slot extra(u32 index) const { return static_cast<Slot>(raw(base_) + kToys + index); }

    static constexpr u32 kExtra = 4;
    Slot base_ = Slot::None, untyped_ = Slot::None, device_ = Slot::None;
};

}  // namespace eft::hostile

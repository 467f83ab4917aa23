// AddressSpace: a page table. Its inner tables are pages that user space donates; each mapping
// belongs to the Frame capability it was made through and ends with it.
//
// All Frame and PageTable capabilities that are in use here form one list, so that the space's
// destructor can make them forget it.
#pragma once

#include <object/capability.h>
#include <object/object.h>

#include <arch/page_table.h>

namespace eft::kernel {

class AddressSpace : public Object {
public:
    static constexpr ObjectType kType = ObjectType::AddressSpace;

    // In `memory` of 2^kAddressSpaceBits cleared bytes: the root table, then this head.
    static AddressSpace* create(void* memory);

    PhysAddr root() const { return root_; }

    Error map(FrameCap frame, u64 address, FrameRights rights, u8 flags);
    Error unmap(FrameCap frame);
    Error donate(PageTableCap table);
    // `cap`, which is in this space's list, is being deleted.
    void detach(Capability& cap);
    bool destroy(Core& core);  // false: it paused

    // Counts the pages that are mapped from `address` on, adding to `pages`. False: it paused and goes on
    // from `address`.
    bool count_mapped(Core& core, u64& address, u64& pages) const;
    u64 spare_tables() const { return spare_tables_; }
    u64 used_tables() const { return used_tables_; }
    u64 attached() const { return attached_; }

private:
    explicit AddressSpace(PhysAddr root);

    void attach(Capability& cap);
    void unlink(Capability& cap);
    PageTableCap spare_table() const;
    void remove_mapping(FrameCap frame);
    void remove_table(PageTableCap table);

    PhysAddr root_;
    u64 spare_tables_ = 0;
    u64 used_tables_ = 0;
    u64 attached_ = 0;  // capabilities in the ring
    Capability list_;  // sentinel of the ring of attached capabilities
};

}  // namespace eft::kernel

// A model of the kernel objects that mem uses: slots, the derivation tree, untyped memory, address spaces with page
// tables. It does what kernel/ does, as far as mem can see it, and it can be told to fail at the Nth operation.
#pragma once

#include <eft/invoke.h>

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace eft::memory::test {

struct Node {
    ObjectType type = ObjectType::None;
    Rights rights = 0;
    u64 id = 0;    // physical address, or a number of its own
    u64 data = 0;  // badge
    unsigned size_bits = 0;
    u64 used = 0;
    bool device = false, original = false, sealed = false, donated = false;
    u64 space = 0, address = 0;  // where it is mapped
    std::pair<u32, u32> place;   // table (0: mem's own) and slot; table kInner: inside a thread
    Node* parent = nullptr;
    std::vector<Node*> children;
};

class FakeKernel {
public:
    static constexpr u32 kInner = 0xffff'ffff;
    static constexpr u64 kOwnSpaceId = 0x5ace;

    FakeKernel() { current_ = this; }
    ~FakeKernel() { current_ = nullptr; }
    FakeKernel(const FakeKernel&) = delete;
    // The one that there is.
    static FakeKernel* current() { return current_; }

    // What the test sets up.
    Slot put(ObjectType type, u32 slot, u64 id = 0, Rights rights = kAllRights, u64 data = 0);
    Slot put_untyped(u32 slot, u64 address, unsigned bits, bool device);
    void set_archive(u64 address, std::vector<std::byte> bytes, u64 window) {
        archive_address_ = address;
        archive_ = std::move(bytes);
        archive_window_ = window;
    }
    // The operation with this number fails, counting from the next one as 0.
    void fail_at(u64 number) { fail_ = operations_ + number; }
    // How many pages of slots mem's table has, its own included.
    void set_table_pages(u32 count);
    void never_fail() { fail_ = ~u64{0}; }
    u64 operations() const { return operations_; }

    // What the test looks at.
    std::size_t capabilities() const { return places_.size(); }
    Node* find(u32 slot, u32 table = 0) {
        auto found = places_.find({table, slot});
        return found == places_.end() ? nullptr : found->second.get();
    }
    const Node* mapped_at(u64 space, u64 address) const;
    std::size_t mapped_pages(u64 space) const;
    std::byte* page(u64 physical) { return pages_[physical].data(); }

    // The system calls.
    Status retype(Slot untyped, ObjectType type, Slot first, u32 count = 1, unsigned size_bits = 0);
    Result<kernel_object::UntypedInfo> inspect_untyped(Slot untyped);
    Status derive(Slot target, Slot source, Rights mask = kAllRights, u64 badge = 0);
    Status move_into(Slot table, Slot index, Slot source);
    Status remove(Slot first, u32 count = 1);
    Status revoke(Slot slot);
    Result<kernel_object::CapInfo> inspect(Slot slot);
    Status map(Slot space, Slot frame, u64 address, Rights rights, u8 flags);
    Status unmap(Slot space, Slot frame);
    Status donate(Slot space, Slot table);
    Status donate_slots(Slot index, Slot page);
    Status seal(Slot frame);
    Status configure(Slot thread, Slot table, Slot space, Slot utcb, u64 address);
    Status configure_context(Slot context, u64 budget, u64 period, u8 ceiling);
    Status set_context(Slot thread, Slot context);
    Status set_handlers(Slot thread, Slot pager, Slot exceptions);

    Result<Slot> slot_for_sending();
    Result<Slot> copy_for_sending(Slot source);
    void drop(Slot slot);
    u32 slots_for_sending() const { return static_cast<u32>(sending_.size()); }
    std::byte* at(u64 address);

private:
    using Place = std::pair<u32, u32>;

    static inline FakeKernel* current_ = nullptr;

    bool fails() { return operations_++ == fail_; }
    Status check_destination(u32 slot);
    Node* find(Slot slot, ObjectType type);
    Node& add(Place place, Node* parent, Node node);
    void erase(Node& node);
    void object_gone(const Node& node);
    Status copy(Place place, Node& source, Rights mask, u64 badge);
    u32 missing_tables(u64 space, u64 address) const;

    std::map<Place, std::unique_ptr<Node>> places_;
    std::map<u64, std::array<std::byte, kPageSize>> pages_;
    std::map<u64, u32> spare_tables_;          // by space
    std::map<u64, std::set<u64>> table_keys_;  // by space: what its tables translate
    std::set<u32> sending_;
    std::set<u64> table_pages_;  // of mem's table
    u64 archive_address_ = 0;
    u64 archive_window_ = 0;
    std::vector<std::byte> archive_;
    u64 operations_ = 0;
    u64 fail_ = ~u64{0};
    u32 next_inner_ = 0;
};

}  // namespace eft::memory::test

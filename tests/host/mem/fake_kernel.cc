#include "fake_kernel.h"

#include <algorithm>
#include <cstdlib>

namespace eft::memory::test {
namespace {

constexpr u32 kFirstSending = 128, kLastSending = 4000;
constexpr u32 kFrameRights = FrameRight::Read | FrameRight::Write;

u64 object_bytes(ObjectType type, unsigned size_bits) {
    switch (type) {
        case ObjectType::Untyped: return u64{1} << size_bits;
        case ObjectType::CapTable: return cap_table_bytes(size_bits, 0);
        case ObjectType::Thread: return u64{1} << kThreadBits;
        case ObjectType::Endpoint:
        case ObjectType::Notification:
        case ObjectType::Reply: return u64{1} << kReplyBits;
        case ObjectType::AddressSpace: return u64{1} << kAddressSpaceBits;
        case ObjectType::SchedContext: return u64{1} << kSchedContextBits;
        default: return kPageSize;
    }
}

// What a table of this level (1 holds pages) translates.
u64 table_key(u64 address, unsigned level) { return (address >> (kPageBits + 9 * level)) << 3 | level; }

}  // namespace

Node& FakeKernel::add(Place place, Node* parent, Node node) {
    node.place = place;
    node.parent = parent;
    auto& slot = places_[place];
    if (slot) std::abort();
    slot = std::make_unique<Node>(std::move(node));
    if (parent) parent->children.push_back(slot.get());
    return *slot;
}

Slot FakeKernel::put(ObjectType type, u32 slot, u64 id, Rights rights, u64 data) {
    Node node;
    node.type = type, node.id = id, node.rights = rights, node.data = data;
    add({0, slot}, nullptr, node);
    return Slot{slot};
}

Slot FakeKernel::put_untyped(u32 slot, u64 address, unsigned bits, bool device) {
    put(ObjectType::Untyped, slot, address);
    find(slot)->size_bits = bits;
    find(slot)->device = device;
    return Slot{slot};
}

Node* FakeKernel::find(Slot slot, ObjectType type) {
    Node* node = find(raw(slot));
    return node && node->type == type ? node : nullptr;
}

void FakeKernel::object_gone(const Node& node) {
    if (node.type != ObjectType::AddressSpace && node.type != ObjectType::Thread) return;
    const auto same = [&node](const auto& entry) {
        return entry.second.get() != &node && entry.second->type == node.type && entry.second->id == node.id;
    };
    if (std::ranges::any_of(places_, same)) return;
    if (node.type == ObjectType::AddressSpace) {
        for (auto& [place, other] : places_)
            if (other->space == node.id) other->space = other->address = 0;
        spare_tables_.erase(node.id);
        table_keys_.erase(node.id);
    }
    if (node.type != ObjectType::Thread) return;
    for (bool again = true; again;) {
        again = false;
        for (auto& [place, other] : places_) {
            if (place.first != kInner || other->address != node.id) continue;
            erase(*other);
            again = true;
            break;
        }
    }
}

// The children move up, as in the kernel.
void FakeKernel::erase(Node& node) {
    for (Node* child : node.children) {
        child->parent = node.parent;
        if (node.parent) node.parent->children.push_back(child);
    }
    if (node.parent) std::erase(node.parent->children, &node);
    node.children.clear();
    if (node.type == ObjectType::PageTable && node.donated) {
        // Its mappings are lost with it; the model forgets all tables of the space.
        table_keys_.erase(node.space);
    }
    const auto place = node.place;
    object_gone(node);
    places_.erase(place);
}

Status FakeKernel::retype(Slot untyped, ObjectType type, Slot first, u32 count, unsigned size_bits) {
    if (fails()) return Error::NeedMemory;
    Node* source = find(untyped, ObjectType::Untyped);
    if (!source) return Error::InvalidCapability;
    if (count == 0 || count > 256) return Error::InvalidArgument;
    if (source->device && type != ObjectType::Frame && type != ObjectType::Untyped) return Error::InvalidArgument;
    for (u32 i = 0; i < count; ++i)
        if (Status free = check_destination(raw(first) + i); !free.ok()) return free;
    const u64 size = object_bytes(type, size_bits);
    const u64 used = source->children.empty() ? 0 : source->used;
    const u64 start = (used + (size & -size) - 1) & ~((size & -size) - 1);
    const u64 whole = u64{1} << source->size_bits;
    if (start > whole || size * count > whole - start) return Error::NeedMemory;
    for (u32 i = 0; i < count; ++i) {
        Node node;
        node.type = type;
        node.id = source->id + start + i * size;
        node.size_bits = size_bits;
        node.device = source->device;
        node.original = type == ObjectType::Frame;
        node.rights = type == ObjectType::Frame ? kFrameRights : kAllRights;
        if (node.original && !node.device) pages_[node.id].fill(std::byte{0});
        add({0, raw(first) + i}, source, node);
    }
    source->used = start + size * count;
    return {};
}

Result<kernel_object::UntypedInfo> FakeKernel::inspect_untyped(Slot untyped) {
    Node* node = find(untyped, ObjectType::Untyped);
    if (!node) return Error::InvalidCapability;
    return kernel_object::UntypedInfo{node->id, node->size_bits, node->children.empty() ? 0 : node->used, node->device};
}

Status FakeKernel::copy(Place place, Node& source, Rights mask, u64 badge) {
    if (Status free = place.first == 0 ? check_destination(place.second) : Status(); !free.ok()) return free;
    if (source.type == ObjectType::Untyped || source.type == ObjectType::PageTable || source.type == ObjectType::CapPage ||
        source.type == ObjectType::Reply)
        return Error::InvalidOperation;
    if (badge != 0 && source.data != 0 && badge != source.data) return Error::InvalidArgument;
    Node node;
    node.type = source.type;
    node.id = source.id;
    node.rights = source.rights & mask;
    node.data = badge != 0 ? badge : source.data;
    node.device = source.device;
    node.sealed = source.sealed;
    add(place, &source, node);
    return {};
}

Status FakeKernel::derive(Slot target, Slot source, Rights mask, u64 badge) {
    if (fails()) return Error::NeedMemory;
    Node* node = find(raw(source));
    if (!node) return Error::InvalidCapability;
    return copy({0, raw(target)}, *node, mask, badge);
}

Status FakeKernel::move_into(Slot table, Slot index, Slot source) {
    if (fails()) return Error::SlotOccupied;
    Node* destination = find(table, ObjectType::CapTable);
    auto found = places_.find({0, raw(source)});
    if (!destination || found == places_.end()) return Error::InvalidCapability;
    const Place place{static_cast<u32>(destination->id), raw(index)};
    if (places_.contains(place)) return Error::SlotOccupied;
    auto node = std::move(found->second);
    places_.erase(found);
    node->place = place;
    places_[place] = std::move(node);
    return {};
}

Status FakeKernel::remove(Slot first, u32 count) {
    ++operations_;
    for (u32 i = 0; i < count; ++i)
        if (Node* node = find(raw(first) + i)) erase(*node);
    return {};
}

Status FakeKernel::revoke(Slot slot) {
    ++operations_;
    Node* node = find(raw(slot));
    if (!node) return Error::InvalidCapability;
    while (!node->children.empty()) {
        Node* descendant = node;
        while (!descendant->children.empty()) descendant = descendant->children.front();
        erase(*descendant);
    }
    return {};
}

Result<kernel_object::CapInfo> FakeKernel::inspect(Slot slot) {
    const Node* node = find(raw(slot));
    if (!node) return kernel_object::CapInfo{};
    return kernel_object::CapInfo{node->type, node->rights, node->space != 0, node->sealed, node->id, node->data, node->space};
}

u32 FakeKernel::missing_tables(u64 space, u64 address) const {
    const auto keys = table_keys_.find(space);
    u32 missing = 0;
    for (unsigned level = 1; level <= 3; ++level) {
        const u64 key = table_key(address, level);
        if (keys == table_keys_.end() || !keys->second.contains(key)) ++missing;
    }
    return missing;
}

Status FakeKernel::map(Slot space, Slot frame, u64 address, Rights rights, u8 flags) {
    if (fails()) return Error::AlreadyMapped;
    static_cast<void>(flags);
    Node* to = find(space, ObjectType::AddressSpace);
    Node* what = find(frame, ObjectType::Frame);
    if (!to || !what) return Error::InvalidCapability;
    if (what->space != 0) return Error::AlreadyMapped;
    if (address % kPageSize != 0 || address == 0 || address >= kUserTop) return Error::InvalidArgument;
    if ((rights & bits(FrameRight::Write)) && (rights & bits(FrameRight::Execute))) return Error::InvalidArgument;
    if (rights == 0 || (rights & ~what->rights)) return Error::MissingRight;
    const u32 missing = missing_tables(to->id, address);
    if (missing > spare_tables_[to->id]) return Error::NeedMemory;
    if (mapped_at(to->id, address)) return Error::AlreadyMapped;
    spare_tables_[to->id] -= missing;
    for (unsigned level = 1; level <= 3; ++level) table_keys_[to->id].insert(table_key(address, level));
    what->space = to->id;
    what->address = address;
    return {};
}

Status FakeKernel::unmap(Slot space, Slot frame) {
    ++operations_;
    Node* from = find(space, ObjectType::AddressSpace);
    Node* what = find(frame, ObjectType::Frame);
    if (!from || !what || what->space != from->id) return Error::NotMapped;
    what->space = what->address = 0;
    return {};
}

Status FakeKernel::donate(Slot space, Slot table) {
    if (fails()) return Error::AlreadyMapped;
    Node* to = find(space, ObjectType::AddressSpace);
    Node* what = find(table, ObjectType::PageTable);
    if (!to || !what || what->donated) return Error::InvalidCapability;
    what->donated = true;
    what->space = to->id;
    ++spare_tables_[to->id];
    return {};
}

Status FakeKernel::check_destination(u32 slot) {
    if (find(slot)) return Error::SlotOccupied;
    return table_pages_.contains(slot / kPageSlots) ? Status() : Error::InvalidCapability;
}

void FakeKernel::set_table_pages(u32 count) {
    table_pages_.clear();
    for (u32 i = 0; i < count; ++i) table_pages_.insert(i);
}

Status FakeKernel::donate_slots(Slot index, Slot page) {
    if (fails()) return Error::AlreadyMapped;
    Node* what = find(page, ObjectType::CapPage);
    if (!what || raw(index) >> kMaxTableBits != 0) return Error::InvalidCapability;
    if (what->donated || !table_pages_.insert(raw(index) / kPageSlots).second) return Error::AlreadyMapped;
    what->donated = true;
    return {};
}

Status FakeKernel::seal(Slot frame) {
    if (fails()) return Error::InvalidOperation;
    Node* what = find(frame, ObjectType::Frame);
    if (!what || !what->original || what->device || what->sealed || what->space != 0 || !what->children.empty())
        return Error::InvalidOperation;
    what->sealed = true;
    what->rights = FrameRight::Read | FrameRight::Execute;
    return {};
}

Status FakeKernel::configure(Slot thread, Slot table, Slot space, Slot utcb, u64) {
    if (fails()) return Error::InvalidOperation;
    Node* object = find(thread, ObjectType::Thread);
    if (!object) return Error::InvalidCapability;
    for (const auto& [slot, type] : {std::pair{table, ObjectType::CapTable}, std::pair{space, ObjectType::AddressSpace},
                                     std::pair{utcb, ObjectType::Frame}}) {
        Node* part = find(slot, type);
        if (!part) return Error::InvalidCapability;
        const Place place{kInner, next_inner_++};
        static_cast<void>(copy(place, *part, kAllRights, 0));
        places_[place]->address = object->id;
    }
    return {};
}

Status FakeKernel::configure_context(Slot context, u64 budget, u64 period, u8 ceiling) {
    if (fails()) return Error::InvalidOperation;
    if (!find(context, ObjectType::SchedContext)) return Error::InvalidCapability;
    return budget <= period && ceiling < kPriorities ? Status() : Error::InvalidArgument;
}

Status FakeKernel::set_context(Slot thread, Slot context) {
    if (fails()) return Error::InvalidOperation;
    Node* object = find(thread, ObjectType::Thread);
    Node* part = find(context, ObjectType::SchedContext);
    if (!object || !part) return Error::InvalidCapability;
    const Place place{kInner, next_inner_++};
    static_cast<void>(copy(place, *part, kAllRights, 0));
    places_[place]->address = object->id;
    return {};
}

Status FakeKernel::set_handlers(Slot thread, Slot pager, Slot exceptions) {
    if (fails()) return Error::InvalidOperation;
    Node* object = find(thread, ObjectType::Thread);
    if (!object) return Error::InvalidCapability;
    for (const Slot slot : {pager, exceptions}) {
        Node* part = find(slot, ObjectType::Endpoint);
        if (!part) return Error::InvalidCapability;
        const Place place{kInner, next_inner_++};
        static_cast<void>(copy(place, *part, kAllRights, 0));
        places_[place]->address = object->id;
    }
    return {};
}

Result<Slot> FakeKernel::slot_for_sending() {
    if (fails()) return Error::LimitReached;
    for (u32 slot = kFirstSending; slot < kLastSending; ++slot) {
        if (sending_.contains(slot)) continue;
        sending_.insert(slot);
        return Slot{slot};
    }
    return Error::LimitReached;
}

Result<Slot> FakeKernel::copy_for_sending(Slot source) {
    EFT_TRY(const Slot slot, slot_for_sending());
    if (Status derived = derive(slot, source); !derived.ok()) {
        sending_.erase(raw(slot));
        return derived.error();
    }
    return slot;
}

void FakeKernel::drop(Slot slot) {
    if (slot == Slot::None) return;
    if (Node* node = find(raw(slot))) erase(*node);
    sending_.erase(raw(slot));
}

const Node* FakeKernel::mapped_at(u64 space, u64 address) const {
    for (const auto& [place, node] : places_) {
        if (node->type == ObjectType::Frame && place.first != kInner && node->space == space &&
            node->address == address)
            return node.get();
    }
    return nullptr;
}

std::size_t FakeKernel::mapped_pages(u64 space) const {
    return static_cast<std::size_t>(std::ranges::count_if(places_, [space](const auto& entry) {
        return entry.second->type == ObjectType::Frame && entry.first.first != kInner && entry.second->space == space;
    }));
}

std::byte* FakeKernel::at(u64 address) {
    const Node* frame = mapped_at(kOwnSpaceId, page_down(address));
    if (!frame) std::abort();  // mem would take a page fault
    if (frame->device) return archive_.data() + (address - archive_window_);
    return pages_[frame->id].data() + address % kPageSize;
}

}  // namespace eft::memory::test

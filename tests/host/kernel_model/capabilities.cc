// Capabilities: where they lie, the tree, and what a deletion does.
#include "model.h"

#include <algorithm>

namespace eft::model {
namespace {

// The table of docs/kernel-abi.md.
u64 object_bytes(ObjectType type, u64 size_bits, u64 limit_bits) {
    if (type == ObjectType::CapTable) {
        if (size_bits < 1 || size_bits > 20 || limit_bits > 20) return 0;
        if (limit_bits != 0 && (size_bits < 6 || limit_bits < size_bits)) return 0;
        const u64 own = u64{64} << size_bits, more = (u64{1} << limit_bits) / 4;
        return limit_bits <= size_bits ? own : own + std::max(more, u64{64});
    }
    if (limit_bits != 0) return 0;
    if (type == ObjectType::Untyped) return size_bits >= 6 && size_bits <= 47 ? u64{1} << size_bits : 0;
    if (type == ObjectType::Frame && size_bits == 21) return u64{1} << 21;
    if (type == ObjectType::Frame && size_bits == 12) size_bits = 0;
    if (size_bits != 0) return 0;
    switch (type) {
        case ObjectType::Thread: return 2048;
        case ObjectType::Endpoint:
        case ObjectType::Notification:
        case ObjectType::Reply: return 64;
        case ObjectType::SchedContext: return 256;
        case ObjectType::AddressSpace: return 8192;
        case ObjectType::PageTable:
        case ObjectType::CapPage:
        case ObjectType::Frame: return 4096;
        default: return 0;
    }
}

}  // namespace

bool counted(ObjectType type) {
    switch (type) {
        case ObjectType::CapTable:
        case ObjectType::Thread:
        case ObjectType::Endpoint:
        case ObjectType::Notification:
        case ObjectType::Reply:
        case ObjectType::AddressSpace:
        case ObjectType::SchedContext: return true;
        default: return false;
    }
}

CapId Model::at(Place place) const {
    const auto found = places.find(place);
    return found == places.end() ? 0 : found->second;
}

Id Model::inner_object(Id holder, u32 which) const {
    const CapId id = inner(holder, which);
    return id ? caps.at(id).object : 0;
}

// Its own slots, and those of pages that were donated.
bool Model::has_slot(Id id, u64 index) const {
    const Table& table = tables.at(id);
    if (index == 0 || index >= table.size) return false;
    return index < table.own || table.pages.contains(index / 64 * 64);
}

bool Model::slot_exists(Id thread, u64 index) const {
    const Id table = inner_object(thread, kTable);
    return table && has_slot(table, index);
}

Place Model::slot_place(Id thread, u64 index) const { return {inner_object(thread, kTable), static_cast<u32>(index)}; }
CapId Model::slot(Id thread, u64 index) const { return slot_exists(thread, index) ? at(slot_place(thread, index)) : 0; }

u64 Model::object_count() const {
    return threads.size() + endpoints.size() + notifications.size() + replies.size() + contexts.size() + tables.size() + spaces.size();
}

CapId Model::create(Place place, Cap cap, CapId parent) {
    const CapId id = next_cap_++;
    cap.parent = parent;
    cap.place = place;
    cap.children.clear();
    caps[id] = cap;
    caps[parent].children.push_back(id);
    places[place] = id;
    return id;
}

CapId Model::derive(CapId source, Place place, Rights mask, u64 badge) {
    Cap child = cap(source);
    child.rights &= mask;
    child.badge = badge;
    child.original = false;
    child.space = 0;
    child.address = 0;
    return create(place, child, source);
}

void Model::move(CapId id, Place place) {
    places.erase(cap(id).place);
    places[place] = id;
    cap(id).place = place;
}

void Model::remove(CapId id) {
    const ObjectType type = cap(id).type;
    const Place place = cap(id).place;
    const Id object = cap(id).object;
    if (type == ObjectType::Endpoint) {
        // Whoever waits through it is told. ORDER: senders first, in the order of the queue.
        const Endpoint queues = endpoints.at(object);
        for (const auto* queue : {&queues.senders, &queues.receivers}) {
            for (const Id waiting : *queue) {
                Thread& thread = threads.at(waiting);
                const bool waits = thread.state == ThreadState::Sending || thread.state == ThreadState::Receiving;
                if (!waits || thread.via != id) continue;
                leave_wait(waiting);
                endpoint_wait_ended(waiting, Error::InvalidCapability);
            }
        }
    } else if (type == ObjectType::Notification && place.index != kBound) {
        const std::deque<Id> waiters = notifications.at(object).waiters;
        for (const Id waiting : waiters) {
            if (threads.at(waiting).via != id) continue;
            leave_wait(waiting);
            end_wait(waiting, Error::InvalidCapability);
        }
    } else if (type == ObjectType::Frame || type == ObjectType::PageTable) {
        if (cap(id).space) detach(id);
    } else if (type == ObjectType::CapPage && cap(id).space) {
        const Id table = cap(id).space;
        tables.at(table).pages.erase(cap(id).address);
        tables.at(table).lost.insert(cap(id).address);
        if (std::find(dying_.begin(), dying_.end(), std::pair(table, ObjectType::CapTable)) == dying_.end()) dying_.emplace_back(table, ObjectType::CapTable);
    } else if (place.index == kBound) {
        notifications.at(object).bound = 0;
    } else if (place.index == kContext) {
        take_back(object, 0);
        if (threads.at(place.holder).charged == object) threads.at(place.holder).charged = 0;
        contexts.at(object).owner = 0;
    } else if (type == ObjectType::Irq) {
        for (auto it = bound_through.begin(); it != bound_through.end();) {
            if (it->second != id) {
                ++it;
                continue;
            }
            if (const CapId bound = inner(0, kIrq + it->first)) remove(bound);
            it = bound_through.erase(it);
        }
    }
    if (counted(type)) drop(object, type);

    // Its children take its place among its siblings.
    const Cap gone = cap(id);
    std::vector<CapId>& siblings = cap(gone.parent).children;
    const auto position = siblings.erase(std::find(siblings.begin(), siblings.end(), id));
    siblings.insert(position, gone.children.begin(), gone.children.end());
    for (const CapId child : gone.children) cap(child).parent = gone.parent;
    places.erase(place);
    caps.erase(id);
    if (place.index >= kTable && place.index <= kContext) inner_cleared(place.holder, type);
}

// ORDER: leaves first, the eldest child's before the next one's.
void Model::revoke(CapId id) {
    while (!cap(id).children.empty()) {
        CapId leaf = cap(id).children.front();
        while (!cap(leaf).children.empty()) leaf = cap(leaf).children.front();
        remove(leaf);
    }
}

void Model::drop(Id object, ObjectType type) {
    u64 left = 0;
    for (const auto& [id, one] : caps) left += one.object == object && one.type == type;
    if (left != 1) return;
    // A table may be there already, as it has lost a page.
    const std::pair one{object, type};
    if (std::find(dying_.begin(), dying_.end(), one) == dying_.end()) dying_.push_back(one);
    if (type == ObjectType::Thread) stop(object);  // from now on it does nothing
}

// ORDER: who died first goes first.
void Model::reap() {
    while (!dying_.empty()) {
        const auto [object, type] = dying_.front();
        destroy(object, type);
        dying_.pop_front();
    }
}

void Model::empty_slots(Id table, u64 first) {
    for (u64 i = first; i < first + 64; ++i) {
        if (const CapId id = at({table, static_cast<u32>(i)})) remove(id);
    }
}

// ORDER: the pages that it lost, from the first on; if nobody names it any more, its pages and then its own slots, both
// from the end, though each page from its first slot on.
void Model::reap_table(Id id) {
    Table& table = tables.at(id);
    while (!table.lost.empty()) {
        const u64 first = *table.lost.begin();
        empty_slots(id, first);
        table.lost.erase(first);
    }
    for (const auto& [number, one] : caps) {
        if (one.object == id && one.type == ObjectType::CapTable) return;
    }
    for (u64 first = table.size; first > table.own;) {
        first -= 64;
        empty_slots(id, first);
        table.lost.erase(first);
        if (const auto page = table.pages.find(first); page != table.pages.end()) cap(page->second).space = 0, cap(page->second).address = 0;
        table.pages.erase(first);
    }
    for (u32 i = static_cast<u32>(table.own); --i > 0;) {
        if (const CapId one = at({id, i})) remove(one);
    }
    tables.erase(id);
}

void Model::destroy(Id object, ObjectType type) {
    switch (type) {
        case ObjectType::CapTable: return reap_table(object);
        case ObjectType::Thread:
            stop(object);
            let_go(object);
            for (u32 which = kTable; which <= kContext; ++which) {
                if (const CapId id = inner(object, which)) remove(id);
            }
            threads.erase(object);
            if (current == object) current = 0;
            return;
        // Nobody waits any more: who did, did so through a capability.
        case ObjectType::Endpoint: endpoints.erase(object); return;
        case ObjectType::Notification: notifications.erase(object); return;
        case ObjectType::Reply:
            if (replies.at(object).state == Reply::Holds) {
                const Id caller = end_call(object);
                if (threads.at(caller).fault) {
                    deliver_fault(caller);
                } else {
                    finish(caller, Error::PeerDied);
                    wake(caller);
                }
            }
            replies.erase(object);
            return;
        case ObjectType::AddressSpace: return destroy_space(object);
        case ObjectType::SchedContext:
            if (const CapId handler = inner(object, kHandler)) remove(handler);
            contexts.erase(object);
            return;
        default: return;
    }
}

void Model::set_inner(Id thread, u32 which, CapId source, u64 badge) {
    if (const CapId old = inner(thread, which)) remove(old);
    if (source) derive(source, {thread, which}, kAllRights, badge);
}

void Model::inner_cleared(Id thread, ObjectType type) {
    if (type == ObjectType::AddressSpace || type == ObjectType::SchedContext) {
        stop(thread);
    } else if (type == ObjectType::Reply && threads.at(thread).state == ThreadState::Receiving) {
        leave_wait(thread);
        end_wait(thread, Error::ReplyMissing);
    }
}

Error Model::retype(CapId untyped, ObjectType type, unsigned size_bits, unsigned limit_bits, u64 count, Id table, u64 first) {
    const Cap source = cap(untyped);
    const u64 size = object_bytes(type, size_bits, limit_bits), alignment = size & -size;
    if (size == 0) return Error::InvalidArgument;
    if (source.device && type != ObjectType::Frame && type != ObjectType::Untyped) return Error::InvalidArgument;
    const u64 used = has_children(untyped) ? source.used : 0;
    const u64 start = (used + alignment - 1) / alignment * alignment;
    const u64 bytes = u64{1} << source.size_bits;
    if (start > bytes || size > bytes || count > (bytes - start) / size) return Error::NeedMemory;
    for (u64 i = 0; i < count; ++i) {
        Cap made;
        made.type = type;
        made.object = source.object + start + i * size;
        made.rights = kAllRights;
        switch (type) {
            case ObjectType::Untyped: made.size_bits = size_bits, made.device = source.device; break;
            case ObjectType::Frame:
                made.rights = FrameRight::Read | FrameRight::Write;
                made.original = true, made.device = source.device;
                made.large = size_bits == 21;
                if (!source.device) pages[made.object] = {};
                break;
            case ObjectType::CapTable:
                tables[made.object] = {u64{1} << size_bits, u64{1} << std::max(size_bits, limit_bits), {}, {}};
                break;
            case ObjectType::Thread: threads[made.object] = {}; break;
            case ObjectType::Endpoint: made.rights = 3, endpoints[made.object] = {}; break;
            case ObjectType::Notification: made.rights = 3, notifications[made.object] = {}; break;
            case ObjectType::Reply: replies[made.object] = {}; break;
            case ObjectType::SchedContext: contexts[made.object] = {}; break;
            case ObjectType::AddressSpace:
                made.object += kPageSize;  // known by its head, which follows the root table
                spaces[made.object] = {};
                break;
            default: break;
        }
        create({table, static_cast<u32>(first + i)}, made, untyped);
    }
    cap(untyped).used = start + size * count;
    return Error::None;
}

}  // namespace eft::model

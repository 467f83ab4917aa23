// What each invocation does, by docs/kernel-abi.md: look up, check, act.
#include "invoker.h"

namespace eft::model {

Error Model::invoke(Id thread, CapId id) { return Invoker(*this, thread, id).run(); }

CapId Invoker::find(u64 index, ObjectType type) const {
    const CapId found = m_.slot(thread_, index);
    return found && m_.cap(found).type == type ? found : 0;
}

// An own capability of this type with one of these rights; 0 in `found` where there is none.
Error Invoker::find_with(u64 index, ObjectType type, Rights right, CapId& found) const {
    found = find(index, type);
    if (!found) return Error::InvalidCapability;
    return m_.cap(found).rights & right ? Error::None : Error::MissingRight;
}

void Invoker::answer(u64 a, u64 b, u64 c, u64 d) { words_ = {a, b, c, d}, count_ = 4; }

Error Invoker::run() {
    const Registers in = m_.threads.at(thread_).registers;
    if (in.tag.words() > kMaxWords || in.tag.caps() > kMaxCaps || in.tag.caps() != 0) return Error::InvalidArgument;
    for (unsigned i = 0; i < 4; ++i) a_[i] = i < in.tag.words() ? in.words[i] : 0;
    operation_ = static_cast<Invocation>(in.tag.label());
    if (const Error error = route(); error != Error::None) return error;
    m_.result(thread_, Error::None, 0, Tag(0, count_ + extra_), words_);
    return Error::None;
}

Error Invoker::route() {
    const Cap& cap = m_.cap(cap_);
    const bool control = cap.rights & 1, inspect = cap.rights & 3;
    bool inspects = false;
    switch (operation_) {
        case Invocation::CapInspect:
        case Invocation::CapUsed: inspects = cap.type == ObjectType::CapTable; break;
        case Invocation::ThreadInspect: inspects = cap.type == ObjectType::Thread; break;
        case Invocation::SpaceInspect: inspects = cap.type == ObjectType::AddressSpace; break;
        case Invocation::SchedInspect: inspects = cap.type == ObjectType::SchedContext; break;
        default: break;
    }
    if (cap.type == ObjectType::Notification || cap.type == ObjectType::Reply || cap.type == ObjectType::PageTable ||
        cap.type == ObjectType::CapPage) {
        return Error::InvalidCapability;
    }
    // The high byte of an invocation says for which type it is.
    struct { ObjectType type; u32 group, count; } constexpr kGroups[] = {
        {ObjectType::Untyped, 1, 2}, {ObjectType::CapTable, 2, 8}, {ObjectType::Thread, 3, 12}, {ObjectType::AddressSpace, 4, 4},
        {ObjectType::Frame, 5, 1}, {ObjectType::Irq, 6, 4}, {ObjectType::IoPorts, 7, 2}, {ObjectType::SchedContext, 8, 3}};
    const u32 number = static_cast<u32>(operation_);
    for (const auto& group : kGroups) {
        if (group.type == cap.type && (group.group != number >> 8 || group.count <= (number & 0xff))) return Error::InvalidOperation;
    }
    if (cap.type == ObjectType::Frame) return frame();
    if (!(inspects ? inspect : control)) return Error::MissingRight;
    switch (cap.type) {
        case ObjectType::Untyped: return untyped();
        case ObjectType::CapTable: return table();
        case ObjectType::Thread: return thread();
        case ObjectType::AddressSpace: return space();
        case ObjectType::SchedContext: return context();
        case ObjectType::Irq: return irq();
        case ObjectType::IoPorts: return ports();
        default: return Error::InvalidCapability;
    }
}

Error Invoker::untyped() {
    const Cap& cap = m_.cap(cap_);
    if (operation_ == Invocation::UntypedInspect) {
        answer(cap.object, cap.size_bits, m_.has_children(cap_) ? cap.used : 0, cap.device);
        return Error::None;
    }
    if (operation_ != Invocation::UntypedRetype) return Error::InvalidOperation;
    const u64 first = a_[1], count = a_[2];
    const auto type = static_cast<ObjectType>(a_[0] & 0xff);
    if (count == 0 || count > (counted(type) ? 64 : 256) || a_[0] >> 24) return Error::InvalidArgument;
    for (u64 i = 0; i < count; ++i) {
        if (!m_.slot_exists(thread_, first + i)) return Error::InvalidCapability;
        if (m_.slot(thread_, first + i)) return Error::SlotOccupied;
    }
    return m_.retype(cap_, type, static_cast<unsigned>(a_[0] >> 8 & 0xff), static_cast<unsigned>(a_[0] >> 16), count,
                     m_.inner_object(thread_, kTable), first);
}

Error Invoker::derive(Place to, bool exists) {
    const CapId source = m_.slot(thread_, a_[1]);
    if (!exists || !source) return Error::InvalidCapability;
    if (m_.at(to)) return Error::SlotOccupied;
    const Cap& cap = m_.cap(source);
    u64 badge = cap.badge;
    const u64 wanted = a_[3];
    switch (cap.type) {
        case ObjectType::Untyped:
        case ObjectType::PageTable:
        case ObjectType::CapPage:
        case ObjectType::Reply: return Error::InvalidOperation;
        case ObjectType::Endpoint:
        case ObjectType::Notification:
            if (wanted && badge && wanted != badge) return Error::InvalidArgument;
            if (wanted) badge = wanted;
            break;
        case ObjectType::Irq:
        case ObjectType::IoPorts: {
            if (!wanted) break;
            const u64 first = badge & 0xffffffff, end = first + (badge >> 32);
            const u64 inner_first = wanted & 0xffffffff, inner_end = inner_first + (wanted >> 32);
            if (inner_first == inner_end || inner_first < first || inner_end > end) return Error::InvalidArgument;
            badge = wanted;
            break;
        }
        default:
            if (wanted) return Error::InvalidArgument;
    }
    m_.derive(source, to, static_cast<Rights>(a_[2]), badge);
    return Error::None;
}

Error Invoker::table() {
    const Id table = m_.cap(cap_).object;
    const u64 size = m_.tables.at(table).size;
    const bool exists = m_.has_slot(table, a_[0]);
    const Place indexed{table, static_cast<u32>(a_[0])};
    const CapId there = exists ? m_.at(indexed) : 0;
    switch (operation_) {
        case Invocation::CapDerive: return derive(indexed, exists);
        case Invocation::CapMove: {
            const CapId source = m_.slot(thread_, a_[1]);
            if (!exists || !source) return Error::InvalidCapability;
            if (there) return Error::SlotOccupied;
            m_.move(source, indexed);
            return Error::None;
        }
        case Invocation::CapTake:
            if (!there || !m_.slot_exists(thread_, a_[1])) return Error::InvalidCapability;
            if (m_.slot(thread_, a_[1])) return Error::SlotOccupied;
            m_.move(there, m_.slot_place(thread_, a_[1]));
            return Error::None;
        case Invocation::CapDelete: {
            const u64 count = a_[1] ? a_[1] : 1;
            if (a_[0] == 0 || a_[0] >= size || count > size - a_[0]) return Error::InvalidCapability;
            for (u64 i = 0; i < count; ++i) {
                // What lies in a page that goes is not there any more.
                if (!m_.has_slot(table, a_[0] + i)) continue;
                if (const CapId id = m_.at({table, static_cast<u32>(a_[0] + i)})) m_.remove(id);
            }
            return Error::None;
        }
        case Invocation::CapRevoke:
            if (!there) return Error::InvalidCapability;
            m_.revoke(there);
            return Error::None;
        case Invocation::CapInspect: {
            if (!exists) return Error::InvalidCapability;
            if (!there) {
                answer(0, 0, 0, 0);
                return Error::None;
            }
            const Cap& cap = m_.cap(there);
            const u64 summary = static_cast<u64>(cap.type) | u64{cap.rights} << 8;
            if (cap.type == ObjectType::Frame) {
                answer(summary | u64{cap.space != 0} << 16 | u64{cap.sealed} << 17 | u64{cap.large} << 18, cap.object, cap.address, cap.space);
            } else if (cap.type == ObjectType::CapPage) {
                answer(summary | u64{cap.space != 0} << 16, cap.object, cap.address, cap.space);
            } else {
                answer(summary, cap.object, cap.badge, 0);
            }
            return Error::None;
        }
        case Invocation::CapUsed: {
            u64 used = 0;
            for (auto it = m_.places.lower_bound({table, 0}); it != m_.places.end() && it->first.holder == table; ++it) ++used;
            answer(size, used, m_.tables.at(table).pages.size());
            return Error::None;
        }
        case Invocation::CapDonate: {
            const CapId page = find(a_[1], ObjectType::CapPage);
            if (!page || a_[0] >= size) return Error::InvalidCapability;
            const u64 start = a_[0] / 64 * 64;
            if (a_[0] < m_.tables.at(table).own || m_.cap(page).space || m_.tables.at(table).pages.contains(start)) return Error::AlreadyMapped;
            m_.tables.at(table).pages[start] = page;
            m_.cap(page).space = table;
            m_.cap(page).address = start;
            return Error::None;
        }
        default: return Error::InvalidOperation;
    }
}

Error Invoker::frame() {
    Cap& cap = m_.cap(cap_);
    if (operation_ != Invocation::FrameSeal || !cap.original || cap.device || cap.sealed) return Error::InvalidOperation;
    if (!(cap.rights & 2)) return Error::MissingRight;
    if (m_.has_children(cap_)) return Error::HasChildren;
    if (cap.space) return Error::AlreadyMapped;
    cap.sealed = true;
    cap.rights = 5;
    return Error::None;
}

Error Invoker::space() {
    const Id id = m_.cap(cap_).object;
    switch (operation_) {
        case Invocation::SpaceMap: {
            const CapId frame = find(a_[0], ObjectType::Frame);
            return frame ? m_.map(id, frame, a_[1], a_[2]) : Error::InvalidCapability;
        }
        case Invocation::SpaceUnmap: {
            const CapId frame = find(a_[0], ObjectType::Frame);
            if (!frame) return Error::InvalidCapability;
            if (m_.cap(frame).space != id) return Error::NotMapped;
            m_.unmap(frame);
            return Error::None;
        }
        case Invocation::SpaceDonate: {
            const CapId page = find(a_[0], ObjectType::PageTable);
            if (!page) return Error::InvalidCapability;
            if (m_.cap(page).space) return Error::AlreadyMapped;
            m_.cap(page).space = id;
            m_.cap(page).level = 0;
            m_.spaces.at(id).spare.push_back(page);
            return Error::None;
        }
        case Invocation::SpaceInspect: {
            u64 mapped = 0, attached = 0, used = 0;
            for (const auto& [where, entry] : m_.spaces.at(id).entries) {
                if (m_.cap(entry).type == ObjectType::Frame) mapped += m_.cap(entry).large ? 512 : 1;
            }
            for (const auto& [number, cap] : m_.caps) {
                attached += cap.space == id;
                used += cap.space == id && cap.type == ObjectType::PageTable && cap.level != 0;
            }
            answer(mapped, m_.spaces.at(id).spare.size(), used, attached);
            return Error::None;
        }
        default: return Error::InvalidOperation;
    }
}

Error Invoker::irq() {
    const u64 range = m_.cap(cap_).badge, first = range & 0xffffffff, end = first + (range >> 32);
    if (a_[0] < first || a_[0] >= end) return Error::InvalidArgument;
    const u32 number = static_cast<u32>(a_[0]);
    switch (operation_) {
        case Invocation::IrqBind: {
            CapId notification = 0;
            if (const Error error = find_with(a_[1], ObjectType::Notification, 1, notification); error != Error::None) return error;
            if (m_.cap(notification).badge == 0) return Error::InvalidArgument;
            if (const CapId old = m_.inner(0, kIrq + number)) m_.remove(old);
            m_.bound_through[number] = cap_;
            m_.derive(notification, {0, kIrq + number}, kAllRights, m_.cap(notification).badge);
            return Error::None;
        }
        case Invocation::IrqAck:
        case Invocation::IrqMode: return number < kIrqLines ? Error::None : Error::InvalidArgument;
        case Invocation::IrqMessage:
            if (number < kFirstMsi) return Error::InvalidArgument;
            answer(0xfee0'0000, 0x4000 + number);  // the host's machine
            return Error::None;
        default: return Error::InvalidOperation;
    }
}

Error Invoker::ports() {
    const u64 range = m_.cap(cap_).badge, first = range & 0xffffffff, end = first + (range >> 32);
    const u64 width = a_[1];
    if (width != 1 && width != 2 && width != 4) return Error::InvalidArgument;
    if (a_[0] < first || a_[0] >= end || width > end - a_[0]) return Error::InvalidArgument;
    if (operation_ == Invocation::PortIn) answer(0);
    return operation_ == Invocation::PortIn || operation_ == Invocation::PortOut ? Error::None : Error::InvalidOperation;
}

}  // namespace eft::model

// One capability slot: what it names, with which rights, and its place in the derivation tree.
//
// Slots live in CapTables and, for references that one object keeps to another, inside objects
// (a thread's address space, its message page, an interrupt's notification …). Such an inner slot is
// a child of the capability it was made from, so a revoke reaches it like any other: no object holds
// a bare pointer to one that may be destroyed first.
//
//   parent --child--> first <--> … <--> last       `next` of the last sibling is the parent, tagged;
//                       \____prev_________/        `prev` of the first sibling is the last one.
//
// So insertion, removal (the children move up to the parent) and replacement take constant time.
#pragma once

#include <eft/abi/object.h>
#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <arch/invariant.h>
#include <object/payload.h>

namespace eft::kernel {

class Endpoint;
class Notification;
class Reply;
class SchedContext;
struct Core;

// Objects with memory of their own, which count the capabilities that name them.
constexpr bool has_object(ObjectType type) {
    return (type >= ObjectType::CapTable && type <= ObjectType::AddressSpace) || type == ObjectType::SchedContext;
}

// What is particular to capabilities to one type of object: its rights, their part of the payload, and the object's
// class if it has memory of its own.
template <class R, auto kMember, class O = void>
struct CapKindOf {
    using Right = R;
    using Object = O;
    static constexpr auto kPayload = kMember;
};
template <ObjectType>
struct CapKind;
template <> struct CapKind<ObjectType::Untyped> : CapKindOf<ControlRight, &Payload::untyped> {};
template <> struct CapKind<ObjectType::CapTable> : CapKindOf<ControlRight, &Payload::inner, CapTable> {};
template <> struct CapKind<ObjectType::Thread> : CapKindOf<ControlRight, &Payload::inner, Thread> {};
template <> struct CapKind<ObjectType::Endpoint> : CapKindOf<EndpointRight, &Payload::endpoint, Endpoint> {};
template <> struct CapKind<ObjectType::Notification> : CapKindOf<NotificationRight, &Payload::notification, Notification> {};
template <> struct CapKind<ObjectType::Reply> : CapKindOf<ControlRight, &Payload::inner, Reply> {};
template <> struct CapKind<ObjectType::AddressSpace> : CapKindOf<ControlRight, &Payload::inner, AddressSpace> {};
template <> struct CapKind<ObjectType::PageTable> : CapKindOf<ControlRight, &Payload::table> {};
template <> struct CapKind<ObjectType::Frame> : CapKindOf<FrameRight, &Payload::frame> {};
template <> struct CapKind<ObjectType::Irq> : CapKindOf<ControlRight, &Payload::irq> {};
template <> struct CapKind<ObjectType::IoPorts> : CapKindOf<ControlRight, &Payload::io_ports> {};
template <> struct CapKind<ObjectType::SchedContext> : CapKindOf<ControlRight, &Payload::inner, SchedContext> {};
template <> struct CapKind<ObjectType::CapPage> : CapKindOf<ControlRight, &Payload::cap_page> {};

class Capability {
public:
    constexpr Capability() = default;
    Capability(const Capability&) = delete;
    Capability& operator=(const Capability&) = delete;

    ObjectType type() const { return static_cast<ObjectType>(head_.type); }
    bool empty() const { return head_.type == 0; }
    bool is(ObjectType type) const { return head_.type == static_cast<u64>(type); }
    Rights rights() const { return static_cast<Rights>(head_.rights); }
    // Endpoint, Notification: it is being deleted, which may take a while. Nobody can use it any more: this
    // takes all rights away.
    bool going() const { return (head_.rights & kGoing) && (is(ObjectType::Endpoint) || is(ObjectType::Notification)); }
    void begin_to_go() { head_.rights = kGoing; }

    // Only for types that have memory of their own (has_object).
    Object* object() const {
        arch::require(has_object(type()));
        return payload_.inner.object;
    }
    template <class T>
    T& as() const {
        arch::require(is(T::kType));
        return *static_cast<T*>(object());
    }
    // Only for the others: the physical address of Untyped, Frame, PageTable and CapPage.
    PhysAddr address() const { return PhysAddr(head_.address); }
    // What user space knows the object by: its physical address.
    u64 id() const { return has_object(type()) ? to_physical(object()).value() : address().value(); }

    template <ObjectType kType>
    auto& payload() {
        arch::require(is(kType));
        return payload_.*CapKind<kType>::kPayload;
    }
    template <ObjectType kType>
    const auto& payload() const {
        arch::require(is(kType));
        return payload_.*CapKind<kType>::kPayload;
    }
    // What user space is told of the payload: the badge, range, mapped address or first index; 0 of other types.
    u64 detail() const;

    // Fills an empty slot as the last child of `parent`, with memory or numbers, or an object. The payload is zero
    // otherwise.
    void fill(ObjectType type, PhysAddr address, Rights rights, Capability& parent);
    void fill(Object& object, Rights rights, Capability& parent);
    // The same, with what `parent` names, and its badge or range.
    void derive_from(Capability& parent, Rights rights);
    // Takes over content and place in the tree of another slot, which becomes empty. This one must
    // be empty. Mapping-list membership moves along.
    void take(Capability& other);
    // Leaves the tree, its children moving up, and becomes empty. Effects of the deletion on the
    // object are the caller's work (derivation.h).
    void clear();

    // Threads may wait through it, or interrupts are bound through it.
    bool is_relied_upon() const {
        if (is(ObjectType::Endpoint)) return payload_.endpoint.waiters != 0 || payload_.endpoint.awaited != 0;
        if (is(ObjectType::Notification)) return payload_.notification.waiters != 0;
        return is(ObjectType::Irq) && payload_.irq.bound;
    }

    bool has_children() const { return child_ != nullptr; }
    Capability* first_child() const { return child_; }

    // Frames and page tables, which can be in use in an address space, and the head of that space's ring.
    bool mappable() const { return is(ObjectType::Frame) || is(ObjectType::PageTable); }
    SpaceLink& link() {
        arch::require(mappable() || empty());
        return payload_.frame.link;
    }
    const SpaceLink& link() const { return const_cast<Capability*>(this)->link(); }
    // Inner slots of a thread: who must hear when it is cleared. An Endpoint has none.
    Thread*& holder() {
        arch::require(!is(ObjectType::Endpoint) && !(mappable() && link().space));
        return payload_.inner.holder;
    }

private:
    template <ObjectType>
    friend class CapRef;

    static constexpr Rights kGoing = 0x80;

    static bool is_tagged(const Capability* link) { return reinterpret_cast<std::uintptr_t>(link) & 1; }
    static Capability* tagged(Capability* parent) {
        return reinterpret_cast<Capability*>(reinterpret_cast<std::uintptr_t>(parent) | 1);
    }
    static Capability* untagged(Capability* link) {
        return reinterpret_cast<Capability*>(reinterpret_cast<std::uintptr_t>(link) & ~std::uintptr_t{1});
    }
    bool last() const { return is_tagged(next_); }
    bool first() const { return is_tagged(prev_->next_); }
    void become_last_child(Capability& parent);

    struct Head {  // copied as one word
        u64 address : 48 = 0;
        u64 type : 8 = 0;
        u64 rights : 8 = 0;
    };

    Payload payload_;
    Head head_;
    Capability* child_ = nullptr;
    Capability* next_ = nullptr;
    Capability* prev_ = nullptr;
};
static_assert(sizeof(Capability) == 1u << kCapabilityBits);

// A slot of which is known that it holds a capability to this type of object. Only so can its rights be asked for, and
// no others than that object's. It refers to the slot as a pointer does.
template <ObjectType kType>
class CapRef {
public:
    using Right = typename CapKind<kType>::Right;

    explicit CapRef(Capability& slot) : slot_(&slot) { arch::require(slot.is(kType)); }

    Capability& slot() const { return *slot_; }
    operator Capability&() const { return *slot_; }
    auto* operator->() const { return &slot_->template payload<kType>(); }

    RightSet<Right> rights() const { return RightSet<Right>::from_mask(slot_->rights()); }
    bool may(Right right) const { return slot_->head_.rights & static_cast<u64>(right); }
    void set_rights(RightSet<Right> rights) const { slot_->head_.rights = rights; }
    auto& object() const { return slot_->as<typename CapKind<kType>::Object>(); }

private:
    Capability* slot_;
};
using UntypedCap = CapRef<ObjectType::Untyped>;
using CapTableCap = CapRef<ObjectType::CapTable>;
using ThreadCap = CapRef<ObjectType::Thread>;
using EndpointCap = CapRef<ObjectType::Endpoint>;
using NotificationCap = CapRef<ObjectType::Notification>;
using AddressSpaceCap = CapRef<ObjectType::AddressSpace>;
using PageTableCap = CapRef<ObjectType::PageTable>;
using FrameCap = CapRef<ObjectType::Frame>;
using IrqCap = CapRef<ObjectType::Irq>;
using IoPortsCap = CapRef<ObjectType::IoPorts>;
using SchedContextCap = CapRef<ObjectType::SchedContext>;
using CapPageCap = CapRef<ObjectType::CapPage>;

}  // namespace eft::kernel

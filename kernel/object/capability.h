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
#include <memory/physical.h>

#include <cstddef>

namespace eft::kernel {

struct Object;
class AddressSpace;
class CapTable;
class Endpoint;
class Notification;
class Reply;
class SchedContext;
class Thread;
struct Core;

// Objects with memory of their own, which count the capabilities that name them.
constexpr bool has_object(ObjectType type) {
    return (type >= ObjectType::CapTable && type <= ObjectType::AddressSpace) || type == ObjectType::SchedContext;
}

class Capability {
public:
    constexpr Capability() = default;
    Capability(const Capability&) = delete;
    Capability& operator=(const Capability&) = delete;

    ObjectType type() const { return static_cast<ObjectType>(type_); }
    bool empty() const { return type_ == 0; }
    bool is(ObjectType type) const { return type_ == static_cast<u64>(type); }
    Rights rights() const { return static_cast<Rights>(rights_); }
    // Endpoint, Notification: it is being deleted, which may take a while. Nobody can use it any more: this
    // takes all rights away.
    bool going() const { return (rights_ & kGoing) && (is(ObjectType::Endpoint) || is(ObjectType::Notification)); }
    void begin_to_go() { rights_ = kGoing; }

    // Only for types that have memory of their own (has_object).
    Object* object() const { return object_; }
    template <class T>
    T& as() const {
        arch::require(is(T::kType));
        return *static_cast<T*>(object());
    }
    // Only for the others: the physical address of Untyped, Frame, PageTable and CapPage.
    PhysAddr address() const { return PhysAddr(address_); }
    // What user space knows the object by: its physical address.
    u64 id() const { return has_object(type()) ? to_physical(object()).value() : address().value(); }

    // Endpoint, Notification: the badge. CapPage: its first index. Others: see Untyped, Frame and NumberRange.
    u64 data = 0;

    // Fills an empty slot as the last child of `parent`, with memory or numbers, or an object.
    void fill(ObjectType type, PhysAddr address, Rights rights, u64 data_word, Capability& parent);
    void fill(Object& object, Rights rights, Capability& parent);
    // The same, with what `parent` names.
    void derive_from(Capability& parent, Rights rights, u64 data_word);
    // Takes over content and place in the tree of another slot, which becomes empty. This one must
    // be empty. Mapping-list membership moves along.
    void take(Capability& other);
    // Leaves the tree, its children moving up, and becomes empty. Effects of the deletion on the
    // object are the caller's work (derivation.h).
    void clear();

    // Threads may wait through it.
    bool is_waited_through() const {
        return is(ObjectType::Endpoint) ? waiters != 0 || awaited != 0 : is(ObjectType::Notification) && waiters != 0;
    }

    bool has_children() const { return child_ != nullptr; }
    Capability* first_child() const { return child_; }

    // Frames and page tables: the address space that this capability is mapped in, or null, and its list.
    bool mappable() const { return is(ObjectType::Frame) || is(ObjectType::PageTable); }
    union {
        AddressSpace* space = nullptr;
        CapTable* table;  // CapPage: that it was donated to, or null
        u64 zero_start;  // Untyped: from here to `zero_end`, memory that is free is cleared (untyped.cc)
        Object* object_;  // the others that have one; see object()
    };
    union {
        Capability* space_next = nullptr;
        Thread* holder;  // inner slots of a thread, except Endpoints: who must hear when they are cleared
        u64 awaited;     // Endpoint: 0 if no thread ever waited to receive through this capability (waiters.cc)
    };
    union {
        Capability* space_prev = nullptr;
        u64 waiters;   // Endpoint, Notification: threads that wait through it to send, or for bits
        u64 zero_end;  // Untyped
    };

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

    u64 address_ : 48 = 0;
    u64 type_ : 8 = 0;
    u64 rights_ : 8 = 0;
    Capability* child_ = nullptr;
    Capability* next_ = nullptr;
    Capability* prev_ = nullptr;
};
static_assert(sizeof(Capability) == 1u << kCapabilityBits);

// What is particular to capabilities to one type of object: its rights, and its class if it has memory of its own.
template <class R, class O = void>
struct CapKindOf {
    using Right = R;
    using Object = O;
};
template <ObjectType>
struct CapKind : CapKindOf<ControlRight> {};
template <> struct CapKind<ObjectType::CapTable> : CapKindOf<ControlRight, CapTable> {};
template <> struct CapKind<ObjectType::Thread> : CapKindOf<ControlRight, Thread> {};
template <> struct CapKind<ObjectType::Endpoint> : CapKindOf<EndpointRight, Endpoint> {};
template <> struct CapKind<ObjectType::Notification> : CapKindOf<NotificationRight, Notification> {};
template <> struct CapKind<ObjectType::Reply> : CapKindOf<ControlRight, Reply> {};
template <> struct CapKind<ObjectType::AddressSpace> : CapKindOf<ControlRight, AddressSpace> {};
template <> struct CapKind<ObjectType::Frame> : CapKindOf<FrameRight> {};
template <> struct CapKind<ObjectType::SchedContext> : CapKindOf<ControlRight, SchedContext> {};

// A slot of which is known that it holds a capability to this type of object. Only so can its rights be asked for, and
// no others than that object's. It refers to the slot as a pointer does.
template <ObjectType kType>
class CapRef {
public:
    using Right = typename CapKind<kType>::Right;

    explicit CapRef(Capability& slot) : slot_(&slot) { arch::require(slot.is(kType)); }

    Capability& slot() const { return *slot_; }
    operator Capability&() const { return *slot_; }
    Capability* operator->() const { return slot_; }

    RightSet<Right> rights() const { return RightSet<Right>::from_mask(slot_->rights()); }
    bool may(Right right) const { return slot_->rights_ & static_cast<u64>(right); }
    void set_rights(RightSet<Right> rights) const { slot_->rights_ = rights; }
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

// Irq and IoPorts: a range of numbers, packed in `data`.
struct NumberRange {
    u32 first;
    u32 count;
    static NumberRange of(const Capability& cap) { return unpack(cap.data); }
    static constexpr NumberRange unpack(u64 word) { return {static_cast<u32>(word), static_cast<u32>(word >> 32)}; }
    constexpr u64 packed() const { return u64{count} << 32 | first; }
    constexpr bool contains(u64 number, u64 width = 1) const {
        return number >= first && width <= count && number - first <= count - width;
    }
    constexpr bool contains(NumberRange inner) const { return inner.count != 0 && contains(inner.first, inner.count); }
};

}  // namespace eft::kernel

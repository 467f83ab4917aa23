// A capability as a field of a message.
//
// A field is built from a handle that stays the sender's (lent: the receiver gets a derived copy), or from one that is
// given up (owned: the sender's is deleted once the message has gone). A received field is always owned: whoever does
// not take it out with release() deletes it. The kernel derives on transfer, so a call can be repeated with the same
// fields: originals never leave the sender.
//
// A slot is a number whose capability somebody else keeps. The two functions of `slots` are the seam to libos (or to
// the fake capabilities of local_caps.h on the host): they are never on the path of a message without capabilities.
#pragma once

#include <eft/abi/message.h>
#include <eft/abi/object.h>

#include <concepts>
#include <type_traits>
#include <utility>

namespace eft::ipc {

namespace slots {
// Deletes the capability, if there is one, and gives the slot back.
void drop(Slot slot);
// Replaces the first `used` receive slots of the page by free ones; 0 where none is left, so that the next sender of a
// capability is told PeerNoSlot.
void refill(Utcb& page, unsigned used);
// A derived copy with these rights at most; None if there is no slot for it.
Slot narrow(Slot slot, Rights rights);
}  // namespace slots

// What a capability refers to, as `cap:"…"` says it; nothing but a name for the compiler.
namespace kind {
struct Any;
struct Untyped;
struct CapTable;
struct Thread;
struct Endpoint;
struct Notification;
struct Reply;
struct AddressSpace;
struct Frame;
struct Irq;
struct IoPorts;
struct Memory;   // a memory object of mem
struct Process;  // a process of proc
template <class Service>
struct EndpointOf;  // a session of that service
}  // namespace kind

template <class T>
concept Handle = requires(const T& handle) {
    { handle.slot() } -> std::same_as<Slot>;
};

// What a field of this kind can be filled with. A session of a service: its client, or a handle that names no other.
template <class Kind>
struct KindOf {
    template <class H>
    static constexpr bool kFits = true;
};
template <class S>
struct KindOf<kind::EndpointOf<S>> {
    using Service = S;
    template <class H>
    static consteval bool fits() {
        if constexpr (requires { typename H::Service; }) return std::is_same_v<typename H::Service, S>;
        else if constexpr (requires { typename H::Kind; })
            return std::is_same_v<typename H::Kind, kind::EndpointOf<S>> ||
                   std::is_same_v<typename H::Kind, kind::Endpoint>;
        else return true;
    }
    template <class H>
    static constexpr bool kFits = fits<H>();
};
template <class H, class Kind>
concept HandleOf = Handle<std::remove_cvref_t<H>> && KindOf<Kind>::template kFits<std::remove_cvref_t<H>>;

class KernelTransport;  // <eft/ipc/kernel_transport.h>: what programs on Eft use

template <class Kind>
class CapField {
public:
    CapField() = default;
    explicit CapField(Slot lent) : slot_(lent) {}
    template <HandleOf<Kind> H>
    CapField(const H& lent) : slot_(lent.slot()) {}
    template <HandleOf<Kind> H>
    requires(!std::is_lvalue_reference_v<H> && requires(H & handle) { handle.release(); }) CapField(H&& owned)
        : slot_(owned.release()), owned_(true) {}

    CapField(CapField&& other) noexcept : slot_(other.slot_), owned_(std::exchange(other.owned_, false)) {
        other.slot_ = Slot::None;
    }
    CapField& operator=(CapField&& other) noexcept {
        if (this != &other) {
            drop();
            slot_ = std::exchange(other.slot_, Slot::None);
            owned_ = std::exchange(other.owned_, false);
        }
        return *this;
    }
    ~CapField() { drop(); }

    static CapField owning(Slot slot) {
        CapField field(slot);
        field.owned_ = slot != Slot::None;
        return field;
    }

    bool present() const { return slot_ != Slot::None; }
    bool owned() const { return owned_; }
    Slot slot() const { return slot_; }

    // The caller owns the capability from now on.
    Slot release() {
        owned_ = false;
        return std::exchange(slot_, Slot::None);
    }
    // As an owning handle of libos: `auto memory = std::move(request.ring).take<Cap<kind::Memory>>()`.
    template <class Owner>
    Owner take() {
        return Owner(release());
    }
    // Of a session (`cap:"endpoint:Service"`): a client of the service, which owns it.
    template <class Transport = KernelTransport>
    auto take_client() {
        using Client = typename KindOf<Kind>::Service::template ClientOf<Transport>;
        return Client(Transport(take<typename Transport::Handle>()));
    }

private:
    void drop() {
        if (owned_) [[unlikely]]
            slots::drop(slot_);
    }

    Slot slot_ = Slot::None;
    bool owned_ = false;
};

// The capabilities of a received message, until the fields take them.
class ReceivedCaps {
public:
    ReceivedCaps() = default;
    // Takes the first receive slots, as many as the tag says, of the page and puts free ones in their place.
    // The page is asked for where it is needed.
    template <class Page>
    [[gnu::always_inline]] ReceivedCaps(Page page_of_thread, Tag tag) {
        if (!tag.has_caps()) [[likely]]
            return;
        Utcb& page = page_of_thread();
        count_ = tag.caps();
        for (unsigned i = 0; i < count_; ++i) slots_[i] = static_cast<Slot>(page.receive_slots[i]);
        slots::refill(page, count_);
    }
    [[gnu::always_inline]] ReceivedCaps(ReceivedCaps&& other) noexcept : count_(std::exchange(other.count_, 0)) {
        for (unsigned i = 0; i < count_; ++i) slots_[i] = other.slots_[i];
    }
    [[gnu::always_inline]] ~ReceivedCaps() {
        for (unsigned i = 0; i < count_; ++i)
            if (slots_[i] != Slot::None) slots::drop(slots_[i]);
    }

    unsigned count() const { return count_; }
    template <class Kind>
    CapField<Kind> take(unsigned index) {
        if (index >= count_) return {};  // an optional one that is absent
        return CapField<Kind>::owning(std::exchange(slots_[index], Slot::None));
    }

private:
    Slot slots_[kMaxCaps];
    unsigned count_ = 0;
};

// Capabilities of a reply that the server gave up: they are deleted when the reply has gone. The loop owns one of
// these and calls drop() after each reply_recv.
class OutgoingCaps {
public:
    OutgoingCaps() = default;
    OutgoingCaps(const OutgoingCaps&) = delete;
    OutgoingCaps& operator=(const OutgoingCaps&) = delete;
    ~OutgoingCaps() { drop(); }

    template <class Kind>
    void keep(CapField<Kind>& field) {
        if (field.owned()) add(field.release());
    }
    Slot add(Slot slot) {
        if (slot != Slot::None) slots_[count_++] = slot;
        return slot;
    }
    void move_to(OutgoingCaps& other) {
        while (count_ != 0) other.add(slots_[--count_]);
    }
    void drop() {
        if (count_ != 0) [[unlikely]]
            drop_all();
    }

private:
    [[gnu::noinline]] void drop_all() {
        while (count_ != 0) slots::drop(slots_[--count_]);
    }

    Slot slots_[2 * kMaxCaps];  // one that was given up, and the narrowed copy of it that goes out
    unsigned count_ = 0;
};

}  // namespace eft::ipc

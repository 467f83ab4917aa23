// The derivation tree's links (see the picture in capability.h).
#include <object/capability.h>

#include <object/object.h>

namespace eft::kernel {

u64 Capability::detail() const {
    switch (type()) {
        case ObjectType::Endpoint: return raw(payload_.endpoint.badge);
        case ObjectType::Notification: return raw(payload_.notification.badge);
        case ObjectType::Irq: return payload_.irq.range.packed();
        case ObjectType::IoPorts: return payload_.io_ports.range.packed();
        case ObjectType::Frame: return payload_.frame.state.mapped_address();
        case ObjectType::CapPage: return payload_.cap_page.first;
        default: return 0;
    }
}

void Capability::fill(ObjectType type, PhysAddr address, Rights rights, Capability& parent) {
    head_ = {address.value() & 0xffff'ffff'ffff, static_cast<u64>(type), rights};
    become_last_child(parent);
}

void Capability::fill(Object& object, Rights rights, Capability& parent) {
    payload_.inner.object = &object;
    head_ = {0, static_cast<u64>(object.type), rights};
    become_last_child(parent);
}

void Capability::derive_from(Capability& parent, Rights rights) {
    head_ = parent.head_;
    head_.rights = rights;
    if (is(ObjectType::Frame)) {
        payload_.frame.state = parent.payload_.frame.state.derived();
    } else {
        payload_.words[0] = parent.payload_.words[0];
        payload_.inner.object = parent.payload_.inner.object;
    }
    become_last_child(parent);
}

void Capability::become_last_child(Capability& parent) {
    child_ = nullptr;
    next_ = tagged(&parent);
    if (Capability* eldest = parent.child_) {
        Capability* youngest = eldest->prev_;
        youngest->next_ = this;
        prev_ = youngest;
        eldest->prev_ = this;
    } else {
        parent.child_ = this;
        prev_ = this;
    }
}

void Capability::take(Capability& other) {
    head_ = other.head_;
    payload_ = other.payload_;
    child_ = other.child_;
    if (child_) child_->prev_->next_ = tagged(this);

    const bool was_first = other.first();
    const bool was_last = other.last();
    next_ = other.next_;
    prev_ = was_first && was_last ? this : other.prev_;
    if (was_first) {
        Capability* parent = was_last ? untagged(next_) : untagged(other.prev_->next_);
        parent->child_ = this;
    } else {
        prev_->next_ = this;
    }
    if (was_last) {
        untagged(next_)->child_->prev_ = this;
    } else {
        next_->prev_ = this;
    }

    if (mappable() && link().space) {
        link().next->link().previous = this;
        link().previous->link().next = this;
    }
    other.head_ = Head();
    other.payload_ = Payload();
    other.child_ = other.next_ = other.prev_ = nullptr;
}

void Capability::clear() {
    Capability* eldest = child_;
    Capability* youngest = eldest ? eldest->prev_ : nullptr;
    const bool was_first = first();
    const bool was_last = last();
    Capability* parent = was_last ? untagged(next_) : was_first ? untagged(prev_->next_) : nullptr;

    // What takes this slot's place among its siblings: the chain of its children, or nothing.
    Capability* head = eldest ? eldest : was_last ? nullptr : next_;
    Capability* tail = youngest ? youngest : was_first ? nullptr : prev_;
    if (youngest) youngest->next_ = next_;
    if (was_first) {
        parent->child_ = head;
        if (head) head->prev_ = was_last ? tail : prev_;
    } else {
        prev_->next_ = eldest ? eldest : next_;
        if (eldest) eldest->prev_ = prev_;
    }
    if (was_last) {
        if (parent->child_) parent->child_->prev_ = tail;
    } else if (eldest || !was_first) {
        next_->prev_ = tail;
    }
    head_ = Head();
    payload_ = Payload();
    child_ = next_ = prev_ = nullptr;
}

}  // namespace eft::kernel

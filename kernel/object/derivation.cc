#include <object/derivation.h>

#include <object/address_space.h>
#include <object/cap_table.h>
#include <object/endpoint.h>
#include <object/frame.h>
#include <object/irq.h>
#include <object/notification.h>
#include <object/reply.h>
#include <schedule/core.h>

namespace eft::kernel {
namespace {

// Whoever waited at one of these did so through a capability, and was told when that was deleted.
bool is_destroyed_at_once(const Object& object) {
    return object.type == ObjectType::Endpoint || object.type == ObjectType::Notification;
}

// False: it paused, and is to be continued.
[[gnu::noinline]] bool destroy_object(Core& core, Object& object) {
    switch (object.type) {
        case ObjectType::CapTable: return static_cast<CapTable&>(object).reap(core);
        case ObjectType::AddressSpace: return static_cast<AddressSpace&>(object).destroy(core);
        case ObjectType::Thread: static_cast<Thread&>(object).destroy(core); return true;
        case ObjectType::Reply: return static_cast<Reply&>(object).destroy(core);
        case ObjectType::SchedContext: static_cast<SchedContext&>(object).destroy(core); return true;
        default: return true;
    }
}

// What an object knows of the thread whose inner slot `cap` is, ends with that slot.
void forget_holder(Capability& cap) {
    if (cap.is(ObjectType::Notification)) {
        cap.as<Notification>().bind(nullptr);
    } else if (cap.is(ObjectType::SchedContext)) {
        SchedContext& context = cap.as<SchedContext>();
        if (context.owner->charged == &context) context.owner->charged = nullptr;
        context.owner = nullptr;
    }
}

// Behind those that died before it, as the first may have been begun with.
[[gnu::noinline]] void add_dying(Core& core, Object& object) {
    core.note_death();
    if (object.dying) return;
    object.dying = true;
    object.next_dying = nullptr;
    Kernel& kernel = core.kernel;
    (kernel.dying ? kernel.last_dying->next_dying : kernel.dying) = &object;
    kernel.last_dying = &object;
}

// A thread does nothing from now on. False: it paused.
bool stop(Core& core, Thread& thread) {
    if (!thread.draw_back_lent(core)) return false;
    core.scheduler.stop(thread);
    return true;
}

// The same.
[[gnu::always_inline]] inline bool drop_object(Core& core, const Capability& cap) {
    if (!has_object(cap.type())) return true;
    Object& object = *cap.object();
    if (object.capabilities == 1) {
        if (object.type == ObjectType::Thread && !stop(core, static_cast<Thread&>(object))) return false;
        add_dying(core, object);
    }
    --object.capabilities;
    return true;
}

[[gnu::noinline]] void lose_page(Core& core, CapPageCap page) {
    page->table->lose_page(page);
    add_dying(core, *page->table);
}

void rename_page(CapPageCap page, Capability& destination) {
    if (page->table) page->table->rename_page(page, destination);
}

// An inner slot of a thread, which hears of it, and stops if it cannot be without. False: it paused.
[[gnu::noinline]] bool delete_inner(Core& core, Capability& cap) {
    Thread& holder = *cap.holder();
    const ObjectType type = cap.type();
    const bool needed = type == ObjectType::AddressSpace || type == ObjectType::SchedContext;
    if (needed && !stop(core, holder)) return false;
    forget_holder(cap);
    drop_object(core, cap);
    cap.clear();
    holder.inner_cleared(core, type);
    return true;
}

// False: it paused, as it may where a thread stops that waits for an answer.
[[gnu::always_inline]] inline bool delete_unrelied(Core& core, Capability& cap) {
    if (cap.is(ObjectType::Endpoint)) {
        // nothing: `awaited`, which is no holder, may be set
    } else if (cap.mappable() && cap.link().space) {
        cap.link().space->detach(cap);
    } else if (cap.holder()) {
        return delete_inner(core, cap);
    } else if (cap.is(ObjectType::CapPage) && CapPageCap(cap)->table) {
        lose_page(core, CapPageCap(cap));
    }
    if (!drop_object(core, cap)) return false;
    cap.clear();
    return true;
}

// Nobody can use `cap` from now on; those who wait through it hear of it, and interrupts are unbound. False: it paused.
[[gnu::noinline]] bool end_reliance(Core& core, Capability& cap) {
    if (cap.is(ObjectType::Irq)) return release_interrupts(core, IrqCap(cap));
    if (cap.is(ObjectType::Endpoint)) return cap.as<Endpoint>().cancel(core, EndpointCap(cap));
    return cap.as<Notification>().cancel(core, NotificationCap(cap));
}

}  // namespace

bool derivable(const Capability& source) {
    switch (source.type()) {
        case ObjectType::None:
        case ObjectType::Untyped:
        case ObjectType::PageTable:
        case ObjectType::CapPage:
        case ObjectType::Reply:
            return false;
        default:
            return true;
    }
}

void derive_capability(Capability& source, Capability& destination, Rights mask) {
    destination.derive_from(source, source.rights() & mask);
    if (has_object(source.type())) ++source.object()->capabilities;
}

void install_object(Core& core, Object& object, Capability& destination, Rights rights, Capability& untyped) {
    destination.fill(object, rights, untyped);
    object.capabilities = 1;
    ++core.kernel.objects;
}

bool movable(Capability& source) {
    if (source.is(ObjectType::Endpoint)) return !source.going() && source.as<Endpoint>().can_rename(EndpointCap(source));
    if (source.is(ObjectType::Notification)) return !source.going() && source.as<Notification>().can_rename(NotificationCap(source));
    return true;
}

void move_capability(Capability& source, Capability& destination) {
    if (source.is(ObjectType::Endpoint)) source.as<Endpoint>().rename(EndpointCap(source), destination);
    if (source.is(ObjectType::Notification)) source.as<Notification>().rename(NotificationCap(source), destination);
    if (source.is(ObjectType::Irq)) rename_interrupts(IrqCap(source), destination);
    if (source.is(ObjectType::CapPage)) rename_page(CapPageCap(source), destination);
    destination.take(source);
}

void delete_capability(Core& core, Capability& cap) { arch::require(delete_unrelied(core, cap)); }

bool remove_capability(Core& core, Capability& cap) {
    if (cap.is_relied_upon() && !end_reliance(core, cap)) [[unlikely]] return false;
    return delete_unrelied(core, cap);
}

// The children of the one that goes take its place, so the first child is always a step of the same length.
bool revoke_capability(Core& core, Capability& cap) {
    while (Capability* child = cap.first_child()) {
        if (!remove_capability(core, *child) || core.must_pause(kDeletionWork)) return false;
    }
    return true;
}

namespace {

bool destroy_dying(Core& core) {
    Kernel& kernel = core.kernel;
    while (Object* object = kernel.dying) {
        if (!is_destroyed_at_once(*object) && !destroy_object(core, *object)) return false;
        kernel.dying = object->next_dying;
        if (!kernel.dying) kernel.last_dying = nullptr;
        if (object->capabilities == 0) {
            --kernel.objects;
        } else {
            object->dying = false;
        }
        if (core.must_pause(kReapWork)) return !kernel.dying;
    }
    return true;
}

}  // namespace

bool reap_dying(Core& core) {
    const bool all = destroy_dying(core);
    core.died = false;  // nobody waits for what died of that
    return all;
}

bool reap_before_reuse(Core& core) {
    if (!core.kernel.dying) return false;
    reap_dying(core);
    return true;
}

}  // namespace eft::kernel

#include <object/derivation.h>

#include <object/address_space.h>
#include <object/cap_table.h>
#include <object/endpoint.h>
#include <object/frame.h>
#include <object/notification.h>
#include <object/reply.h>
#include <schedule/core.h>

namespace eft::kernel {
namespace {

void destroy_object(Core& core, Object& object) {
    --core.objects;
    switch (object.type) {
        case ObjectType::CapTable: return static_cast<CapTable&>(object).destroy(core);
        case ObjectType::Thread: return static_cast<Thread&>(object).destroy(core);
        case ObjectType::Endpoint: return static_cast<Endpoint&>(object).destroy(core);
        case ObjectType::Notification: return static_cast<Notification&>(object).destroy(core);
        case ObjectType::Reply: return static_cast<Reply&>(object).destroy(core);
        case ObjectType::AddressSpace: return static_cast<AddressSpace&>(object).destroy();
        case ObjectType::SchedContext: return static_cast<SchedContext&>(object).destroy(core);
        default: return;
    }
}

// What an object knows of the thread whose inner slot `cap` is, ends with that slot.
void forget_holder(Capability& cap) {
    if (cap.is(ObjectType::Notification)) {
        cap.as<Notification>().bind(nullptr);
    } else if (cap.is(ObjectType::SchedContext)) {
        SchedContext& context = cap.as<SchedContext>();
        context.recall();
        if (context.owner->charged == &context) context.owner->charged = nullptr;
        context.owner = nullptr;
    }
}

void drop_object(Core& core, Object& object) {
    if (--object.capabilities != 0) return;
    object.dying = true;
    object.next_dying = core.dying;
    core.dying = &object;
}

}  // namespace

bool derivable(const Capability& source) {
    switch (source.type()) {
        case ObjectType::None:
        case ObjectType::Untyped:
        case ObjectType::PageTable:
        case ObjectType::Reply:
            return false;
        default:
            return true;
    }
}

void derive_capability(Capability& source, Capability& destination, Rights mask, u64 data) {
    if (source.is(ObjectType::Frame)) data = FrameData::of(source).derived();
    destination.derive_from(source, source.rights() & mask, data);
    if (has_object(source.type())) ++source.object()->capabilities;
}

void install_object(Core& core, Object& object, Capability& destination, Rights rights, Capability& untyped) {
    destination.fill(object, rights, untyped);
    object.capabilities = 1;
    ++core.objects;
}

void move_capability(Capability& source, Capability& destination) {
    if (source.is(ObjectType::Endpoint)) source.as<Endpoint>().rename(source, destination);
    destination.take(source);
}

void delete_capability(Core& core, Capability& cap) {
    const ObjectType type = cap.type();
    Thread* holder = nullptr;
    if (type == ObjectType::Endpoint) {
        cap.as<Endpoint>().cancel(core, cap);
        cap.awaited = 0;
    } else if (cap.mappable() && cap.space) {
        cap.space->detach(cap);
    } else if (cap.holder) {
        holder = cap.holder;
        forget_holder(cap);
        cap.holder = nullptr;
    } else if (type == ObjectType::Irq) {
        core.irqs.release(core, NumberRange::of(cap));
    }
    if (has_object(type)) drop_object(core, *cap.object());
    cap.clear();
    if (holder) holder->inner_cleared(core, type);
}

void revoke_capability(Core& core, Capability& cap) {
    while (Capability* descendant = cap.deepest_first_child()) delete_capability(core, *descendant);
}

void bury_dead(Core& core) {
    while (Object* object = core.dying) {
        core.dying = object->next_dying;
        destroy_object(core, *object);
    }
}

}  // namespace eft::kernel

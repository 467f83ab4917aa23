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
        default: return;
    }
}

// A thread's inner slot goes: the thread can no longer run, or is no longer bound.
void tell_holder(Core& core, Capability& cap) {
    if (cap.is(ObjectType::AddressSpace)) {
        core.scheduler.stop(*cap.holder);
    } else {
        cap.as<Notification>().bind(nullptr);
    }
    cap.holder = nullptr;
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
    destination.fill(source.type(), source.address(), source.rights() & mask, data, source);
    if (has_object(source.type())) ++source.object()->capabilities;
}

void install_object(Core& core, Object& object, Capability& destination, Rights rights, Capability& untyped) {
    destination.fill(object.type, to_physical(&object), rights, 0, untyped);
    object.capabilities = 1;
    ++core.objects;
}

void move_capability(Capability& source, Capability& destination) {
    if (source.is(ObjectType::Endpoint) && source.waiters != 0) source.as<Endpoint>().rename(source, destination);
    destination.take(source);
}

void delete_capability(Core& core, Capability& cap) {
    if (cap.space) cap.space->detach(cap);
    if (cap.is(ObjectType::Irq)) core.irqs.release(core, NumberRange::of(cap));
    if (cap.is(ObjectType::Endpoint)) {
        if (cap.waiters != 0) cap.as<Endpoint>().cancel(core, cap);
    } else if (cap.holder && (cap.is(ObjectType::AddressSpace) || cap.is(ObjectType::Notification))) {
        tell_holder(core, cap);
    }
    if (has_object(cap.type())) {
        Object& object = *cap.object();
        if (--object.capabilities == 0) {
            object.dying = true;
            object.next_dying = core.dying;
            core.dying = &object;
        }
    }
    cap.clear();
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

// The derivation tree and the slots: every link has its counterpart, every slot that holds a capability is in the tree
// and every capability of the tree lies in a slot of something that exists, and objects count their capabilities.
#include "invariants.h"

#include <object/cap_table.h>
#include <object/derivation.h>
#include <object/thread.h>

namespace eft::kernel::test {
namespace {

// Visits the children of one capability; false if their links lead astray.
bool visit_children(Survey& found, Capability& parent, std::vector<Capability*>& pending) {
    Capability* eldest = parent.child_;
    if (!eldest) return true;
    if (eldest->prev_->next_ != Capability::tagged(&parent)) {
        found.require(false, "the eldest child's `prev` is not the youngest, whose `next` is the parent");
        return false;
    }
    for (Capability* child = eldest;; child = child->next_) {
        found.require(!child->empty(), "an empty slot is in the derivation tree");
        if (!found.capabilities.insert(child).second) {
            found.require(false, "a capability is in the derivation tree twice");
            return false;
        }
        pending.push_back(child);
        if (has_object(child->type())) ++found.objects[child->object()];
        if (child->last()) {
            found.require(Capability::untagged(child->next_) == &parent, "the youngest child names another parent");
            found.require(eldest->prev_ == child, "the eldest child does not know the youngest");
            return true;
        }
        if (child->next_->prev_ != child) {
            found.require(false, "two siblings disagree about their order");
            return false;
        }
    }
}

template <class Function>
void each_slot(Survey& found, Core& core, Function function) {
    found.each<CapTable>(ObjectType::CapTable, [&](CapTable& table) {
        for (u64 i = 1; i <= table.last_; ++i) function(*table.lookup(i));
        for (u64 i = 0; i < table.more_ / kPageSlots; ++i) {
            const CapTable::Page& page = table.directory()[i];
            Capability* slots = page.slots ? page.slots : page.link;  // of one that goes: out of reach, but still there
            for (u64 j = 0; slots && j < kPageSlots; ++j) function(slots[j]);
        }
    });
    found.each<Thread>(ObjectType::Thread, [&](Thread& thread) {
        for (Capability* slot : {&thread.table, &thread.space, &thread.utcb_frame, &thread.pager,
                                 &thread.exception_handler, &thread.bound_notification, &thread.reply, &thread.context}) {
            function(*slot);
        }
    });
    found.each<SchedContext>(ObjectType::SchedContext, [&](SchedContext& context) { function(context.handler); });
    for (IrqBinding& binding : core.kernel.irqs.bindings_) function(binding.notification);
}

}  // namespace

Survey survey(Core& core) {
    Survey found;
    std::vector<Capability*> pending{&core.kernel.ancestor};
    while (!pending.empty()) {
        Capability& parent = *pending.back();
        pending.pop_back();
        if (!visit_children(found, parent, pending)) break;
    }
    // Dying objects exist until they are reaped, and nobody names them, but for tables of which only pages go.
    for (Object* object = core.kernel.dying; object; object = object->next_dying) {
        found.require(object->dying, "an object in the list of the dying does not know it");
        found.require(found.objects.emplace(object, 0).second || object->type == ObjectType::CapTable,
                      "a capability names a dying object");
        found.require(object->next_dying || core.kernel.last_dying == object, "the list of the dying has another end");
        if (!found.broken.empty()) break;
    }
    found.require(core.kernel.dying || !core.kernel.last_dying, "nobody dies, but somebody is the last");
    return found;
}

// Each interrupt is in the list of the capability that it is bound through, and in no other.
void check_interrupts(Survey& found, Core& core) {
    u32 bound = 0, listed = 0;
    for (u32 number = 0; number < kIrqs; ++number) {
        const IrqBinding& binding = core.kernel.irqs.bindings_[number];
        found.require(binding.through || binding.notification.empty(), "an interrupt is bound through nothing");
        if (!binding.through) continue;
        ++bound;
        const bool there = found.capabilities.contains(binding.through) && binding.through->is(ObjectType::Irq);
        found.require(there && IrqCap(*binding.through)->range.contains(number) && binding.number == number,
                      "an interrupt is bound through a capability that does not reach it");
    }
    for (Capability* cap : found.capabilities) {
        if (!cap->is(ObjectType::Irq)) continue;
        for (const IrqBinding* binding = IrqCap(*cap)->bound; binding && listed <= kIrqs; binding = binding->next) {
            ++listed;
            found.require(binding->through == cap, "a capability has an interrupt that is bound through another");
        }
    }
    found.require(bound == listed, "the lists of bound interrupts miss one, or have one twice");
}

void check_slots(Survey& found, Core& core) {
    check_interrupts(found, core);
    std::set<Capability*> slots;
    each_slot(found, core, [&](Capability& slot) {
        if (slot.empty()) {
            const auto& words = slot.payload_.words;
            found.require(!words[0] && !words[1] && !words[2] && !words[3], "an empty slot keeps something");
            found.require(!slot.child_ && !slot.next_ && !slot.prev_, "an empty slot keeps links");
            return;
        }
        slots.insert(&slot);
        found.require(found.capabilities.contains(&slot), "a slot holds a capability that is not in the tree");
    });
    for (Capability* cap : found.capabilities) {
        found.require(slots.contains(cap), "the tree has a capability that lies in no slot");
    }
    found.require(core.kernel.objects == found.objects.size(), "the number of objects is wrong");
    for (auto& [object, count] : found.objects) {
        const bool loses_pages = object->dying && object->type == ObjectType::CapTable;
        found.require(object->dying == (count == 0) || loses_pages, "an object with capabilities is dying, or one without is not");
        found.require(object->capabilities == count, "an object miscounts its capabilities");
    }
    for (Capability* cap : found.capabilities) {
        if (has_object(cap->type())) {
            found.require(cap->object()->type == cap->type(), "a capability names an object of another type");
        }
    }
}

std::vector<std::string> broken_invariants(Core& core) {
    Survey found = survey(core);
    if (!found.broken.empty()) return found.broken;  // the tree cannot be trusted: look no further
    check_slots(found, core);
    if (!found.broken.empty()) return found.broken;
    check_threads(found, core);
    check_memory(found, core);
    return found.broken;
}

}  // namespace eft::kernel::test

// The one place that knows both: reads the kernel's objects and the model's state, and says where they differ.
#pragma once

#include "model.h"

#include <machine.h>

namespace eft::model {

// The kernel's thread, or page, of this id.
kernel::Thread& kernel_thread(Id id);
Utcb& kernel_page(Id frame);

// A long operation that pauses now goes on at once as if it had not: nobody else is to run before its thread or would wait
// in another order, and it has not taken away the capability that it was called with. The model knows of no pauses.
bool goes_on_after_pause(const kernel::Core& core);
// What may pause now is the search for a thread with budget: the next choice goes on.
bool searches_for_budget(const kernel::Core& core);

// What the machine put into the inspector's page is taken over; what documents leave open, too.
void adopt(Model& model, const Operation& operation);

// The first difference, in words; empty if there is none. `thorough` looks at whole message pages, too.
std::string difference(const Model& model, kernel::Core& core, bool thorough);

}  // namespace eft::model

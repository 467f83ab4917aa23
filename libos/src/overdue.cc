#include <eft/overdue.h>

#include <eft/process.h>
#include <eft/syscall.h>

namespace eft {

void complain(Slot session, u32 label, u64 started, u64 ended) {
    Complaint& complaint = persistent_head().complaint;
    complaint.slot = raw(session);
    complaint.label = label;
    complaint.started = started;
    complaint.ended = ended;
    __atomic_store_n(&complaint.count, complaint.count + 1, __ATOMIC_RELEASE);
    sys::signal(slot(WellKnown::Supervisor));
}

}  // namespace eft

#include <eft/overdue.h>

#include <eft/process.h>
#include <eft/syscall.h>

namespace eft {
namespace {

void make(const Complaint& what) {
    Complaint& complaint = persistent_head().complaint;
    const u64 count = complaint.count;
    complaint = what;
    __atomic_store_n(&complaint.count, count + 1, __ATOMIC_RELEASE);
    sys::signal(slot(WellKnown::Supervisor));
}

}  // namespace

void complain(Slot session, u32 label, u64 started, u64 ended) { make({.count = 0, .slot = raw(session), .label = label, .started = started, .ended = ended, .error = 0}); }

void doubt(Slot session, u32 label, Error error) { make({.count = 0, .slot = raw(session), .label = label, .started = 0, .ended = 0, .error = static_cast<u64>(error)}); }

}  // namespace eft

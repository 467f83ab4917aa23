// The life of a process: from the supervisor's first registers to its end.
#include <eft/process.h>

#include <eft/cap.h>
#include <eft/fault_order.h>
#include <eft/invoke.h>
#include <eft/panic.h>
#include <eft/step.h>
#include <eft/syscall.h>

#include <eft/idl/proc.h>
#include <eft/ipc/kernel_transport.h>

#include <algorithm>

namespace eft {
namespace {

EFT_PROCESS_LOCAL constinit Incarnation this_incarnation{};

// The thread's Reply and bound notification are the incarnation's own work: it starts with a thread
// that has neither.
void prepare_thread() {
    static_cast<void>(kernel_object::exchange_reply(slot(WellKnown::Thread), static_cast<Slot>(config().table.first_reply)));
    static_cast<void>(kernel_object::bind(slot(WellKnown::Thread), slot(WellKnown::Notification)));
}

// What a fault order does to this process.
void be_late(u64 milliseconds) {
    const u64 begin = sys::time_stamp();
    while (sys::time_stamp() - begin < milliseconds * config().ticks_per_ms) {
    }
}

}  // namespace

const Incarnation& incarnation() { return this_incarnation; }

Result<Slot> granted(std::string_view name) {
    for (u32 i = 0; i < std::min<u32>(config().cap_count, std::size(config().caps)); ++i) {
        if (field_text(config().caps[i].name) == name) return static_cast<Slot>(config().caps[i].slot);
    }
    return Error::NotFound;
}

std::span<std::byte> state_memory() {
    return {arch::pointer<std::byte>(layout::kPersistentAddress + kPageSize + config().log_bytes), config().state_bytes};
}

void report_ready() {
    persistent_head().ready_incarnation = static_cast<u32>(this_incarnation.number);
    sys::signal(slot(WellKnown::Supervisor));
}

// The supervisor has something to do that was to wait for it.
void note_first_request() {
    if (persistent_head().first_request != 0) return;
    persistent_head().first_request = sys::time_stamp();
    sys::signal(slot(WellKnown::Supervisor));
}

[[noreturn]] void exit(int status) {
    proc::ProcClient<> process{CapHandle(slot(WellKnown::Process))};
    proc::ExitRequest request;
    request.status = status;
    static_cast<void>(process.exit(request));
    arch::crash();
}

// The last words stay in the persistent page; the exception that follows is the crash record's reason.
[[noreturn]] void panic(const char* what) {
    const std::string_view text(what);
    char* words = persistent_head().last_words;
    const std::size_t length = std::min(text.size(), sizeof(PersistentHead::last_words) - 1);
    std::copy_n(text.data(), length, words);
    words[length] = 0;
    log(text);
    arch::crash();
}

extern "C" [[noreturn]] void eft_start(u64 number, u64 replies_delivered) {
    arch::begin_program();
    this_incarnation = {number, replies_delivered};
    persistent_head().first_request = 0;
    MessageTrace(persistent_head().trace).clear();
    show_session_in(persistent_head().session);
    tell_requests_to(note_first_request);
    take_fault_orders({&config().faults, &persistent_head().faults, be_late, arch::crash});
    prepare_thread();
    ipc::slots::refill(sys::utcb(), kMaxCaps);
    arch::initialise_program();
    exit(arch::run_program());
}

}  // namespace eft

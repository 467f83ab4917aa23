// log: reads what all services have written into their log rings. They write without asking anybody, and what the dead
// have written last is there as well.
#include "merge.h"

#include <eft/idl/log.h>
#include <eft/idl/rs.h>
#include <eft/idl/timer.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/server.h>
#include <eft/session.h>
#include <eft/shared_memory.h>

#include <optional>
#include <vector>

using namespace eft;
using namespace eft::log_server;

namespace {

constexpr u64 kStarted = 1;  // a bit of the own notification

// Another service's ring, mapped here for good: rs keeps it as long as the system runs.
struct Ring {
    u32 index;  // of the service, at rs
    FixedText<31> name;
    SharedMemory memory;
    u64 offset;
    u64 bytes;

    std::span<const std::byte> contents() const { return memory.bytes().subspan(offset, bytes); }
};

class LogServer {
public:
    explicit LogServer(Slot supervisor) : supervisor_(CapHandle(supervisor)) { scale_.zero = config().boot_time; }

    // Soon after the start, so that nobody who reads has to wait for the rate.
    void look_first() {
        if (auto moment = look_at_clocks(sys::time_stamp, [this] { return now(); }); moment.ok()) scale_.first = *moment;
    }

    Result<syslog::Lines> read(ipc::Context&, const syslog::From& request) {
        find_rings();
        measure_time();
        std::vector<Source> sources;
        sources.reserve(rings_.size());
        for (const Ring& ring : rings_)
            if (request.service.empty() || request.service == ring.name.view())
                sources.emplace_back(ring.name.view(), ring.contents());
        if (sources.empty() && !request.service.empty()) return Error::NotFound;
        std::vector<Source*> pointers;
        pointers.reserve(sources.size());
        for (Source& source : sources) pointers.push_back(&source);
        text_.clear();
        syslog::Lines lines;
        lines.next = merge(std::span<Source* const>(pointers), request.cursor, scale_, text_);
        lines.text = text_.view();
        return lines;
    }

private:
    // Services that rs has come to know since the last time.
    void find_rings() {
        rs::Cursor cursor;
        cursor.after = rings_.empty() ? 0 : rings_.back().index;
        for (;;) {
            auto found = supervisor_.log(cursor);
            if (!found.ok()) return;
            cursor.after = found->index;
            CapHandle object(found->memory.release());
            if (found->bytes < kLogRingMinimum || found->offset % sizeof(u64) != 0) continue;
            // The answer's name is gone with the next call.
            Ring ring{found->index, FixedText<31>(found->name), {}, found->offset, found->bytes};
            auto memory = SharedMemory::borrow_to_read(object.slot(), page_up(ring.offset + ring.bytes));
            if (!memory.ok()) continue;
            ring.memory = std::move(*memory);
            rings_.push_back(std::move(ring));
        }
    }

    // No timer, no scale.
    void measure_time() {
        if (now().ok()) static_cast<void>(measure(scale_, sys::time_stamp, [this] { return now(); }));
    }
    Result<u64> now() {
        if (!timer_) {
            EFT_TRY(CapHandle session, connect("timer"));
            timer_.emplace(std::move(session));
        }
        EFT_TRY(const timer::Time time, timer_->now());
        return time.now_ns;
    }

    rs::RsClient<> supervisor_;
    std::optional<timer::TimerServiceClient<>> timer_;
    std::vector<Ring> rings_;
    TimeScale scale_;
    FixedText<syslog::Lines::kTextMax> text_;
};
static_assert(syslog::LogServer<LogServer>);

}  // namespace

int eft_main() {
    const Result<Slot> supervisor = granted("rs");
    if (!supervisor.ok()) panic("the manifest does not grant \"logs\"");
    static EFT_PROCESS_LOCAL LogServer server(*supervisor);
    // The timer service may be starting, and waiting for it is for when log itself is up: its own signal tells.
    auto started = copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kStarted);
    if (started.ok()) sys::signal(started->slot());
    ServerLoop loop;
    loop.run(requests_to<syslog::Log>(server),
             [](u64 bits) {
                 if (bits & kStarted) server.look_first();
             });
}

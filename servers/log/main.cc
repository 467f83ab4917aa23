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

#include <vector>

using namespace eft;
using namespace eft::log_server;

namespace {

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
    explicit LogServer(Slot supervisor) : supervisor_(CapHandle(supervisor)) {}

    Result<syslog::Lines> read(ipc::Context&, const syslog::From& request) {
        find_rings();
        look_at_clocks();
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

    // The first moment stays for as long as this incarnation lives: the scale gets better with time. No timer, no scale.
    void look_at_clocks() {
        if (!timer_) {
            auto session = connect("timer");
            if (!session.ok()) return;
            timer_.emplace(std::move(*session));
        }
        auto now = timer_->now();
        if (!now.ok()) return;
        scale_.ticks_now = sys::time_stamp();
        scale_.ns_now = now->now_ns;
        if (scale_.ticks_then == 0) {
            scale_.ticks_then = scale_.ticks_now;
            scale_.ns_then = scale_.ns_now;
        }
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
    const Result<Slot> supervisor = granted("logs");
    if (!supervisor.ok()) panic("the manifest does not grant \"logs\"");
    static LogServer server(*supervisor);
    ServerLoop loop;
    loop.run([](ipc::Context& context, ipc::IncomingMessage& message) { return syslog::Log::dispatch(server, context, message); });
}

// A client of ram_block that breaks the rules of its ring, as its arguments say: "scribble" writes random words all over
// the shared memory while it signals; "vanish" lets go of the memory in the middle of its requests. It must harm nobody.
#include <eft/idl/block.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/panic.h>
#include <eft/process.h>
#include <eft/ring/client.h>
#include <eft/session.h>
#include <eft/shared_memory.h>

#include <optional>

using namespace eft;

namespace {

constexpr u32 kReads = 16;
constexpr u32 kBytes = 512;

struct NoWake {
    void signal() {}
};
using Ring = block::BlockRing<NoWake>;

template <class T>
T require(Result<T> result, const char* otherwise) {
    if (!result.ok()) panic(otherwise);
    return std::move(*result);
}

[[noreturn]] void scribble(std::span<std::byte> memory, Slot server) {
    u64 state = 0x9e37'79b9'7f4a'7c15;
    for (;;) {
        state = state * 6364136223846793005 + 1442695040888963407;
        const u64 place = (state >> 20) % (memory.size() / sizeof(u64));
        reinterpret_cast<volatile u64*>(memory.data())[place] = state >> (state & 31);
        if ((state >> 8) % 64 == 0) {
            sys::signal(server);
            sys::yield();
        }
    }
}

}  // namespace

int eft_main() {
    report_ready();
    block::BlockClient<> driver(require(connect("ram/0"), "no session with ram_block"));
    Ring ring;
    {
        SharedMemory memory = require(SharedMemory::create(Ring::kMemoryBytes), "no memory for the ring");
        SharedMemory area = require(SharedMemory::create(kReads * kBytes), "no memory for the area");
        if (!ring.create(memory.bytes(), area.bytes().size()).ok()) panic("no ring");
        const CapHandle wake = require(copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), 1), "no wake-up");
        block::Attach request;
        request.ring = memory.object();
        request.area = area.object();
        request.area_bytes = area.bytes().size();
        request.wake = wake;
        auto attached = require(driver.attach(request), "ram_block does not attach");
        const CapHandle server(attached.wake.release());
        for (u32 window = 0; window < kReads; ++window) {
            block::Read read;
            read.sector = window;
            read.count = 1;
            read.data = ipc::AreaSpan(area.bytes().data(), window * kBytes, kBytes);
            static_cast<void>(require(ring.submit_read(read), "no read can be submitted"));
        }
        log(field_text(config().arguments));
        if (field_text(config().arguments) == "scribble") scribble(memory.bytes(), server.slot());
        sys::signal(server.slot());
    }  // the memory goes, the session stays
    for (;;) {
        ipc::Registers registers;
        static_cast<void>(sys::recv(slot(WellKnown::Notification), registers));
    }
}

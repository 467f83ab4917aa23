// ext2: the file server for a disk that somebody else drives. The service is in file_service.h.
//
// Mounting begins when the supervisor has been told that we are ready: it may have to wait for the driver. It is tried again
// for each request that finds nothing mounted, so that a cause which went away is not remembered.
#include "fs/ext2/file_service.h"
#include "fs/ext2/ring_disk.h"

#include <eft/ring/attached_ring.h>
#include <eft/run_server.h>

using namespace eft;
using namespace eft::ext2;

namespace {

constexpr u64 kWakeBit = 1;
constexpr const char* kDiskName = "block/0";

class Server final : public FileServer {
public:
    using FileServer::FileServer;

    void resume() {
        auto wake = make_wake(kWakeBit);
        if (!wake.ok()) panic("no slot for the own wake-up");
        wake_ = std::move(*wake);
        sys::signal(wake_.slot());
    }

    void woken(u64 bits) {
        if (!std::exchange(started_, true)) mount_if_needed();
        if (bits & kWakeBit) driver_.on_wake();
    }
    // The driver has completed reads: those who wait for them go on.
    bool progress() {
        driver_.take_completions();
        return driver_.prepare_to_sleep();
    }

private:
    // The ring and the area belong to this incarnation, and so does the session: names closes it when we die.
    void begin_mounting() override {
        if (const Status ready = attach_disk(); !ready.ok()) {
            // names knows no such service where the driver has found no device.
            const Error error = ready.error() == Error::NotFound ? Error::NoDevice : ready.error();
            mounted(report().finding(error, "no disk: ", kDiskName, ": ", to_string(error)));
            log(report().text());
            return;
        }
        start_detached(mount_disk());
    }
    Status attach_disk() {
        if (driver_.is_attached()) return {};
        EFT_TRY(const block::Attached attached, driver_.connect(kDiskName, wake_));
        return disk_.set_geometry(attached.sectors, attached.max_count, attached.block);
    }
    Task<void> mount_disk() {
        Result<MountedVolume> volume = co_await mount(disk_, report());
        log(volume.ok() ? "mounted read-only" : report().text());
        mounted(std::move(volume));
    }

    CapHandle wake_;
    ring::AttachedRing<block::Block> driver_{kDiskWindows, kDiskWindowBytes};
    RingDisk<ring::PeerWake> disk_{driver_.ring(), driver_.windows(), report()};
    bool started_ = false;
};

}  // namespace

int eft_main() { run_server<Server>(kLayoutVersion); }

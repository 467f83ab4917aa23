// ext2: the file server for a disk that somebody else drives.
//
// One loop, three reasons to wake: the driver has completed reads, clients have submitted some, or names has sessions
// that were closed. After each, everything is looked at until nothing is left to do and all rings know that we sleep.
// Mounting begins when the supervisor has been told that we are ready: it may have to wait for the driver.
#include "fs/ext2/client_memory.h"
#include "fs/ext2/file_service.h"
#include "fs/ext2/ring_disk.h"

#include <eft/idl/names.h>
#include <eft/session.h>
#include <eft/serve_region.h>
#include <eft/text.h>

using namespace eft;
using namespace eft::ext2;

namespace {

constexpr u32 kLayoutVersion = 1;
constexpr u64 kWakeBit = 1;
constexpr const char* kDiskName = "block/0";

// The driver's notification, which is known after Attach only.
struct DriverWake {
    CapHandle* notification;
    void signal() {
        if (*notification) sys::signal(notification->slot());
    }
};

Result<CapHandle> own_wake() { return copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kWakeBit); }

// What the file service needs of the kernel.
class Environment {
public:
    using Source = RingDisk<DriverWake>;
    using Share = ClientShare;

    explicit Environment(ClientMemory& clients) : clients_(clients) {}

    Result<ClientShare> attach(u32 place, Badge badge, file::AttachRequest&& request) {
        return clients_.keep(place, badge, std::move(request));
    }
    void forget(u32 place) { clients_.forget(place); }
    Result<ipc::CapField<ipc::kind::Notification>> request_wake() {
        EFT_TRY(CapHandle wake, own_wake());
        return ipc::CapField<ipc::kind::Notification>(std::move(wake));
    }
    // The own notification stands in for everybody who may not have seen us asleep.
    void look_again() {
        if (!wake_) {
            if (auto wake = own_wake(); wake.ok()) wake_ = std::move(*wake);
        }
        sys::signal(wake_.slot());
    }
    void report(std::string_view finding) { log(finding); }

private:
    ClientMemory& clients_;
    CapHandle wake_;
};

class FileServer {
public:
    explicit FileServer(SavedRegion& saved)
        : clients_(saved), environment_(clients_), disk_(DriverWake{&driver_wake_}), service_(environment_, report_) {}

    void start() {
        clients_.clean_up();
        environment_.look_again();
    }

    ipc::Outcome dispatch(ipc::Context& context, ipc::IncomingMessage& message) {
        const ipc::Outcome outcome = file::File::dispatch(service_, context, message);
        // Not done here: the reply may stand in the message page, which other answers would write over.
        if (started_ && !disk_.prepare_to_sleep()) environment_.look_again();
        return outcome;
    }

    void woken(u64 bits) {
        if (!started_) begin();
        if (bits & static_cast<u64>(WakeBit::Closed)) drop_closed();
        for (bool quiet = false; !quiet;) {
            disk_.on_wake();
            const bool rings_quiet = service_.poll_rings();
            quiet = disk_.prepare_to_sleep() && rings_quiet;
        }
    }

private:
    void begin() {
        started_ = true;
        restore_sessions();
        if (Status ready = attach_disk(); !ready.ok()) {
            FixedText<160> line;
            log(line.append("no disk: ").append(kDiskName).append(": ").append(to_string(ready.error())).view());
            disk_.fail(ready.error());
            service_.mounted(ready.error());
            return;
        }
        start_detached(mount_disk());
    }

    Task<void> mount_disk() {
        Result<MountedVolume<Environment::Source>> volume = co_await mount(disk_, report_);
        if (volume.ok()) log("mounted read-only");
        else log(report_.text());
        service_.mounted(std::move(volume));
    }

    // The ring and area belong to this incarnation, and so does the session: names closes it when we die.
    Status attach_disk() {
        EFT_TRY(CapHandle session, connect(kDiskName));
        driver_.emplace(std::move(session));
        EFT_TRY(ring_memory_, SharedMemory::create(Environment::Source::kRingBytes));
        EFT_TRY(area_memory_, SharedMemory::create(Environment::Source::kAreaBytes));
        EFT_CHECK(disk_.prepare(ring_memory_.bytes(), area_memory_.bytes()));
        EFT_TRY(CapHandle wake, own_wake());
        block::Attach request;
        request.ring = ring_memory_.object();
        request.area = area_memory_.object();
        request.area_bytes = area_memory_.bytes().size();
        request.wake = wake;
        auto attached = driver_->attach(request);
        if (!attached.ok()) return attached.error();
        driver_wake_ = CapHandle(attached->wake.release());
        return disk_.set_geometry(attached->sectors, attached->max_count);
    }

    // Clients that an earlier incarnation served, if they still live.
    void restore_sessions() {
        bool open[kMaxSessions] = {};
        names::Badge above;
        for (;;) {
            auto page = names_.open(above);
            if (!page.ok() || page->badges.empty()) break;
            for (u64 badge : page->badges) {
                for (u32 place = 0; place < kMaxSessions; ++place)
                    if (raw(clients_.badge(place)) == badge) open[place] = true;
                above.badge = badge;
            }
        }
        for (u32 place = 0; place < kMaxSessions; ++place) {
            if (clients_.badge(place) == Badge::None) continue;
            if (open[place] && restore(place).ok()) continue;
            clients_.forget(place);
        }
    }
    Status restore(u32 place) {
        EFT_TRY(ClientShare share, clients_.find(place));
        return service_.restore(place, clients_.badge(place), std::move(share));
    }

    void drop_closed() {
        for (;;) {
            auto page = names_.closed();
            if (!page.ok() || page->badges.empty()) return;
            for (u64 badge : page->badges) service_.close(Badge{badge});
        }
    }

    ClientMemory clients_;
    Environment environment_;
    Report report_;
    SharedMemory ring_memory_, area_memory_;
    CapHandle driver_wake_;
    RingDisk<DriverWake> disk_;
    FileService<Environment> service_;
    names::NamesClient<> names_{CapHandle(slot(WellKnown::Names))};
    std::optional<block::BlockClient<>> driver_;
    bool started_ = false;
};

}  // namespace

int eft_main() {
    static FileServer server(recovered_region<SavedRegion>(kLayoutVersion));
    server.start();
    ServerLoop loop;
    loop.run([](ipc::Context& context, ipc::IncomingMessage& message) { return server.dispatch(context, message); },
             [](u64 bits) { server.woken(bits); });
}

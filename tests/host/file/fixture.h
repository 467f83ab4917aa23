// A file server on a Stage: the product's server over a disk in memory, and clients with rings.
#pragma once

#include "image.h"
#include "sources.h"

#include "fs/ext2/file_service.h"

#include <memory_server.h>
#include <scripted_names.h>
#include <stage_case.h>

#include <eft/ring/attached_ring.h>
#include <eft/wake.h>

#include <memory>
#include <string>

namespace eft::test {

// The tree of the ext2 tests, made once.
struct SampleDisk {
    TemporaryFolder folder;
    Image image;
    SampleDisk() {
        fill_sample_tree(folder.path());
        image = make_image(folder.path(), {.block_size = 1024, .size = "12M"});
    }
    std::string host(const std::string& name) const { return read_host_file(folder.path() / name); }
};
inline const SampleDisk& sample_disk() {
    static SampleDisk disk;
    return disk;
}

// What the test says of the disk.
struct DiskPlan {
    Image image = sample_disk().image;
    bool mounts = true;         // when it is needed; else the test ends the mounting
    unsigned mountings = 0;     // begun
    bool holds = false;         // reads wait for kFinish, or kFinishOne
};

// One incarnation's. Reads are answered at once, or wait.
struct TestDisk final : ext2::BlockSource {
    explicit TestDisk(DiskPlan& from) : plan(from), quick(from.image), queued(from.image) {}
    u64 size_bytes() const override { return quick.size_bytes(); }
    Task<Status> read(u64 offset, std::span<std::byte> destination) override {
        return plan.holds ? queued.read(offset, destination) : quick.read(offset, destination);
    }
    DiskPlan& plan;
    MemorySource quick;
    QueuedSource queued;
};

class TestServer final : public ext2::FileServer {
public:
    static constexpr u64 kMount = 1, kNoDevice = 2, kFinish = 4, kFinishOne = 8;

    TestServer(std::span<std::byte> memory, u32 layout_version, SessionSlots& slots, DiskPlan& plan)
        : FileServer(memory, layout_version, slots), disk(plan) {
        running = this;
    }
    static inline TestServer* running = nullptr;  // the present incarnation
    TestDisk disk;

    void begin_mounting() override {
        ++disk.plan.mountings;
        if (disk.plan.mounts) start_detached(mount_disk());
    }
    void woken(u64 bits) {
        if (bits & kMount) start_detached(mount_disk());
        if (bits & kNoDevice) mounted(Error::NoDevice);
        if (bits & kFinishOne && disk.queued.pending() != 0) disk.queued.finish_one(0);
        if (bits & kFinish)
            while (disk.queued.pending() != 0) disk.queued.finish_one(0);
    }

private:
    Task<void> mount_disk() { mounted(co_await ext2::mount(disk, report())); }
};

struct Served {
    Stage& stage;
    DiskPlan plan{};
    MemoryServer memory{stage};
    Program& server = stage.serve<TestServer>("ext2", ext2::kLayoutVersion, plan);
    ScriptedNames names{stage, server};

    TestDisk& disk() { return TestServer::running->disk; }
    u64 mapped() { return memory.mapped_pages(server); }
};

class TestClient {
public:
    using Ring = file::FileRing<ring::PeerWake>;
    static constexpr u64 kAreaBytes = 1 << 20;

    TestClient(Served& served, u64 own_badge, u64 bytes = kAreaBytes)
        : badge(own_badge), calls(served.stage.connect(served.server, Badge{badge})), area_memory(*SharedMemory::create(bytes)) {}

    Error send_attach(u64 bytes) {
        file::AttachRequest request;
        request.ring = ipc::CapField<ipc::kind::Memory>(ring_memory.object().slot());
        request.area = ipc::CapField<ipc::kind::Memory>(area_memory.object().slot());
        request.wake = wake_;
        request.area_bytes = bytes;
        auto attached = calls.attach(request);
        if (attached.ok()) server_wake_ = CapHandle(attached->wake.release());
        return attached.error();
    }
    Error attach() {
        REQUIRE(ring.create(ring_memory.bytes(), area().size()).ok());
        return send_attach(area().size());
    }
    Result<file::Attributes> open(std::string_view path, u32 handle) {
        file::Opening request;
        request.path = path;
        request.handle = handle;
        return calls.open(request);
    }
    Result<u64> submit(u32 handle, u64 offset, u32 where, u32 size) {
        file::Read request;
        request.handle = handle;
        request.offset = offset;
        request.data = ipc::AreaSpan(area().data(), where, size);
        return ring.submit_read(request);
    }
    std::span<std::byte> area() const { return area_memory.bytes(); }
    std::string bytes(u32 where, std::size_t size) { return {reinterpret_cast<const char*>(area().data()) + where, size}; }
    Result<file::Done> completion() {
        auto taken = ring.take_completion();
        if (!taken.ok()) return taken.error();
        REQUIRE(taken->has_value());
        return ring::response_of<file::File::ReadMethod>(**taken);
    }
    // What the server has mapped of it.
    u64 pages() const { return (page_up(Ring::kMemoryBytes) + area().size()) / kPageSize; }

    u64 badge;
    file::FileClient<> calls;
    SharedMemory ring_memory = *SharedMemory::create(Ring::kMemoryBytes), area_memory;

private:
    CapHandle wake_ = *make_wake(), server_wake_;

public:
    Ring ring{ring::PeerWake(&server_wake_)};
};

}  // namespace eft::test

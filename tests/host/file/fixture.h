// A file service on the host: the logic of the server, a disk in memory, clients with rings in ordinary memory.
#pragma once

#include "image.h"
#include "sources.h"

#include "fs/ext2/file_service.h"

#include <eft/ipc/local_transport.h>

#include <doctest/doctest.h>
#include <mortal_service.h>

#include <memory>
#include <string>

namespace eft::test {

struct NoWake {
    void signal() {}
};

struct FileServer final : ext2::FileServer {
    using ext2::FileServer::FileServer;
    unsigned mountings = 0;  // begun; the test ends them
    void begin_mounting() override { ++mountings; }
};

// One incarnation of the server.
struct FileIncarnation {
    WorldSlots slots;
    std::unique_ptr<FileServer> service;

    explicit FileIncarnation(World& world) : slots(world) {
        auto memory = world.memory(World::kRegion);
        if (memory.empty()) memory = world.make_memory(World::kRegion, page_up(ext2::FileServer::Region::kBytes));
        service = std::make_unique<FileServer>(memory, ext2::kLayoutVersion, slots);
        CHECK(service->recover(0) != RecoveryOutcome::Damaged);
        service->recover_attachments(*service, false);
    }
    ext2::Report& report() { return service->report(); }
    void settle() {
        while (!service->serve_rings(*service)) {
        }
    }
    void close(u64 badge) {
        FakeNames names;
        names.ended = {badge};
        service->close_ended(*service);
    }
};
using Local = ipc::LocalServer<file::File, FileServer>;

struct TestClient {
    static constexpr u64 kAreaBytes = 1 << 20;

    World& world;
    u64 badge;
    file::FileClient<ipc::LocalTransport<Local>> calls;
    file::FileRing<NoWake> ring{NoWake{}};
    std::span<std::byte> ring_memory, area;
    u64 notification;

    TestClient(World& everywhere, Local& server, u64 own)
        : world(everywhere), badge(own), calls(server, Badge{badge}), ring_memory(world.make_memory(badge * 10 + 1, page_up(decltype(ring)::kMemoryBytes))),
          area(world.make_memory(badge * 10 + 2, kAreaBytes)), notification(badge * 10 + 3) {}

    Error send_attach(u64 area_bytes) {
        auto& caps = ipc::local_caps();
        file::AttachRequest request;
        request.ring = request.ring.owning(caps.create(badge * 10 + 1));
        request.area = request.area.owning(caps.create(badge * 10 + 2));
        request.wake = request.wake.owning(caps.create(notification));
        request.area_bytes = area_bytes;
        return calls.attach(request).error();
    }
    Error attach(FileIncarnation& server) {
        REQUIRE(ring.create(ring_memory, area.size()).ok());
        const Error error = send_attach(kAreaBytes);
        server.settle();  // the step commits
        return error;
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
        request.data = ipc::AreaSpan(area.data(), where, size);
        return ring.submit_read(request);
    }
    std::string bytes(u32 where, std::size_t size) { return {reinterpret_cast<const char*>(area.data()) + where, size}; }
    Result<file::Done> completion() {
        auto taken = ring.take_completion();
        if (!taken.ok()) return taken.error();
        REQUIRE(taken->has_value());
        return ring::response_of<file::File::ReadMethod>(**taken);
    }
};

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

// Served from a disk that answers at once.
struct Served {
    World world;
    MemorySource source{sample_disk().image};
    FileIncarnation incarnation{world};
    Local local{*incarnation.service};

    Served() { incarnation.service->mounted(run(ext2::mount(source, incarnation.report()))); }
};

}  // namespace eft::test

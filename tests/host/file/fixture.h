// A file service on the host: the logic of the server, a disk in memory, clients with rings in ordinary memory.
#pragma once

#include "image.h"
#include "sources.h"

#include "fs/ext2/file_service.h"

#include <eft/ipc/local_transport.h>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>

namespace eft::test {

// Memory that client and server see; the server's share keeps it alive, whatever the client does.
struct Memory {
    explicit Memory(std::size_t bytes) : lines(bytes / sizeof(Line)) {}
    std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(lines)); }
    struct alignas(64) Line {
        u64 words[8] = {};
    };
    std::vector<Line> lines;
};
using SharedBytes = std::shared_ptr<Memory>;

// Stands in for mem and the kernel: capability numbers to memory, and signals to counters.
struct World {
    std::map<u64, SharedBytes> objects;
    std::map<u64, unsigned> signals;
    u64 next = 1;

    ipc::LocalHandle make_object(SharedBytes memory) {
        objects[next] = std::move(memory);
        return ipc::LocalHandle(ipc::local_caps().create(next++));
    }
    ipc::LocalHandle make_notification(u64& number) {
        number = next++;
        return ipc::LocalHandle(ipc::local_caps().create(number));
    }
};

template <class DiskSource>
struct HostEnvironment {
    using Source = DiskSource;
    struct Share {
        SharedBytes ring_memory, area_memory;
        World* world;
        u64 notification;
        std::span<std::byte> ring() { return ring_memory->bytes(); }
        std::span<std::byte> area() { return area_memory->bytes(); }
        void signal() { ++world->signals[notification]; }
    };

    World& world;
    std::map<u32, Share> kept = {};  // as the state region and persistent slots keep it
    unsigned looks = 0;
    std::vector<std::string> reports = {};

    Result<Share> attach(u32 place, Badge, file::AttachRequest&& request) {
        auto ring = world.objects.find(ipc::local_caps().object(request.ring.slot()));
        auto area = world.objects.find(ipc::local_caps().object(request.area.slot()));
        if (ring == world.objects.end() || area == world.objects.end()) return Error::InvalidArgument;
        if (request.ring_bytes > ring->second->bytes().size() || request.area_bytes > area->second->bytes().size())
            return Error::OutOfRange;
        Share share{ring->second, area->second, &world, ipc::local_caps().object(request.wake.slot())};
        kept.insert_or_assign(place, share);
        return share;
    }
    void forget(u32 place) { kept.erase(place); }
    Result<ipc::CapField<ipc::kind::Notification>> request_wake() {
        return ipc::CapField<ipc::kind::Notification>(ipc::LocalHandle(ipc::local_caps().create(999)));
    }
    void look_again() { ++looks; }
    void report(std::string_view text) { reports.emplace_back(text); }
};

template <class DiskSource>
using Service = ext2::FileService<HostEnvironment<DiskSource>>;

struct NoWake {
    void signal() {}
};

// One incarnation of the server.
template <class DiskSource>
struct Incarnation {
    HostEnvironment<DiskSource> environment;
    ext2::Report report;
    std::unique_ptr<Service<DiskSource>> service;

    explicit Incarnation(World& world) : environment{world} {
        service = std::make_unique<Service<DiskSource>>(environment, report);
    }
    void settle() {
        while (!service->poll_rings()) {
        }
    }
};

template <class DiskSource>
struct TestClient {
    using Local = ipc::LocalServer<file::File, Service<DiskSource>>;
    file::FileClient<ipc::LocalTransport<Local>> calls;
    file::FileRing<NoWake> ring{NoWake{}};
    SharedBytes ring_memory = std::make_shared<Memory>(16384);
    SharedBytes area = std::make_shared<Memory>(1 << 20);
    u64 notification = 0;

    TestClient(Local& server, u64 badge) : calls(server, Badge{badge}) {}

    Error attach(World& world) {
        REQUIRE(ring.create(ring_memory->bytes(), area->bytes().size()).ok());
        ipc::LocalHandle ring_object = world.make_object(ring_memory), area_object = world.make_object(area);
        ipc::LocalHandle wake = world.make_notification(notification);
        file::AttachRequest request;
        request.ring = ring_object;
        request.area = area_object;
        request.wake = wake;
        request.ring_bytes = ring_memory->bytes().size();
        request.area_bytes = area->bytes().size();
        return calls.attach(request).error();
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
        request.data = ipc::AreaSpan(area->bytes().data(), where, size);
        return ring.submit_read(request);
    }
    std::string bytes(u32 where, std::size_t size) {
        return {reinterpret_cast<const char*>(area->bytes().data()) + where, size};
    }
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
    Incarnation<MemorySource> incarnation{world};
    TestClient<MemorySource>::Local local{*incarnation.service};

    Served() { incarnation.service->mounted(run(ext2::mount(source, incarnation.report))); }
};

}  // namespace eft::test

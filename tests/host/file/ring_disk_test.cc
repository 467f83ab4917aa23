// The disk behind the Block interface: a driver that answers late, in any order, dies, and fails.
#include "fixture.h"

#include "fs/ext2/ring_disk.h"

using namespace eft;
using namespace eft::test;

namespace {

// The other end of the ring: takes requests, serves them from an image when told to.
struct Driver {
    struct Session {};
    const Image& image;
    std::span<std::byte> ring_bytes, area;
    std::unique_ptr<block::Block::RingConsumer> consumer;
    std::vector<std::pair<ring::Pending<block::Done>, block::Read>> taken;
    Session session;

    Driver(const Image& from, std::span<std::byte> ring, std::span<std::byte> shared) : image(from), ring_bytes(ring), area(shared) { start(); }

    // A new incarnation: it knows only what lies in the ring.
    void start() {
        taken.clear();
        auto opened = block::Block::RingConsumer::open(ring_bytes, area, block::Block::kInflight);
        REQUIRE(opened.ok());
        consumer = std::make_unique<block::Block::RingConsumer>(*opened);
    }
    void read(ring::Pending<block::Done> pending, Session&, const block::Read& request) { taken.emplace_back(pending, request); }
    Result<block::Done> write(ring::Pending<block::Done>, Session&, const block::Write&) { return Error::ReadOnly; }
    Result<Empty> flush(ring::Pending<Empty>, Session&, const Empty&) { return Empty{}; }

    void take() { REQUIRE(block::Block::poll_ring(*this, session, *consumer).ok()); }
    void finish(std::size_t index, Error error = Error::None) {
        auto [pending, request] = taken[index];
        taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(index));
        if (error != Error::None) return pending.complete(error);
        const u64 offset = request.sector * ext2::kSectorBytes, size = u64{request.count} * ext2::kSectorBytes;
        REQUIRE(request.data.bytes().size() == size);
        REQUIRE(offset + size <= image.size());
        std::memcpy(request.data.bytes().data(), image.data() + offset, size);
        block::Done done;
        done.count = request.count;
        pending.complete(done);
    }
};

struct NoWake {
    void signal() {}
};

struct Disk {
    static constexpr std::size_t kRingBytes = page_up(block::BlockRing<NoWake>::kMemoryBytes), kAreaBytes = ext2::kDiskWindows * ext2::kDiskWindowBytes;
    struct alignas(kPageSize) Page {
        std::byte bytes[kPageSize] = {};
    };
    std::vector<Page> memory = std::vector<Page>((kRingBytes + kAreaBytes) / kPageSize);
    std::span<std::byte> ring_memory{memory[0].bytes, kRingBytes}, area{memory[0].bytes + kRingBytes, kAreaBytes};
    block::BlockRing<NoWake> ring{NoWake{}};
    ring::Windows windows{ext2::kDiskWindows, ext2::kDiskWindowBytes};
    ext2::Report report;
    ext2::RingDisk<NoWake> disk{ring, windows, report};
    std::unique_ptr<Driver> driver;

    explicit Disk(const Image& image, u32 max_count = 128, u32 block = 1) {
        REQUIRE(ring.create(ring_memory, area.size()).ok());
        windows.place(area);
        driver = std::make_unique<Driver>(image, ring_memory, area);
        REQUIRE(disk.set_geometry(image.size() / ext2::kSectorBytes, max_count, block).ok());
    }
};

}  // namespace

TEST_CASE("many reads at once end right, in any order, over the driver's deaths") {
    const Image& image = sample_disk().image;
    for (unsigned seed = 0; seed < 12; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Disk fixture(image, seed % 3 == 0 ? 5 : 128);
        struct Job {
            u64 offset;
            std::vector<std::byte> bytes;
            Task<Status> task;
        };
        std::vector<Job> jobs(60);
        for (Job& job : jobs) {
            job.offset = random() % 4000 * 1024;
            job.bytes.resize((1 + random() % 150) * 1024);
            job.task = fixture.disk.read(job.offset, job.bytes);
            job.task.start();
        }
        unsigned deaths = 0;
        auto unfinished = [&] { return std::ranges::any_of(jobs, [](Job& job) { return !job.task.done(); }); };
        for (unsigned steps = 0; unfinished() && steps < 100'000; ++steps) {
            fixture.driver->take();
            // Seldom enough that no entry is in progress at two deaths.
            if (deaths == 0 && steps == 20) {
                fixture.driver->start();
                ++deaths;
                continue;
            }
            if (!fixture.driver->taken.empty()) fixture.driver->finish(random() % fixture.driver->taken.size());
            if (random() % 2) fixture.ring.on_wake();
            if (fixture.driver->taken.empty()) fixture.ring.on_wake();
        }
        CHECK(deaths == 1);
        for (Job& job : jobs) {
            REQUIRE(job.task.done());
            CHECK(job.task.take().ok());
            CHECK(std::memcmp(job.bytes.data(), image.data() + job.offset, job.bytes.size()) == 0);
        }
    }
}

TEST_CASE("an error of the device is the read's, and the next one succeeds") {
    Disk fixture(sample_disk().image);
    std::vector<std::byte> bytes(4096);
    for (Error error : {Error::DeviceError, Error::None}) {
        Task<Status> reading = fixture.disk.read(1024, bytes);
        reading.start();
        fixture.driver->take();
        fixture.driver->finish(0, error);
        fixture.ring.on_wake();
        REQUIRE(reading.done());
        CHECK(reading.take().error() == error);
    }
    CHECK(fixture.report.text() == "the disk: device error, sectors 2 to 9");
    CHECK(std::memcmp(bytes.data(), sample_disk().image.data() + 1024, bytes.size()) == 0);
}

TEST_CASE("a driver that lies about counts or sizes is not believed") {
    Disk fixture(sample_disk().image);
    std::vector<std::byte> bytes(4096);
    Task<Status> reading = fixture.disk.read(0, bytes);
    reading.start();
    fixture.driver->take();
    block::Done done;
    done.count = 3;
    fixture.driver->taken[0].first.complete(done);
    fixture.ring.on_wake();
    REQUIRE(reading.done());
    CHECK(reading.take().error() == Error::DeviceError);
    CHECK(fixture.disk.set_geometry(~u64{0}, 128).error() == Error::ProtocolViolation);
    CHECK(fixture.disk.set_geometry(100, 128, 3).error() == Error::ProtocolViolation);
    CHECK(fixture.disk.set_geometry(100, 128, 0).error() == Error::ProtocolViolation);
    CHECK(fixture.disk.set_geometry(100, 1).error() == Error::NotSupported);
    CHECK(fixture.disk.set_geometry(100, 128, 256).error() == Error::NotSupported);
}

TEST_CASE("a disk that is gone ends all that waits") {
    Disk fixture(sample_disk().image);
    std::vector<std::vector<std::byte>> bytes(40, std::vector<std::byte>(65536));
    std::vector<Task<Status>> reads;
    for (auto& each : bytes) reads.push_back(fixture.disk.read(0, each));
    for (auto& each : reads) each.start();
    fixture.ring.fail(Error::NoDevice);
    fixture.ring.on_wake();
    for (auto& each : reads) {
        REQUIRE(each.done());
        CHECK(each.take().error() == Error::NoDevice);
    }
}

TEST_CASE("a disk whose driver is held says so, and reads again when it has been started") {
    const Image& image = sample_disk().image;
    Disk fixture(image);
    std::vector<std::vector<std::byte>> bytes(ext2::kDiskWindows - 1, std::vector<std::byte>(4096));
    std::vector<Task<Status>> reads;
    for (auto& each : bytes) reads.push_back(fixture.disk.read(0, each));
    for (auto& each : reads) each.start();
    fixture.ring.hold();
    for (auto& each : reads) CHECK(each.take().error() == Error::ServiceHeld);

    fixture.ring.go_on();
    std::vector<std::byte> after(4096);
    Task<Status> reading = fixture.disk.read(8192, after);
    reading.start();
    fixture.driver->start();
    fixture.driver->take();
    // The driver writes to the parts of the area that nobody waits for, and to no other.
    while (!fixture.driver->taken.empty()) fixture.driver->finish(fixture.driver->taken.size() - 1);
    fixture.ring.on_wake();
    REQUIRE(reading.done());
    CHECK(reading.take().ok());
    CHECK(std::memcmp(after.data(), image.data() + 8192, after.size()) == 0);
    CHECK(fixture.ring.in_flight() == 0);
}

TEST_CASE("of a disk with large blocks whole ones are read, and what was asked for arrives") {
    const Image& image = sample_disk().image;
    for (u32 block : {4u, 8u}) {
        Disk fixture(image, 24, block);
        for (u64 offset : {1024u, 3072u, 4096u, 5120u, 65536u})
            for (std::size_t size : {1024u, 2048u, 5120u, 30720u}) {
                std::vector<std::byte> bytes(size);
                Task<Status> reading = fixture.disk.read(offset, bytes);
                reading.start();
                while (!reading.done()) {
                    fixture.driver->take();
                    REQUIRE(fixture.driver->taken.size() == 1);
                    const block::Read& request = fixture.driver->taken[0].second;
                    CHECK(request.sector % block == 0);
                    CHECK(request.count % block == 0);
                    CHECK(request.count <= 24);
                    fixture.driver->finish(0);
                    fixture.ring.on_wake();
                }
                CHECK(reading.take().ok());
                CHECK(std::memcmp(bytes.data(), image.data() + offset, size) == 0);
            }
    }
}

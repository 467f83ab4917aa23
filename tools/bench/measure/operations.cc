// What programs ask of the system most: a fresh page, a process, a cached block of a file. Means of many rounds, in
// instructions, all servers' parts included.
#include "figures.h"

#include <eft/file.h>
#include <eft/idl/mem.h>
#include <eft/idl/proc.h>
#include <eft/invoke.h>
#include <eft/layout.h>
#include <eft/service_config.h>
#include <eft/shared_memory.h>

#include <array>

using namespace eft;
using namespace eft::bench;

namespace {

constexpr u64 kPages = 10'000;
constexpr u64 kUntouched = layout::kHeapBase + 0x1000'0000;  // of the region that is zeroed on first touch
constexpr u32 kProcesses = 500;
constexpr u32 kReads = 10'000;
constexpr u32 kOpenings = 1'000;
constexpr std::string_view kFile = "/cached.bin";
constexpr u32 kFileBlocks = 16;  // of 4 KiB; the server's cache holds them
constexpr u64 kEndedBit = 2;

u64 touch_pages() {
    const u64 start = sys::time_stamp();
    for (u64 page = 0; page < kPages; ++page) *reinterpret_cast<volatile u64*>(kUntouched + page * kPageSize) = page;
    return sys::time_stamp() - start;
}

// The second pass is the loop's own cost.
void measure_pager() {
    const u64 first = touch_pages(), again = touch_pages();
    report("pager.anon", (first - again) / kPages);
}

CapHandle make_object(ObjectType type, unsigned size_bits) {
    static mem::MemClient<> memory{CapHandle(slot(WellKnown::Memory))};
    mem::KernelObjects request;
    request.type = static_cast<u8>(type);
    request.size_bits = static_cast<u8>(size_bits);
    mem::Made made = require(memory.make_object(request), "no kernel object");
    return CapHandle(made.object.release());
}

// What a supervisor keeps of a process: made once, as the supervisor does.
class Processes {
public:
    Processes() {
        auto& page = *reinterpret_cast<ServiceConfig*>(config_.bytes().data());
        page.magic = kConfigMagic;
        page.table_bits = kTableBits;
        page.table = table_plan();
        require(kernel_object::derive(table_.slot(), slot(WellKnown::Table), table_.slot()), "no table");
        require(kernel_object::derive(table_.slot(), slot(WellKnown::Notification), notification_.slot()), "no notification");
    }

    // Start to end, and its record.
    void spawn_and_wait() {
        proc::SpawnRequest request;
        request.image = "bench_tiny";
        request.name = "tiny";
        request.quota = 64;
        request.priority = kPriority;
        request.incarnation = 1;
        request.table = ipc::CapField<ipc::kind::CapTable>(table_);
        request.death = ipc::CapField<ipc::kind::Notification>(ended_);
        request.config = ipc::CapField<ipc::kind::Memory>(config_.object());
        request.persistent = ipc::CapField<ipc::kind::Memory>(persistent_.object());
        request.persistent_bytes = kPageSize;
        const proc::Pid pid = require(proc_.spawn(request), "no process");
        for (;;) {
            ipc::Registers registers;
            if (sys::recv(slot(WellKnown::Notification), registers) == Error::None && (registers.badge & kEndedBit)) break;
        }
        const proc::CrashRecord record = require(proc_.reap(pid), "no record");
        if (record.reason != proc::DeathReason::Exit || record.exit_status != 0) give_up("the tiny program failed");
    }

private:
    static constexpr unsigned kTableBits = 8;
    static constexpr u8 kPriority = 10;

    proc::ProcClient<> proc_{CapHandle(require_granted("proc"))};
    CapHandle table_ = make_object(ObjectType::CapTable, kTableBits);
    CapHandle notification_ = make_object(ObjectType::Notification, 0);
    CapHandle ended_ = require(copy_capability(slot(WellKnown::SelfSignal), bits(NotificationRight::Signal), kEndedBit), "no wake-up");
    SharedMemory config_ = require(SharedMemory::create(kPageSize), "no memory");
    SharedMemory persistent_ = require(SharedMemory::create(kPageSize), "no memory");
};

void measure_processes() {
    static Processes processes;
    processes.spawn_and_wait();  // warm
    const u64 start = sys::time_stamp();
    for (u32 round = 0; round < kProcesses; ++round) processes.spawn_and_wait();
    report("process.spawn_wait", (sys::time_stamp() - start) / kProcesses);
}

std::array<std::byte, kPageSize> buffer;

Task<Status> read_file(FileSystem& files) {
    EFT_CO_TRY(File file, files.open(kFile));
    const auto read_many = [&file](u64 step, u64 bytes, u32 count) -> Task<Result<u64>> {
        const u64 start = sys::time_stamp();
        for (u32 round = 0; round < count; ++round) {
            EFT_CO_TRY(const u64 got, co_await file.read(round % kFileBlocks * step, std::span(buffer).first(bytes)));
            if (got != bytes) co_return Error::OutOfRange;
        }
        co_return sys::time_stamp() - start;
    };
    EFT_CO_TRY([[maybe_unused]] const u64 warm, co_await read_many(kPageSize, kPageSize, kFileBlocks));  // fills the cache
    EFT_CO_TRY(const u64 pages, co_await read_many(kPageSize, kPageSize, kReads));
    report("file.read4k", pages / kReads);
    EFT_CO_TRY(const u64 bytes, co_await read_many(kPageSize, 1, kReads));
    report("file.read1", bytes / kReads);
    const u64 start = sys::time_stamp();
    for (u32 round = 0; round < kOpenings; ++round) {
        EFT_CO_TRY(const File opened, files.open(kFile));
    }
    report("file.open_close", (sys::time_stamp() - start) / kOpenings);
    co_return Status();
}

void measure_files() {
    static WakeLoop loop;
    static FileSystem files(loop);
    require(files.connect("file/0"), "no file system");
    require(loop.run(read_file(files)), std::string_view(kFile));
}

}  // namespace

int eft_main() {
    report_ready();
    require_instruction_counter();
    measure_pager();
    measure_processes();
    measure_files();
    rs::RsClient<> supervisor{CapHandle(require_granted("rs"))};
    finish(supervisor);
}

// The clients of the scene. Each does its work once, reports, and ends; rs starts one again that died in it.
#include "scene.h"

#include <drivers/block/backend.h>

#include <eft/file.h>
#include <eft/idl/block.h>
#include <eft/idl/echo.h>
#include <eft/process.h>
#include <eft/session.h>
#include <eft/wake.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace eft::test {

void Report::trouble(const char* what, Error error) {
    if (error == Error::ServiceFailed) {
        ++given_up;
        return;
    }
    ++wrong;
    std::snprintf(last_trouble.data(), last_trouble.size(), "%s: %s", what, to_string(error));
}

namespace {

constexpr unsigned kServices = 5 + 6;  // core servers, and those of the manifest

bool is_at(const std::string& file, u64 offset, std::span<const std::byte> bytes) {
    return offset + bytes.size() <= file.size() && std::memcmp(file.data() + offset, bytes.data(), bytes.size()) == 0;
}

// Reads a whole file, in kPieces that are in progress side by side.
void read_file(FileSystem& files, WakeLoop& loop, std::string_view path, const std::string& truth, Report& report) {
    auto file = files.open(path);
    if (!file.ok()) return report.trouble("open", file.error());
    if (file->attributes().size != truth.size()) report.trouble("the size");
    const std::size_t piece = (truth.size() + kPieces - 1) / kPieces;
    std::vector<std::byte> bytes(piece * kPieces);
    std::array<Task<Result<u64>>, kPieces> reads;
    for (unsigned i = 0; i < kPieces; ++i) {
        reads[i] = file->read(i * piece, std::span(bytes).subspan(i * piece, piece));
        reads[i].start();
    }
    while (!std::all_of(reads.begin(), reads.end(), [](const auto& read) { return read.done(); })) loop.run_once();
    for (unsigned i = 0; i < kPieces; ++i) {
        const Result<u64> count = reads[i].take();
        const u64 expected = std::min<u64>(piece, truth.size() - std::min<u64>(truth.size(), i * piece));
        if (!count.ok()) report.trouble("read", count.error());
        else if (*count != expected || !is_at(truth, i * piece, std::span(bytes).subspan(i * piece, expected))) report.trouble("the bytes");
    }
}

// A ring whose requests are known by their windows: each has one answer.
class SectorClient {
public:
    explicit SectorClient(Report& report) : report_(report) {}

    Status connect() {
        EFT_TRY(wake_, make_wake());
        return disk_.connect("block/0", wake_).error();
    }
    std::byte* window(u32 index) { return disk_.area().data() + index * block::kSectorBytes; }
    void write(u32 index, u64 sector) {
        block::Write request;
        request.sector = sector;
        request.count = 1;
        request.data = ipc::AreaSpan(disk_.area().data(), index * kBytes, kBytes);
        submitted(index, disk_.ring().submit_write(request));
    }
    void read(u32 index, u64 sector) {
        block::Read request;
        request.sector = sector;
        request.count = 1;
        request.data = ipc::AreaSpan(disk_.area().data(), index * kBytes, kBytes);
        std::memset(window(index), 0xee, kBytes);
        submitted(index, disk_.ring().submit_read(request));
    }
    // Until everything has its answer.
    void wait() {
        for (;;) {
            take_all();
            if (std::none_of(waiting_.begin(), waiting_.end(), [](bool each) { return each; })) return;
            if (disk_.prepare_to_sleep()) wait_for_wake();
        }
    }
    // What comes now is too much.
    void end() { take_all(); }

private:
    static constexpr u32 kBytes = u32{block::kSectorBytes};

    void submitted(u32 index, Result<u64> ticket) {
        if (!ticket.ok()) return report_.trouble("submit", ticket.error());
        tickets_[index] = *ticket;
        waiting_[index] = true;
    }
    void take_all() {
        for (;;) {
            const auto completion = disk_.ring().take_completion();
            if (!completion.ok()) {
                waiting_.fill(false);
                return report_.trouble("the ring", completion.error());
            }
            if (!completion->has_value()) return;
            u32 index = 0;
            while (index < kSectors && !(waiting_[index] && tickets_[index] == (*completion)->ticket)) ++index;
            if (index == kSectors) return report_.trouble("an answer to no request, or a second one");
            waiting_[index] = false;
            if ((*completion)->status != Error::None) report_.trouble("an operation", (*completion)->status);
        }
    }

    Report& report_;
    CapHandle wake_;
    ring::AttachedRing<block::Block> disk_{kSectors, kBytes};
    std::array<u64, kSectors> tickets_{};
    std::array<bool, kSectors> waiting_{};
};

}  // namespace

int read_files() {
    Report& report = scene().files;
    report_ready();
    WakeLoop loop;
    FileSystem files(loop);
    if (const Status connected = files.connect("file/0"); !connected.ok()) report.trouble("connect", connected.error());
    else {
        read_file(files, loop, "/text", scene().text, report);
        read_file(files, loop, "/big", scene().big, report);
        const auto missing = files.open("/missing");
        if (missing.error() != Error::NotFound) report.trouble("a file that is not there", missing.error());
    }
    ++report.runs;
    return 0;
}

int use_sectors() {
    Report& report = scene().sectors;
    report_ready();
    SectorClient disk(report);
    if (const Status connected = disk.connect(); !connected.ok()) report.trouble("connect", connected.error());
    else {
        const u64 first = scene().own_sector;
        for (u32 i = 0; i < kSectors; ++i) {
            std::memset(disk.window(i), static_cast<int>(i + incarnation().number), block::kSectorBytes);
            disk.write(i, first + i);
        }
        disk.wait();
        for (u32 i = 0; i < kSectors; ++i) disk.read(i, first + kSectors - 1 - i);
        disk.wait();
        for (u32 i = 0; i < kSectors; ++i) {
            const std::byte written{static_cast<u8>(kSectors - 1 - i + incarnation().number)};
            if (!std::all_of(disk.window(i), disk.window(i) + block::kSectorBytes, [&](std::byte each) { return each == written; }))
                report.trouble("what was written");
        }
        disk.end();
    }
    ++report.runs;
    return 0;
}

// Of "spare", which nobody else uses.
int give_orders() {
    Report& report = scene().orders;
    report_ready();
    static EFT_PROCESS_LOCAL rs::RsClient<> rs{CapHandle(*granted("rs"))};  // not given up at the end
    unsigned lines = 0;
    for (rs::Cursor cursor;; ++lines) {
        const auto line = rs.next(cursor);
        if (line.error() == Error::NotFound) break;
        if (!line.ok()) {
            report.trouble("list", line.error());
            break;
        }
        cursor.after = line->index;
    }
    if (lines != kServices) report.trouble("the list");
    if (const auto info = rs.info({"ext2"}); !info.ok() || info->name() != "ext2") report.trouble("info", info.error());
    if (const auto stopped = rs.stop({"spare"}); !stopped.ok()) report.trouble("stop", stopped.error());
    if (const auto started = rs.start({"spare"}); !started.ok()) report.trouble("start", started.error());
    if (const auto up = rs.wait({"spare"}); !up.ok()) report.trouble("wait", up.error());
    rs::KillOrder order;
    order.name = "spare";
    order.signal = rs::KillSignal::Kill;
    if (const auto killed = rs.kill(order); !killed.ok()) report.trouble("kill", killed.error());
    if (const auto up = rs.wait({"spare"}); !up.ok()) report.trouble("wait", up.error());
    auto echo = connect_client<echo::EchoClient<>>("spare");
    if (!echo.ok()) report.trouble("connect", echo.error());
    else if (const auto said = echo->say({"whole?"}); !said.ok() || said->text != "whole?") report.trouble("echo", said.error());
    ++report.runs;
    return 0;
}

}  // namespace eft::test

#include "figures.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <set>

namespace eft::bench {

const std::vector<Goal> kGoals = {
    {"entry.min", "instructions", 60, 258},
    {"yield.alone", "instructions", 110, 287},
    {"ipc.cross.w0", "instructions", 200, 413},
    {"ipc.cross.w0.priorities", "instructions", 0, 0},
    {"ipc.cross.w0.third", "instructions", 0, 0},
    {"ipc.cross.w0.crowd", "instructions", 0, 0},
    {"ipc.cross.w0.fpu", "instructions", 300, 0},
    {"ipc.cross.w4", "instructions", 205, 455},
    {"ipc.cross.w10", "instructions", 260, 1631},
    {"ipc.cross.w120", "instructions", 600, 2731},
    {"ipc.same.w0", "instructions", 0, 0},
    {"ipc.cross.cap1", "instructions", 600, 0},
    {"ipc.queued.2", "instructions", 0, 0},
    {"ipc.queued.1000", "instructions", 0, 0},
    {"stub.cross.w0", "instructions", 0, 0},
    {"stub.cross.w4", "instructions", 0, 0},
    {"stub.cross.str64", "instructions", 500, 0},
    {"stub.nested", "instructions", 0, 0},
    {"signal.nowait", "instructions", 100, 379},
    {"signal.wake", "instructions", 400, 979},
    {"fault.cross", "instructions", 450, 1352},
    {"map.4k", "instructions", 350, 743},
    {"unmap.4k", "instructions", 250, 596},
    {"endpoint.create", "instructions", 400, 886},
    {"endpoint.delete", "instructions", 350, 751},
    {"cap.copy", "instructions", 250, 858},
    {"cap.delete", "instructions", 250, 728},
    {"foreign.bounce", "instructions", 0, 0},
    {"irq.latency.max", "instructions", 20000, 0},
    {"irq.line", "instructions", 0, 0},
    {"irq.shared", "instructions", 0, 0},
    {"pager.anon", "instructions", 3000, 6987},
    {"process.spawn_wait", "instructions", 120000, 257147},
    {"file.read4k", "instructions", 2000, 5437},
    {"file.read1", "instructions", 900, 1375},
    {"file.open_close", "instructions", 5000, 9982},
    {"recovery.names.p50", "virtual ns", 0, 0},
    {"recovery.names.p99", "virtual ns", 300000, 0},
    {"recovery.names.max", "virtual ns", 0, 0},
    {"recovery.names.phase.notice", "virtual ns", 0, 0},
    {"recovery.names.phase.revoke", "virtual ns", 0, 0},
    {"recovery.names.phase.load", "virtual ns", 0, 0},
    {"recovery.names.phase.start", "virtual ns", 0, 0},
    {"recovery.names.phase.ready", "virtual ns", 0, 0},
    {"recovery.dev.p50", "virtual ns", 0, 0},
    {"recovery.dev.p99", "virtual ns", 300000, 0},
    {"recovery.dev.max", "virtual ns", 0, 0},
    {"recovery.dev.phase.notice", "virtual ns", 0, 0},
    {"recovery.dev.phase.revoke", "virtual ns", 0, 0},
    {"recovery.dev.phase.load", "virtual ns", 0, 0},
    {"recovery.dev.phase.start", "virtual ns", 0, 0},
    {"recovery.dev.phase.ready", "virtual ns", 0, 0},
    {"recovery.proc.p50", "virtual ns", 0, 0},
    {"recovery.proc.p99", "virtual ns", 300000, 0},
    {"recovery.proc.max", "virtual ns", 0, 0},
    {"recovery.proc.phase.notice", "virtual ns", 0, 0},
    {"recovery.proc.phase.revoke", "virtual ns", 0, 0},
    {"recovery.proc.phase.load", "virtual ns", 0, 0},
    {"recovery.proc.phase.start", "virtual ns", 0, 0},
    {"recovery.proc.phase.ready", "virtual ns", 0, 0},
    {"recovery.rs.p50", "virtual ns", 0, 0},
    {"recovery.rs.p99", "virtual ns", 300000, 0},
    {"recovery.rs.max", "virtual ns", 0, 0},
    {"recovery.rs.phase.notice", "virtual ns", 0, 0},
    {"recovery.rs.phase.revoke", "virtual ns", 0, 0},
    {"recovery.rs.phase.load", "virtual ns", 0, 0},
    {"recovery.rs.phase.start", "virtual ns", 0, 0},
    {"recovery.rs.phase.ready", "virtual ns", 0, 0},
    {"recovery.mem.p50", "virtual ns", 0, 0},
    {"recovery.mem.p99", "virtual ns", 300000, 0},
    {"recovery.mem.max", "virtual ns", 0, 0},
    {"recovery.mem.phase.notice", "virtual ns", 0, 0},
    {"recovery.mem.phase.revoke", "virtual ns", 0, 0},
    {"recovery.mem.phase.load", "virtual ns", 0, 0},
    {"recovery.mem.phase.start", "virtual ns", 0, 0},
    {"recovery.mem.phase.ready", "virtual ns", 0, 0},
    {"recovery.virtio_blk.p50", "virtual ns", 0, 0},
    {"recovery.virtio_blk.p99", "virtual ns", 200000, 0},
    {"recovery.virtio_blk.max", "virtual ns", 0, 0},
    {"recovery.virtio_blk.phase.notice", "virtual ns", 0, 0},
    {"recovery.virtio_blk.phase.record", "virtual ns", 0, 0},
    {"recovery.virtio_blk.phase.silence", "virtual ns", 0, 0},
    {"recovery.virtio_blk.phase.revoke", "virtual ns", 0, 0},
    {"recovery.virtio_blk.phase.clear", "virtual ns", 0, 0},
    {"recovery.virtio_blk.phase.load", "virtual ns", 0, 0},
    {"recovery.virtio_blk.phase.start", "virtual ns", 0, 0},
    {"recovery.virtio_blk.phase.ready", "virtual ns", 0, 0},
    {"recovery.e1000.p50", "virtual ns", 0, 0},
    {"recovery.e1000.p99", "virtual ns", 200000, 0},
    {"recovery.e1000.max", "virtual ns", 0, 0},
    {"recovery.e1000.phase.notice", "virtual ns", 0, 0},
    {"recovery.e1000.phase.record", "virtual ns", 0, 0},
    {"recovery.e1000.phase.silence", "virtual ns", 0, 0},
    {"recovery.e1000.phase.revoke", "virtual ns", 0, 0},
    {"recovery.e1000.phase.clear", "virtual ns", 0, 0},
    {"recovery.e1000.phase.load", "virtual ns", 0, 0},
    {"recovery.e1000.phase.start", "virtual ns", 0, 0},
    {"recovery.e1000.phase.ready", "virtual ns", 0, 0},
    {"recovery.virtio_net.p50", "virtual ns", 0, 0},
    {"recovery.virtio_net.p99", "virtual ns", 200000, 0},
    {"recovery.virtio_net.max", "virtual ns", 0, 0},
    {"recovery.virtio_net.phase.notice", "virtual ns", 0, 0},
    {"recovery.virtio_net.phase.record", "virtual ns", 0, 0},
    {"recovery.virtio_net.phase.silence", "virtual ns", 0, 0},
    {"recovery.virtio_net.phase.revoke", "virtual ns", 0, 0},
    {"recovery.virtio_net.phase.clear", "virtual ns", 0, 0},
    {"recovery.virtio_net.phase.load", "virtual ns", 0, 0},
    {"recovery.virtio_net.phase.start", "virtual ns", 0, 0},
    {"recovery.virtio_net.phase.ready", "virtual ns", 0, 0},
    {"recovery.net.p50", "virtual ns", 0, 0},
    {"recovery.net.p99", "virtual ns", 200000, 0},
    {"recovery.net.max", "virtual ns", 0, 0},
    {"recovery.net.byte.p50", "virtual ns", 0, 0},
    {"recovery.net.byte.p99", "virtual ns", 0, 0},
    {"recovery.net.byte.max", "virtual ns", 0, 0},
    {"recovery.net.phase.notice", "virtual ns", 0, 0},
    {"recovery.net.phase.record", "virtual ns", 0, 0},
    {"recovery.net.phase.silence", "virtual ns", 0, 0},
    {"recovery.net.phase.revoke", "virtual ns", 0, 0},
    {"recovery.net.phase.clear", "virtual ns", 0, 0},
    {"recovery.net.phase.load", "virtual ns", 0, 0},
    {"recovery.net.phase.start", "virtual ns", 0, 0},
    {"recovery.net.phase.ready", "virtual ns", 0, 0},
    {"net.rx", "MB/s", 0, 0},
    {"net.rx.linux", "MB/s", 0, 0},
    {"net.tx", "MB/s", 0, 0},
    {"net.tx.linux", "MB/s", 0, 0},
    {"net.rtt", "us", 0, 0},
    {"net.rtt.linux", "us", 0, 0},
    {"net.connect", "us", 0, 0},
    {"net.connect.linux", "us", 0, 0},
    {"kills.rx.virtio_net.1s", "thousandths", 970, 0},
    {"kills.rx.virtio_net.2s", "thousandths", 0, 0},
    {"kills.rx.virtio_net.5s", "thousandths", 0, 0},
    {"kills.rx.virtio_net.10s", "thousandths", 0, 0},
    {"kills.rx.virtio_net.15s", "thousandths", 0, 0},
    {"kills.rx.net.2s", "thousandths", 900, 0},
    {"kills.rx.net.200ms", "thousandths", 0, 0},
    {"kills.tx.virtio_net.1s", "thousandths", 970, 0},
    {"kills.tx.virtio_net.2s", "thousandths", 0, 0},
    {"kills.tx.virtio_net.5s", "thousandths", 0, 0},
    {"kills.tx.virtio_net.10s", "thousandths", 0, 0},
    {"kills.tx.virtio_net.15s", "thousandths", 0, 0},
    {"kills.tx.net.2s", "thousandths", 900, 0},
    {"kills.tx.net.200ms", "thousandths", 0, 0},
    {"boot.first_user", "instructions", 5e6, 105e6},
    {"boot.prompt", "instructions", 150e6, 0},
    {"kernel.text", "bytes", 52 * 1024, 60 * 1024},
    {"kernel.lines", "lines", 5500, 27800},
    {"image.bytes", "bytes", 0, 0},
};

namespace {

std::string number(double value) {
    char text[32];
    if (value == 0) return "-";
    std::snprintf(text, sizeof(text), "%.0f", value);
    return text;
}

std::string row(const std::string& key, const std::string& value, const std::string& goal, const std::string& peer, const std::string& unit) {
    char text[160];
    std::snprintf(text, sizeof(text), "%-33s %14s %12s %12s  %s\n", key.c_str(), value.c_str(), goal.c_str(), peer.c_str(), unit.c_str());
    return text;
}

}  // namespace

std::string table_of(const Figures& figures) {
    std::string table = row("key", "Eft", "goal", "seL4/Linux", "unit");
    std::set<std::string> shown;
    for (const Goal& goal : kGoals) {
        const auto found = figures.find(goal.key);
        if (found == figures.end()) continue;
        table += row(goal.key, number(found->second), number(goal.goal), number(goal.peer), goal.unit);
        shown.insert(goal.key);
    }
    for (const auto& [key, value] : figures) {
        if (!shown.contains(key)) table += row(key, number(value), "-", "-", "");
    }
    return table;
}

std::string json_of(const Figures& figures) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const auto& [key, value] : figures) object[key] = static_cast<long long>(value);
    return object.dump(2) + "\n";
}

}  // namespace eft::bench

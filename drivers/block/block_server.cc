#include <drivers/block/block_server.h>

#include <eft/overdue.h>
#include <eft/syscall.h>
#include <eft/text.h>

namespace eft::block {
namespace {

bool is_overdue(OperationKind kind, u64 begun_at, u64 now) {
    const u64 within_ns = kind == OperationKind::Flush ? Block::FlushMethod::kWithinNs : Block::ReadMethod::kWithinNs;
    return now - begun_at > stamps_of(within_ns, config().ticks_per_ms);
}

void report_overdue(const Operation& operation) {
    FixedText<120> line("the device did not end ");
    if (operation.kind == OperationKind::Flush) line.append("a flush");
    else line.append(operation.kind == OperationKind::Read ? "a read of sector " : "a write of sector ").decimal(operation.sector);
    log(line.append(" in time, and was reset").view());
}

void answer(const Operation& operation, ring::Pending<Done> pending, Error error) {
    if (error != Error::None) return pending.complete(error);
    Done done;
    done.count = operation.count;
    pending.complete(done);
}

}  // namespace

Result<Attached> Server::attach(ipc::Context&, Session&, Attach&&) {
    const Geometry geometry = backend_.geometry();
    Attached answer;
    answer.sectors = geometry.sectors;
    answer.writable = geometry.writable;
    answer.max_count = geometry.max_count - geometry.max_count % geometry.block;
    answer.block = geometry.block;
    return answer;
}

Status Server::attached(Session& session, u32) {
    return backend_.open_area(session.place(), session.kept(Block::Attachment::kArea), session.area().size());
}
void Server::detaching(Session& session, u32) { backend_.close_area(session.place()); }

void Server::read(ring::Pending<Done> pending, Session& session, const Read& request) {
    accept(pending, {OperationKind::Read, session.place(), request.data.offset(), request.count, request.sector, request.data.bytes()});
}
void Server::write(ring::Pending<Done> pending, Session& session, const Write& request) {
    if (!backend_.geometry().writable) return pending.complete(Error::ReadOnly);
    accept(pending, {OperationKind::Write, session.place(), request.data.offset(), request.count, request.sector, request.data.bytes()});
}
// Its answer has no words, so it is completed like the others.
void Server::flush(ring::Pending<eft::Empty> pending, Session& session, const eft::Empty&) {
    operations_.add({OperationKind::Flush, session.place(), 0, 0, 0, {}}, pending.as<Done>());
}

void Server::accept(ring::Pending<Done> pending, const Operation& operation) {
    const Geometry geometry = backend_.geometry();
    const bool size_good = operation.count != 0 && operation.count <= geometry.max_count && operation.data.size() == operation.count * kSectorBytes;
    if (!size_good || operation.sector > geometry.sectors || operation.count > geometry.sectors - operation.sector)
        return pending.complete(Error::OutOfRange);
    if (operation.sector % geometry.block != 0 || operation.count % geometry.block != 0) return pending.complete(Error::InvalidArgument);
    operations_.add(operation, pending);
}

// An interrupt may be missing: what has ended is found all the same.
void Server::beat() {
    take_ended();
    if (!any_overdue()) return;
    backend_.give_up();
    take_ended();
}

bool Server::any_overdue() {
    bool any = false;
    const u64 now = sys::time_stamp();
    operations_.for_each_begun([&](u32, const auto& record) { any |= is_overdue(record.operation.kind, record.begun_at, now); });
    return any;
}

// The device has been reset, and reaches their memory no more.
void Server::end_overdue() {
    const u64 now = sys::time_stamp();
    operations_.for_each_begun([&](u32 number, const auto& record) {
        if (!is_overdue(record.operation.kind, record.begun_at, now)) return;
        report_overdue(record.operation);
        record.pending.complete(Error::TimedOut);
        operations_.ended(number);
    });
}

bool Server::progress() {
    take_ended();
    begin_waiting();
    backend_.kick();
    return true;  // what the device ends wakes this program
}

void Server::begin_waiting() {
    while (operations_.any_waiting()) {
        const u32 number = operations_.first_waiting();
        const auto& record = operations_[number];
        if (session_at(record.operation.area).is_ending()) {
            record.pending.complete(Error::Cancelled);
            operations_.drop_first();
            continue;
        }
        const Result<Progress> begun = backend_.begin(number, record.operation);
        if (begun.ok() && *begun == Progress::Begun) {
            operations_.begun(number, sys::time_stamp());
            continue;
        }
        if (begun.error() == Error::Busy) return;
        answer(record.operation, record.pending, begun.error());
        operations_.drop_first();
    }
}

void Server::take_ended() {
    for (;;) {
        const auto next = backend_.next_ended();
        if (!next.ok()) {
            log("the device was reset; what it had is begun again");
            end_overdue();
            operations_.begin_again();
            continue;
        }
        if (!next->has_value()) return;
        const auto* record = operations_.find_begun((*next)->number);
        if (!record) continue;
        answer(record->operation, record->pending, (*next)->error);
        operations_.ended((*next)->number);
    }
}

}  // namespace eft::block

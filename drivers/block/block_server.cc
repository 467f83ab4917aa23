#include <drivers/block/block_server.h>

namespace eft::block {
namespace {

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
            operations_.begun(number);
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

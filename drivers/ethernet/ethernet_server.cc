#include <drivers/ethernet/ethernet_server.h>

#include <eft/overdue.h>
#include <eft/panic.h>
#include <eft/syscall.h>

#include <algorithm>
#include <utility>

namespace eft::ethernet {
namespace {

constexpr u64 kGroupBit = 1;  // of an address' first byte, which is the lowest
constexpr u32 kChecksumBytes = 2;

bool is_group(u64 address) { return address >> 48 == 0 && (address & kGroupBit) != 0; }
bool same(const Link& one, const Link& other) { return one.up == other.up && one.megabits == other.megabits; }

void add_group(Filter& filter, u64 group) {
    const std::span<const u64> known(filter.groups.each, filter.count);
    if (std::find(known.begin(), known.end(), group) != known.end()) return;
    if (filter.count == kMostGroups) filter.all_groups = true;
    else filter.groups.each[filter.count++] = group;
}

}  // namespace

void Server::resume() {
    card_.set_filter(wanted());
    look_at_link();
}

Result<Attached> Server::attach(ipc::Context&, Session&, Attach&&) {
    const Properties properties = card_.properties();
    Attached answer;
    answer.address = properties.address;
    answer.max_frame = properties.max_frame;
    answer.offloads = properties.offloads;
    answer.receive_depth = properties.receive_depth;
    answer.send_depth = properties.send_depth;
    return answer;
}

Status Server::attached(Session& session, u32) {
    return card_.open_area(session.place(), session.kept(Ethernet::Attachment::kArea), session.area().size());
}
void Server::detaching(Session& session, u32) { card_.close_area(session.place()); }

// The client has started again with the same session, and knows nothing of what its last incarnation submitted.
void Server::replacing(Session& session, u32) {
    if (is_held_up(session.place())) start_over();
    cancel_waiting(buffers_, session.place());
    cancel_waiting(frames_, session.place());
}

Status Server::set_filter(ipc::Context&, Session& session, const Filter& request) {
    if (request.count > kMostGroups) return Error::OutOfRange;
    for (u32 i = 0; i < request.count; ++i)
        if (!is_group(request.groups.each[i])) return Error::InvalidArgument;
    EFT_TRY(Filter * filter, session.edit());
    *filter = request;
    card_.set_filter(wanted());
    look_again();
    return {};
}

void Server::closed(Session&) { card_.set_filter(wanted()); }

Filter Server::wanted() {
    Filter filter;
    for_each_session([&](Session& session) {
        filter.all_groups |= session->all_groups;
        filter.promiscuous |= session->promiscuous;
        for (u32 i = 0; i < session->count; ++i) add_group(filter, session->groups.each[i]);
    });
    return filter;
}

Result<ethernet::Counts> Server::counts(ipc::Context&, Session&, const eft::Empty&) { return shared().counts; }

void Server::send(ring::Pending<eft::Empty> pending, Session& session, const Send& request) {
    if (const Error fault = fault_of(request); fault != Error::None) {
        ++uncounted_.send_errors;
        return pending.complete(fault);
    }
    const Place place{session.place(), request.frame.offset(), request.frame.size()};
    frames_.add({place, {request.checksum_start, request.checksum_at, request.segment_bytes, request.header_bytes, request.ipv6}}, pending);
}

Error Server::fault_of(const Send& request) const {
    const Properties properties = card_.properties();
    const u32 bytes = request.frame.size();
    const bool is_cut = request.segment_bytes != 0;
    const bool is_summed = request.checksum_start != 0;
    if (is_summed && !properties.can(Offloads::SendChecksum)) return Error::NotSupported;
    if (is_cut && !properties.can(request.ipv6 ? Offloads::SegmentIpv6 : Offloads::SegmentIpv4)) return Error::NotSupported;
    if (bytes < kLeastFrame || bytes > (is_cut ? kLongestSegmented : properties.max_frame)) return Error::OutOfRange;
    if (is_summed ? request.checksum_at < request.checksum_start || request.checksum_at + kChecksumBytes > bytes : request.checksum_at != 0)
        return Error::OutOfRange;
    if (!is_cut) return request.header_bytes == 0 && !request.ipv6 ? Error::None : Error::OutOfRange;
    const bool headers_good = is_summed && request.header_bytes >= request.checksum_at + kChecksumBytes && request.header_bytes < bytes;
    return headers_good && request.header_bytes + request.segment_bytes <= properties.max_frame ? Error::None : Error::OutOfRange;
}

void Server::receive(ring::Pending<Received> pending, Session& session, const Receive& request) {
    if (request.buffer.size() < kLeastBuffer) return pending.complete(Error::OutOfRange);
    if (buffers_.any()) {
        const u32 first = buffers_.any_begun() ? buffers_.first_begun() : buffers_.first_waiting();
        const u32 receiver = buffers_[first].operation.place.area;
        if (receiver != session.place() && !session_at(receiver).is_ending()) return pending.complete(Error::Busy);
    }
    buffers_.add({{session.place(), request.buffer.offset(), request.buffer.size()}}, pending);
}

void Server::woken(u64 bits) {
    if (bits != 0) {
        has_beat_ = false;
        has_interrupts_ = true;
    }
    card_.woken(bits);
    look_at_link();
}

// An interrupt may be missing: what has ended is found all the same.
void Server::beat() {
    has_beat_ = true;
    card_.look();
    look_at_link();
    take_ended();
    if (!frames_.any_begun()) return;
    const u64 within = stamps_of(kSendWithinNs, config().ticks_per_ms);
    if (sys::time_stamp() - frames_[frames_.first_begun()].begun_at <= within) return;
    log("the card did not send a frame in time, and was reset");
    ++uncounted_.resets;
    start_over();
}

bool Server::works() {
    const auto is_neglected = [](const auto& entries) { return entries.any_waiting() && !entries.any_begun(); };
    return endings_.works(has_interrupts_ && card_.has_ended(), ended_) & !is_neglected(buffers_) & !is_neglected(frames_);
}

bool Server::progress() {
    constexpr u32 kMany = 4;
    // Where frames come one after the other, the client takes what has come before the card is asked for interrupts: by then
    // more has. It has this program's priority.
    if (std::exchange(has_many_, false)) sys::yield();
    has_many_ = take_ended() >= kMany;
    for (u32 place = 0; place < kSessions; ++place) {
        if (!session_at(place).is_ending()) continue;
        if (is_held_up(place)) start_over();
        cancel_waiting(buffers_, place);
        cancel_waiting(frames_, place);
    }
    begin_waiting();
    card_.kick();
    keep_counts();
    if (std::exchange(has_beat_, false)) endings_.found_by_heartbeat(ended_);
    return !has_many_ && card_.prepare_to_sleep();
}

// The card has buffers or frames of it.
bool Server::is_held_up(u32 place) {
    bool any = false;
    buffers_.for_each_begun([&](u32, const auto& record) { any |= record.operation.place.area == place; });
    frames_.for_each_begun([&](u32, const auto& record) { any |= record.operation.place.area == place; });
    return any;
}

template <class Entries>
void Server::cancel_waiting(Entries& entries, u32 place) {
    entries.for_each_waiting([&](u32 number, const auto& record) {
        if (record.operation.place.area != place) return;
        record.pending.complete(Error::Cancelled);
        entries.ended(number);
    });
}

void Server::start_over() {
    card_.reset();
    buffers_.begin_again();
    frames_.begin_again();
}

void Server::begin_waiting() {
    begin_each(buffers_, [this](u32 number, const Buffer& buffer) { return card_.receive(number, buffer.place); });
    begin_each(frames_, [this](u32 number, const Frame& frame) { return card_.send(number, frame.place, frame.treatment); });
}

template <class Entries, class Begin>
void Server::begin_each(Entries& entries, Begin begin) {
    while (entries.any_waiting()) {
        const u32 number = entries.first_waiting();
        const auto& record = entries[number];
        const Status begun = begin(number, record.operation);
        if (begun.error() == Error::Busy) return;
        if (begun.ok()) {
            entries.begun(number, sys::time_stamp());
            continue;
        }
        record.pending.complete(begun.error());
        entries.drop_first();
    }
}

u32 Server::take_ended() {
    for (u32 count = 0;; ++count) {
        const auto next = card_.next_ended();
        if (!next.ok()) {
            if (++violations_ > kMostViolations) panic("the card breaks its rules again and again");
            log("the card broke its rules, and was reset; what it had is begun again");
            ++uncounted_.resets;
            start_over();
            continue;
        }
        if (!next->has_value()) return count;
        ++ended_;
        if ((*next)->direction == Direction::Receive) end_receive(**next);
        else end_send(**next);
    }
}

void Server::end_receive(const Ended& ended) {
    const auto* record = buffers_.find_begun(ended.number);
    if (!record) return;
    record->pending.complete(ended.received);
    buffers_.ended(ended.number);
    uncounted_.received_bytes += ended.received.bytes;
    ++uncounted_.received_frames;
}

void Server::end_send(const Ended& ended) {
    const auto* record = frames_.find_begun(ended.number);
    if (!record) return;
    if (ended.error == Error::None) {
        record->pending.complete(eft::Empty{});
        ++uncounted_.sent_frames;
        uncounted_.sent_bytes += record->operation.place.bytes;
    } else {
        record->pending.complete(ended.error);
        ++uncounted_.send_errors;
    }
    frames_.ended(ended.number);
}

// The link as subscribers know it changes with the event, or neither does.
void Server::look_at_link() {
    const ethernet::Link now = card_.link();
    if (same(now, shared().link)) return;
    log(now.up ? "the link is up" : "the link is down");
    if (!raise<Ethernet::LinkChanged>({.up = now.up, .megabits = now.megabits}).ok()) return;
    if (auto known = edit(shared().link); known.ok()) **known = now;
}

void Server::keep_counts() {
    uncounted_.receive_errors += card_.take_lost();
    const ethernet::Counts& more = uncounted_;
    if ((more.sent_frames | more.received_bytes | more.send_errors | more.receive_errors | more.resets) == 0) return;
    auto kept = edit(shared().counts);
    if (!kept.ok()) return;  // with the next step
    (*kept)->sent_frames += more.sent_frames;
    (*kept)->sent_bytes += more.sent_bytes;
    (*kept)->received_frames += more.received_frames;
    (*kept)->received_bytes += more.received_bytes;
    (*kept)->send_errors += more.send_errors;
    (*kept)->receive_errors += more.receive_errors;
    (*kept)->resets += more.resets;
    uncounted_ = {};
}

}  // namespace eft::ethernet

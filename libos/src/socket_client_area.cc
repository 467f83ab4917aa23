#include <eft/socket/client_area.h>

#include <algorithm>

namespace eft::socket {
namespace {

bool has(u32 conditions, Condition condition) { return (conditions & static_cast<u32>(condition)) != 0; }

Error failure_in(const Header& header) {
    const u32 error = ring::read_once(header.error);
    return error != 0 ? static_cast<Error>(error) : to_error(Failure::ConnectionReset);
}

}  // namespace

void ClientArea::place(std::span<std::byte> area, u64 reserved) {
    area_ = area.data();
    head_ = reinterpret_cast<AreaHead*>(area.data());
    rings_at_ = kRingsAt + reserved;
}

bool ClientArea::is_free(u32 number) {
    Slot& slot = slots_[number];
    if (slot.use == Use::Closing && has(ring::acquire(header(number).conditions), Condition::Free)) slot.use = Use::Free;
    return slot.use == Use::Free;
}

bool ClientArea::any_closing() const {
    return std::any_of(slots_.begin(), slots_.begin() + sizes_.sockets, [](const Slot& slot) { return slot.use == Use::Closing; });
}

Opening ClientArea::opening(u32 number, Kind kind) {
    slots_[number] = {};
    ring::write(header(number).taken, u64{0});
    ring::release(header(number).submitted, u64{0});
    Opening opening;
    opening.socket = number;
    opening.kind = kind;
    opening.receive_at = static_cast<u32>(rings_of(number));
    opening.receive_bytes = sizes_.receive_bytes;
    opening.send_at = opening.receive_at + sizes_.receive_bytes;
    opening.send_bytes = sizes_.send_bytes;
    return opening;
}

bool ClientArea::close(u32 number) {
    Slot& slot = slots_[number];
    const bool is_lost = slot.use == Use::Lost;
    slot.use = is_lost ? Use::Free : Use::Closing;
    return !is_lost;
}

void ClientArea::lose_all() {
    for (Slot& slot : slots_) {
        if (slot.use == Use::Open) slot.use = Use::Lost;
        if (slot.use == Use::Closing) slot.use = Use::Free;
    }
}

Status ClientArea::usable(u32 number) const {
    switch (slots_[number].use) {
        case Use::Open: return {};
        case Use::Lost: return to_error(Failure::ConnectionReset);
        case Use::Free:
        case Use::Closing: break;
    }
    return Error::Cancelled;
}

// To be read before any position.
Result<u32> ClientArea::conditions(u32 number) const {
    EFT_CHECK(usable(number));
    const u32 conditions = ring::acquire(header(number).conditions);
    if (has(conditions, Condition::Free)) return Error::ProtocolViolation;
    return conditions;
}

Result<u64> ClientArea::to_take(u32 number, u64 least) const {
    EFT_TRY(const u32 conditions, this->conditions(number));
    const u64 there = ring::acquire(header(number).received) - slots_[number].taken;
    if (there > sizes_.receive_bytes) return Error::ProtocolViolation;
    if (there >= least) return there;
    if (has(conditions, Condition::ReceiveEnded)) return u64{0};
    if (has(conditions, Condition::Failed)) return failure_in(header(number));
    return Error::WouldBlock;
}

Result<u64> ClientArea::room_to_send(u32 number) const {
    EFT_TRY(const u32 conditions, this->conditions(number));
    if (has(conditions, Condition::Failed)) return failure_in(header(number));
    if (has(conditions, Condition::SendEnded)) return to_error(Failure::NotConnected);
    const u64 in_use = slots_[number].submitted - ring::acquire(header(number).acknowledged);
    if (in_use > sizes_.send_bytes) return Error::ProtocolViolation;
    return sizes_.send_bytes - in_use;
}

Result<u64> ClientArea::read(u32 number, std::span<std::byte> to) {
    if (to.empty()) return u64{0};
    EFT_TRY(const u64 there, to_take(number, 1));
    const u64 count = std::min<u64>(there, to.size());
    receive_ring(number).copy_out(slots_[number].taken, to.first(count));
    take(number, count);
    return count;
}

Result<u64> ClientArea::write(u32 number, std::span<const std::byte> from) {
    if (from.empty()) return u64{0};
    EFT_TRY(const u64 room, room_to_send(number));
    const u64 count = std::min<u64>(room, from.size());
    if (count == 0) return Error::WouldBlock;
    send_ring(number).copy_in(slots_[number].submitted, from.first(count));
    submit(number, count);
    return count;
}

Result<Datagram> ClientArea::receive(u32 number, std::span<std::byte> to) {
    EFT_TRY(const u64 there, to_take(number, sizeof(DatagramHead)));
    if (there == 0) return to_error(Failure::NotConnected);
    const u64 at = slots_[number].taken;
    DatagramHead head;
    receive_ring(number).copy_out(at, std::as_writable_bytes(std::span(&head, 1)));
    if (record_bytes(head.bytes) > there) return Error::ProtocolViolation;
    to = to.first(std::min<u64>(head.bytes, to.size()));
    if (!to.empty()) receive_ring(number).copy_out(at + sizeof head, to);
    take(number, record_bytes(head.bytes));
    return Datagram{{.address = head.address, .port = head.port}, head.bytes, head.sequence};
}

Status ClientArea::send(u32 number, const Endpoint& to, u16 sequence, std::span<const std::byte> bytes) {
    if (record_bytes(bytes.size()) > sizes_.send_bytes) return Error::OutOfRange;
    EFT_TRY(const u64 room, room_to_send(number));
    if (room < record_bytes(bytes.size())) return Error::WouldBlock;
    const DatagramHead head{static_cast<u32>(bytes.size()), to.port, sequence, to.address};
    const u64 at = slots_[number].submitted;
    send_ring(number).copy_in(at, std::as_bytes(std::span(&head, 1)));
    if (!bytes.empty()) send_ring(number).copy_in(at + sizeof head, bytes);
    submit(number, record_bytes(bytes.size()));
    return {};
}

Status ClientArea::acceptable(u32 number) const {
    EFT_TRY(const u32 conditions, this->conditions(number));
    if (has(conditions, Condition::Failed)) return failure_in(header(number));
    if (!has(conditions, Condition::Acceptable)) return Error::WouldBlock;
    return {};
}

void ClientArea::take(u32 number, u64 bytes) {
    Slot& slot = slots_[number];
    slot.taken += bytes;
    ring::release(header(number).taken, slot.taken);
    if (slot.taken - slot.told < sizes_.receive_bytes / 4) return;
    slot.told = slot.taken;
    ring(number);
}

void ClientArea::submit(u32 number, u64 bytes) {
    Slot& slot = slots_[number];
    slot.submitted += bytes;
    ring::release(header(number).submitted, slot.submitted);
    ring(number);
}

}  // namespace eft::socket

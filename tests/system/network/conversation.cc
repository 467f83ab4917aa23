#include "conversation.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace eft::qemu {
namespace {

constexpr std::size_t kPiece = 65536;
constexpr int kPieces = 8;  // of one connection before others have a turn

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

Conversation::Conversation(File file, std::uint16_t port, const test::Order& order) : file_(std::move(file)), port_(port), greeting_(reinterpret_cast<const char*>(&order), sizeof order), awaits_ready_(true) {
    begin(order.up, order.seed, order.down, test::down_seed(order.seed));
}

void Conversation::begin(std::uint64_t to_send, std::uint64_t send_seed, std::uint64_t to_receive, std::uint64_t receive_seed) {
    is_ordered_ = true;
    to_send_ = to_send;
    to_receive_ = to_receive;
    send_stream_ = test::StreamBytes(send_seed);
    receive_stream_ = test::StreamBytes(receive_seed);
}

short Conversation::awaited(bool held) const {
    return static_cast<short>((has_seen_end_ ? 0 : POLLIN) | (has_to_send() && !held ? POLLOUT : 0));
}

void Conversation::go_on(bool held) {
    if (!has_seen_end_) receive_some();
    if (!ended_ && has_to_send() && !held) send_some();
    end_if_done();
}

void Conversation::receive_some() {
    std::array<std::byte, kPiece> buffer;
    for (int i = 0; i < kPieces && !ended_ && !has_seen_end_; ++i) {
        const ssize_t count = recv(descriptor(), buffer.data(), buffer.size(), 0);
        if (count < 0) {
            if (errno != EAGAIN && errno != EINTR) fail(std::string("receiving: ") + std::strerror(errno));
            return;
        }
        if (count == 0) end_of_input();
        else take(std::span(buffer).first(static_cast<std::size_t>(count)));
    }
}

void Conversation::take(std::span<const std::byte> bytes) {
    if (awaits_ready_) take_ready(bytes);
    if (!is_ordered_) take_head(bytes);
    if (bytes.empty()) return;
    if (!receive_stream_.matches(bytes, received_) || received_ + bytes.size() > to_receive_)
        return fail("a wrong byte behind " + std::to_string(received_) + " of " + std::to_string(to_receive_));
    received_ += bytes.size();
}

void Conversation::take_ready(std::span<const std::byte>& bytes) {
    if (bytes[0] != std::byte{test::kReady}) return fail("a wrong first byte");
    bytes = bytes.subspan(1);
    awaits_ready_ = false;
}

// An Order, or the head of a request of HTTP; what comes behind it is left in `bytes`.
void Conversation::take_head(std::span<const std::byte>& bytes) {
    while (!bytes.empty() && !is_ordered_ && !ended_) {
        head_ += static_cast<char>(bytes[0]);
        bytes = bytes.subspan(1);
        const bool is_request = head_.starts_with("GET ");
        if (is_request && head_.ends_with("\r\n\r\n")) return begin_answer();
        if (is_request || head_.size() < sizeof(test::Order)) continue;
        test::Order order;
        std::memcpy(&order, head_.data(), sizeof order);
        if (order.magic != test::Order::kMagic) return fail("no order");
        begin(order.down, test::down_seed(order.seed), order.up, order.seed);
    }
}

void Conversation::begin_answer() {
    unsigned long bytes = 0, seed = 0;
    if (std::sscanf(head_.c_str(), "GET /%lu/%lu", &bytes, &seed) != 2) return fail("a strange request: " + head_);
    greeting_ = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\nConnection: close\r\n\r\n";
    begin(bytes, seed, 0, 0);
}

void Conversation::send_some() {
    std::array<std::byte, kPiece> buffer;
    for (int i = 0; i < kPieces && !ended_ && has_to_send(); ++i) {
        if (greeting_.empty() && sent_ == to_send_) {
            if (shutdown(descriptor(), SHUT_WR) != 0) return fail(std::string("the end: ") + std::strerror(errno));
            is_shut_ = true;
            return;
        }
        std::span<const std::byte> bytes = bytes_of(greeting_);
        if (greeting_.empty()) {
            const auto piece = std::span(buffer).first(std::min<std::uint64_t>(kPiece, to_send_ - sent_));
            send_stream_.fill(piece, sent_);
            bytes = piece;
        }
        const ssize_t count = send(descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0) {
            if (errno != EAGAIN && errno != EINTR) fail(std::string("sending: ") + std::strerror(errno));
            return;
        }
        if (greeting_.empty()) sent_ += static_cast<std::uint64_t>(count);
        else greeting_.erase(0, static_cast<std::size_t>(count));
    }
}

void Conversation::end_of_input() {
    has_seen_end_ = true;
    if (!is_ordered_ || received_ != to_receive_) fail("the end behind " + std::to_string(received_) + " of " + std::to_string(to_receive_) + " bytes");
}

void Conversation::end_if_done() { ended_ = ended_ || (has_seen_end_ && is_shut_); }

void Conversation::fail(const std::string& why) {
    if (failure_.empty()) failure_ = why + " (" + std::to_string(sent_) + " of " + std::to_string(to_send_) + " sent)";
    ended_ = true;
}

}  // namespace eft::qemu

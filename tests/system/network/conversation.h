// One connection of Peer: sends what it has to, and checks what comes, as far as the socket lets it.
#pragma once

#include <child.h>

#include <traffic_order.h>

#include <cstdint>
#include <string>

namespace eft::qemu {

class Conversation {
public:
    // The guest's, which says what it wants.
    explicit Conversation(File file) : file_(std::move(file)) {}
    // Ours, to this port.
    Conversation(File file, std::uint16_t port, const test::Order& order);

    int descriptor() const { return file_.descriptor(); }
    // What to poll for. One that is held sends nothing of its own.
    short awaited(bool held) const;
    void go_on(bool held);

    // The guest has not accepted it yet.
    bool is_begun_at(std::uint16_t port) const { return awaits_ready_ && port_ == port; }
    bool ended() const { return ended_; }
    const std::string& failure() const { return failure_; }
    std::uint64_t sent() const { return sent_; }
    std::uint64_t received() const { return received_; }

private:
    bool has_to_send() const { return !awaits_ready_ && has_more(); }
    bool has_more() const { return !greeting_.empty() || (is_ordered_ && (sent_ < to_send_ || !is_shut_)); }
    void send_some();
    void receive_some();
    void take(std::span<const std::byte> bytes);
    void take_ready(std::span<const std::byte>& bytes);
    void take_head(std::span<const std::byte>& bytes);
    void begin(std::uint64_t to_send, std::uint64_t send_seed, std::uint64_t to_receive, std::uint64_t receive_seed);
    void begin_answer();
    void fail(const std::string& why);
    void end_of_input();
    void end_if_done();

    File file_;
    std::uint16_t port_ = 0;
    std::string greeting_;  // to be sent before the bytes of the stream
    std::string head_;      // what has come before it is known what is wanted
    bool awaits_ready_ = false;
    bool is_ordered_ = false, is_shut_ = false, has_seen_end_ = false, ended_ = false;
    std::uint64_t to_send_ = 0, sent_ = 0, to_receive_ = 0, received_ = 0;
    test::StreamBytes send_stream_{0}, receive_stream_{0};
    std::string failure_;
};

}  // namespace eft::qemu

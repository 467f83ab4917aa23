// An Ethernet driver on a Stage, its card, and clients of it.
#pragma once

#include <memory_server.h>
#include <ring_session.h>
#include <scripted_names.h>
#include <stage_case.h>

#include <drivers/ethernet/ethernet_server.h>

#include <cstring>
#include <deque>

namespace eft::test {

inline std::string frame_of(u32 number, u32 bytes = 64) {
    std::string frame(bytes, static_cast<char>('a' + number % 26));
    std::memcpy(frame.data(), &number, sizeof number);
    return frame;
}
inline u32 number_of(std::string_view frame) {
    u32 number;
    std::memcpy(&number, frame.data(), sizeof number);
    return number;
}

// A card that takes its time: frames go out, and arrive, when it is told to, and it has room for few. It is a part of the
// driver, so it has the areas mapped.
class SlowCard final : public ethernet::Card {
public:
    static constexpr u32 kRoom = 4;  // of each direction
    static constexpr u64 kAddress = 0x5634'1200'5452;

    ethernet::Properties properties() const override { return {kAddress, 1514, offloads, kRoom, kRoom}; }
    ethernet::Link link() const override { return known_link_; }
    void set_filter(const ethernet::Filter& wanted) override { filter = wanted; }

    Status open_area(u32 area, Slot object, u64 bytes) override {
        host::before_store();  // a death can strike here
        CHECK(!areas_[area].has_value());
        EFT_TRY(SharedMemory mapped, SharedMemory::borrow(object, bytes));
        areas_[area].emplace(std::move(mapped));
        return {};
    }
    void close_area(u32 area) override {
        CHECK(areas_[area].has_value());
        for (const Given& each : buffers_) CHECK(each.place.area != area);
        for (const Given& each : frames_) CHECK(each.place.area != area);
        areas_[area].reset();
    }
    Status receive(u32 number, const ethernet::Place& buffer) override { return take(buffers_, {number, buffer, {}}); }
    Status send(u32 number, const ethernet::Place& frame, const ethernet::Treatment& wanted) override { return take(frames_, {number, frame, wanted}); }
    void kick() override { ++kicks; }
    Result<std::optional<ethernet::Ended>> next_ended() override {
        if (std::exchange(breaks_rules, false)) return Error::ProtocolViolation;
        if (to_send != 0 && !frames_.empty()) {
            --to_send;
            const Given frame = take_first(frames_);
            const auto bytes = bytes_at(frame.place);
            sent.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            treatment = frame.treatment;
            return std::optional(ethernet::Ended{ethernet::Direction::Send, frame.number, std::exchange(send_error, Error::None), {}});
        }
        if (arriving.empty() || buffers_.empty()) return std::optional<ethernet::Ended>();
        const Given buffer = take_first(buffers_);
        ethernet::Received received;
        received.bytes = static_cast<u32>(arriving.front().size());
        std::memcpy(bytes_at(buffer.place).data(), arriving.front().data(), received.bytes);
        arriving.pop_front();
        return std::optional(ethernet::Ended{ethernet::Direction::Receive, buffer.number, Error::None, received});
    }
    bool has_ended() const override { return (to_send != 0 && !frames_.empty()) || (!arriving.empty() && !buffers_.empty()); }
    void reset() override {
        host::before_store();
        ++resets;
        buffers_.clear();
        frames_.clear();
    }
    void woken(u64) override { known_link_ = now; }
    void look() override { known_link_ = now; }
    bool prepare_to_sleep() override { return true; }
    u64 take_lost() override { return std::exchange(lost, 0); }

    // Of a driver that died, and what the next one finds.
    void start() {
        buffers_.clear();
        frames_.clear();
        filter = {};
        known_link_ = now;
        for (auto& each : areas_) std::construct_at(&each);  // its mappings have gone with it
    }
    std::size_t buffers() const { return buffers_.size(); }
    std::size_t frames() const { return frames_.size(); }

    ethernet::Offloads offloads{};
    ethernet::Link now{.up = true, .megabits = 1000};
    u32 to_send = 0;  // so many go out
    Error send_error = Error::None;  // of the next
    u64 lost = 0;
    bool breaks_rules = false;
    std::deque<std::string> arriving;

    std::vector<std::string> sent;
    ethernet::Treatment treatment{};  // of the last one
    ethernet::Filter filter{};
    unsigned kicks = 0, resets = 0;

private:
    struct Given {
        u32 number;
        ethernet::Place place;
        ethernet::Treatment treatment;
    };
    Status take(std::deque<Given>& to, const Given& given) {
        host::before_store();
        if (to.size() == kRoom) return Error::Busy;
        CHECK(areas_[given.place.area].has_value());
        to.push_back(given);
        return {};
    }
    static Given take_first(std::deque<Given>& from) {
        const Given first = from.front();
        from.pop_front();
        return first;
    }
    std::span<std::byte> bytes_at(const ethernet::Place& place) const { return areas_[place.area]->bytes().subspan(place.offset, place.bytes); }

    std::deque<Given> buffers_, frames_;
    ethernet::Link known_link_{};
    std::optional<SharedMemory> areas_[ethernet::kSessions];  // mapped here, in place of the device's own reach
};

struct CardScene {
    static constexpr u64 kInterrupt = 1;

    Stage& stage;
    MemoryServer memory{stage};
    SlowCard card{};
    Program& driver = stage.add("driver", [this]() -> int {
        card.start();
        run_server<ethernet::Server>(ethernet::kLayoutVersion, card);
    }, {.priority = Stage::kServerPriority, .state_bytes = page_up(ethernet::Server::Region::kBytes)});
    ScriptedNames names{stage, driver};

    // The card sends so many frames, takes what arrives, and tells the driver.
    void interrupt(u32 to_send = 0) {
        card.to_send = to_send;
        stage.signal(driver, kInterrupt);
    }
    void arrive(const std::string& frame) {
        card.arriving.push_back(frame);
        interrupt();
    }
    void beat_after(u64 seconds) {
        test::beat_after(stage, driver, seconds);
    }
    bool nothing_left() { return memory.mapped_pages(driver) == 0 && stage.kept_slots(driver) == 0; }
};

// A session: one of a client that only sends, or only receives, each with a window of 2 KiB for each entry of its ring.
class CardClient : public RingSession<ethernet::Ethernet, 2048 * u64{ethernet::Ethernet::kInflight}> {
public:
    static constexpr u32 kWindow = 2048, kWindows = ethernet::Ethernet::kInflight;

    CardClient(CardScene& scene, u64 own_badge) : RingSession(scene.stage, scene.driver, own_badge) {}

    using RingSession::attach;
    Result<ethernet::Attached> attach(const SharedMemory& its_area) { return attach(ring_memory, its_area); }

    ethernet::Send frame_at(u32 window, u32 bytes) {
        ethernet::Send request;
        request.frame = ipc::AreaSpan(area.data(), window * kWindow, bytes);
        return request;
    }
    Result<u64> send(u32 number, u32 bytes = 64) {
        const std::string frame = frame_of(number, bytes);
        std::memcpy(area.data() + number % kWindows * kWindow, frame.data(), frame.size());
        return ring.submit_send(frame_at(number % kWindows, bytes));
    }
    Result<u64> receive(u32 window, u32 bytes = kWindow) {
        ethernet::Receive request;
        request.buffer = ipc::AreaSpan(area.data(), window * kWindow, bytes);
        return ring.submit_receive(request);
    }
    std::string_view window(u32 number, u32 bytes) const { return {reinterpret_cast<const char*>(area.data()) + number * kWindow, bytes}; }
    // The next completion; none: 0xff.
    Error next() {
        const auto done = ring.take_completion();
        REQUIRE(done.ok());
        return done->has_value() ? (*done)->status : static_cast<Error>(0xff);
    }
    static constexpr Error kNothing = static_cast<Error>(0xff);
    u32 received_bytes() {
        const auto done = ring.take_completion();
        REQUIRE(done.ok());
        REQUIRE(done->has_value());
        REQUIRE((*done)->status == Error::None);
        return ring::response_of<ethernet::Ethernet::ReceiveMethod>(**done)->bytes;
    }
};

}  // namespace eft::test

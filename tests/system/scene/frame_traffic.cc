#include "frame_traffic.h"

#include <span>

namespace eft::qemu {

std::string frame(std::uint32_t number, std::uint16_t type) {
    std::string bytes(test::length_of(number), '\0');
    test::write_frame(std::as_writable_bytes(std::span(bytes)), number, type);
    return bytes;
}

void Traffic::run() {
    auto last = std::chrono::steady_clock::now();
    while (!stopped_) {
        bool idle = true;
        for (int i = 0; i < 16 && wire_.send(frame(sent, test::kNumbered)); ++i, ++sent) idle = false;
        for (auto got = wire_.receive(idle ? after(Duration(1)) : Deadline()); got; got = wire_.receive(Deadline())) {
            const auto now = std::chrono::steady_clock::now();
            note_pause(now - last);
            last = now;
            check(*got);
        }
        note_pause(std::chrono::steady_clock::now() - last);
    }
}

void Traffic::note_pause(std::chrono::steady_clock::duration pause) {
    longest_pause_ = std::max<long>(longest_pause_, std::chrono::duration_cast<Duration>(pause).count());
}

void Traffic::check(std::string_view got) {
    const auto bytes = std::as_bytes(std::span(got));
    if (test::type_of(bytes) != test::kNumbered || !test::is_whole(bytes)) {
        ++damaged;
        return;
    }
    const std::uint32_t number = test::number_of(bytes);
    ++arrived;
    if (number < next_) ++again;
    else missing += number - next_;
    next_ = std::max(next_, number + 1);
}

}  // namespace eft::qemu

// Lines of many log rings as one log, in the order of their time stamps.
//
// Nothing is kept between two requests: a cursor is the time of the last line that its reader has seen, and each request
// walks the rings from their beginnings. So the log server has no state to lose, and a reader's cursor outlives it.
#pragma once

#include <eft/log_ring.h>
#include <eft/text.h>

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace eft::log_server {

// Both clocks at about one time: the counter of time stamps was between `ticks` and `ticks + width` at `ns`.
struct Moment {
    u64 ticks = 0, width = 0;
    u64 ns = 0;

    u64 middle() const { return ticks + width / 2; }
};

// How time stamps become time since the kernel's entry: two moments, far enough from each other, give the rate.
struct TimeScale {
    // Then a width of some µs spoils no more than the fourth digit.
    static constexpr u64 kBaseline = 10'000'000;

    u64 zero = 0;
    Moment first, last;

    bool long_enough() const { return last.ns >= first.ns + kBaseline; }
    // Nothing where the two moments do not tell.
    std::optional<u64> nanoseconds(u64 ticks) const {
        if (last.middle() <= first.middle() || last.ns <= first.ns) return {};
        using Wide = unsigned __int128;
        if (ticks <= zero) return u64{0};
        return static_cast<u64>(Wide{ticks - zero} * (last.ns - first.ns) / (last.middle() - first.middle()));
    }
};

// The narrowest of several looks at the clocks, each by `stamp` and `now`: nobody has come between.
template <class Stamp, class Now>
Result<Moment> look_at_clocks(Stamp stamp, Now now) {
    constexpr int kLooks = 4;
    Moment best;
    for (int i = 0; i < kLooks; ++i) {
        Moment moment;
        moment.ticks = stamp();
        EFT_TRY(moment.ns, now());
        moment.width = stamp() - moment.ticks;
        if (i == 0 || moment.width < best.width) best = moment;
    }
    return best;
}

// Two moments for the scale: the first stays for as long as this incarnation lives, so the rate gets better with time.
// Where the first is not long ago, this looks again until it is; a clock that stands still is given up.
template <class Stamp, class Now>
Status measure(TimeScale& scale, Stamp stamp, Now now) {
    constexpr int kPatience = 10'000;
    if (scale.first.ticks == 0) {
        EFT_TRY(scale.first, look_at_clocks(stamp, now));
    }
    for (int i = 0; i < kPatience; ++i) {
        EFT_TRY(scale.last, look_at_clocks(stamp, now));
        if (scale.long_enough()) return {};
    }
    return Error::DeviceError;
}

// "[   12.034567] ", or the ticks where there is no scale.
template <std::size_t N>
void append_time(FixedText<N>& to, u64 ticks, const TimeScale& scale) {
    to.append('[');
    if (const std::optional<u64> ns = scale.nanoseconds(ticks)) {
        to.decimal(*ns / 1'000'000'000, 5).append('.').decimal(*ns / 1000 % 1'000'000, 6, '0');
    } else {
        to.append('#').decimal(ticks);
    }
    to.append("] ");
}

// One service's ring.
class Source {
public:
    Source(std::string_view name, std::span<const std::byte> memory) : name_(name), reader_(memory) {}

    std::string_view name() const { return name_; }
    // The first line later than `after` that was not passed yet; null at the end of what is there. A ring that is not as
    // its writer would leave it ends here: its service has damaged its own memory.
    const LogLine* peek(u64 after) {
        while (!line_ || line_->time <= after) {
            auto line = reader_.next(text_);
            if (!line.ok()) {
                line_.reset();
                return nullptr;
            }
            line_ = *line;
            lost_ += line->lost;
        }
        return &*line_;
    }
    void pass() {
        line_.reset();
        lost_ = 0;
    }
    u64 lost() const { return lost_; }

private:
    FixedText<31> name_;
    LogReader reader_;
    std::array<char, kLogLineLimit> text_;
    std::optional<LogLine> line_;
    u64 lost_ = 0;  // lines that were overwritten before the one at hand
};

// Appends whole lines later than `after`, oldest first, as long as they fit, and answers the cursor behind the last.
template <std::size_t N>
u64 merge(std::span<Source* const> sources, u64 after, const TimeScale& scale, FixedText<N>& to) {
    const u64 seen = after;
    for (;;) {
        Source* oldest = nullptr;
        const LogLine* first = nullptr;
        for (Source* source : sources) {
            const LogLine* line = source->peek(seen);
            if (line && (!first || line->time < first->time)) {
                oldest = source;
                first = line;
            }
        }
        if (!oldest) return after;
        FixedText<kLogLineLimit + 128> text;
        append_time(text, first->time, scale);
        text.append(oldest->name()).append(": ");
        if (oldest->lost() != 0) text.append("(").decimal(oldest->lost()).append(" lines lost) ");
        for (char character : first->text) text.append(character == '\n' || character == '\r' ? ' ' : character);
        if (first->cut) text.append("...");
        text.append('\n');
        if (text.size() > N - to.size()) return after;
        to.append(text.view());
        after = first->time;
        oldest->pass();
    }
}

}  // namespace eft::log_server

// What the demo shows: a line for each event, in colour where the terminal has it.
#pragma once

#include <chrono>
#include <string>

namespace eft::demo {

enum class Colour { None, Good, Bad, Hit, Slow };

struct Words {
    std::string text;
    Colour colour = Colour::None;
};

class Screen {
public:
    // In colour on a terminal, unless it is dumb or NO_COLOR is set (https://no-color.org).
    Screen();

    void say(const Words& words) const;
    // With the time since the first event.
    void event(const std::string& subject, const Words& what, const Words& outcome = {});

private:
    std::string shown(const Words& words, std::size_t width = 0) const;

    bool has_colour_;
    std::chrono::steady_clock::time_point start_{};
};

}  // namespace eft::demo

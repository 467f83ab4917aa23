#include "screen.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace eft::demo {
namespace {

constexpr std::size_t kSubject = 12, kWhat = 36;

bool is_set(const char* variable) {
    const char* const value = std::getenv(variable);
    return value && *value != '\0';
}

bool terminal_has_colour() {
    const char* const terminal = std::getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && !is_set("NO_COLOR") && terminal && std::string(terminal) != "dumb";
}

// ECMA-48, 8.3.117: select graphic rendition.
const char* rendition(Colour colour) {
    switch (colour) {
        case Colour::None: return "";
        case Colour::Good: return "\x1b[32m";
        case Colour::Bad: return "\x1b[1;31m";
        case Colour::Hit: return "\x1b[35m";
        case Colour::Slow: return "\x1b[33m";
    }
    return "";
}

}  // namespace

Screen::Screen() : has_colour_(terminal_has_colour()) {}

std::string Screen::shown(const Words& words, std::size_t width) const {
    const std::string padding(words.text.size() < width ? width - words.text.size() : 0, ' ');
    if (!has_colour_ || words.colour == Colour::None) return words.text + padding;
    return rendition(words.colour) + words.text + "\x1b[m" + padding;
}

void Screen::say(const Words& words) const { std::cout << shown(words) << std::endl; }

void Screen::event(const std::string& subject, const Words& what, const Words& outcome) {
    const auto now = std::chrono::steady_clock::now();
    if (start_.time_since_epoch().count() == 0) start_ = now;
    std::array<char, 16> time;
    std::snprintf(time.data(), time.size(), "%5.1f s  ", std::chrono::duration<double>(now - start_).count());
    std::string line = time.data() + shown({subject}, kSubject) + " " + (outcome.text.empty() ? shown(what) : shown(what, kWhat) + " " + shown(outcome));
    std::cout << line << std::endl;
}

}  // namespace eft::demo

#include "script.h"

#include "prompt.h"

#include <charconv>
#include <stdexcept>
#include <utility>

namespace eft::qemu {
namespace {

constexpr char kRequest = 0x1e;
constexpr char kEscape = 0x10;
constexpr std::string_view kRestarted = "\x1b[m\n";
constexpr std::size_t kMaxDigits = 10;

}  // namespace

std::string script_request(std::string_view lines) {
    std::string bytes(lines);
    if (!bytes.ends_with('\n')) bytes += '\n';
    return kRequest + std::to_string(bytes.size()) + "\n" + bytes;
}

std::size_t ScriptAnswer::take(std::string_view text, std::string& output) {
    std::size_t taken = 0;
    while (taken < text.size() && !status_ && !broken_off_) {
        const char character = text[taken++];
        switch (at_) {
            case At::Before:
                if (std::exchange(escaped_, character == kEscape) && character == '(') at_ = At::Output;
                break;
            case At::Output: take_output(character, output); break;
            case At::Restarted: take_reason(character); break;
            case At::Status:
                if (character != '\n' && digits_.size() < kMaxDigits) {
                    digits_ += character;
                    break;
                }
                int status = 0;
                const auto [end, error] = std::from_chars(digits_.data(), digits_.data() + digits_.size(), status);
                if (error != std::errc() || end != digits_.data() + digits_.size())
                    throw std::runtime_error("the prompt ends a script with the status \"" + digits_ + "\"");
                status_ = status;
        }
    }
    return taken;
}

void ScriptAnswer::take_reason(char character) {
    reason_ += character;
    broken_off_ = reason_.ends_with(kPrompt);
    if (!broken_off_) return;
    reason_.resize(reason_.size() - kPrompt.size());
    if (reason_.starts_with(kRestarted)) reason_.erase(0, kRestarted.size());
}

void ScriptAnswer::take_output(char character, std::string& output) {
    if (character == kRestarted[0]) {  // whatever came of an escape is cut off
        at_ = At::Restarted;
        take_reason(character);
    } else if (std::exchange(escaped_, false)) {
        if (character == ')') at_ = At::Status;
        else output += static_cast<char>(character ^ 0x40);
    } else if (character == kEscape) {
        escaped_ = true;
    } else {
        output += character;
    }
}

}  // namespace eft::qemu

#include "monitor/script.h"

#include <eft/text.h>

namespace eft::monitor {
namespace {

constexpr char kEscape = 0x10;

bool needs_escape(unsigned char byte) { return (byte < ' ' && byte != '\n') || byte == 0x7f; }

}  // namespace

std::string script_end(int status) {
    FixedText<16> text;
    text.append(kEscape).append(')').decimal(status).append('\n');
    return std::string(text.view());
}

std::string script_text(std::string_view output) {
    std::string text;
    text.reserve(output.size());
    for (const char character : output) {
        if (needs_escape(static_cast<unsigned char>(character))) text.append({kEscape, static_cast<char>(character ^ 0x40)});
        else text.push_back(character);
    }
    return text;
}

}  // namespace eft::monitor

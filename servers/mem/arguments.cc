#include "arguments.h"

namespace eft::memory {
namespace {

Result<u64> parse_hex(std::string_view text) {
    if (text.empty() || text.size() > 16) return Error::BadFormat;
    u64 value = 0;
    for (const char c : text) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return Error::BadFormat;
        value = value << 4 | static_cast<u64>(digit);
    }
    return value;
}

}  // namespace

Result<Pair> parse_pair(std::string_view arguments, std::string_view key) {
    const std::size_t at = arguments.find(key);
    if (at == std::string_view::npos || (at != 0 && arguments[at - 1] != ' ')) return Error::NotFound;
    std::string_view value = arguments.substr(at + key.size());
    value = value.substr(0, value.find(' '));
    const std::size_t comma = value.find(',');
    if (comma == std::string_view::npos) return Error::BadFormat;
    EFT_TRY(const u64 first, parse_hex(value.substr(0, comma)));
    EFT_TRY(const u64 second, parse_hex(value.substr(comma + 1)));
    return Pair{first, second};
}

}  // namespace eft::memory

#include "httpd/target.h"

#include <eft/text.h>

#include <algorithm>

namespace eft::httpd {
namespace {

int hex_digit(char character) {
    if (character >= '0' && character <= '9') return character - '0';
    if (character >= 'a' && character <= 'f') return character - 'a' + 10;
    if (character >= 'A' && character <= 'F') return character - 'A' + 10;
    return -1;
}

Result<std::string> unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char character = text[i];
        if (character == '%') {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
            if (low < 0) return Error::InvalidArgument;
            character = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (character == '\0') return Error::InvalidArgument;
        plain.push_back(character);
    }
    return plain;
}

// The file system would go up, but not beyond its root; a path that needs it is nothing that a page of ours has.
bool has_dots(std::string_view path) {
    while (!path.empty()) {
        path.remove_prefix(1);  // '/'
        const std::string_view name = path.substr(0, path.find('/'));
        if (name == "." || name == "..") return true;
        path.remove_prefix(name.size());
    }
    return false;
}

bool is_plain(char character) {
    constexpr std::string_view kMarks = "-._~/";
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') || (character >= '0' && character <= '9') ||
           kMarks.find(character) != kMarks.npos;
}

// Digits only, unlike parse_u64.
Result<u64> parse_position(std::string_view text) {
    if (text.find_first_not_of("0123456789") != text.npos) return Error::InvalidArgument;
    return parse_u64(text);
}

}  // namespace

Result<std::string> path_of(std::string_view target) {
    constexpr std::string_view kScheme = "http://";
    if (target.starts_with(kScheme)) {
        const auto slash = target.find('/', kScheme.size());
        target = slash == target.npos ? "/" : target.substr(slash);
    }
    EFT_TRY(std::string path, unescape(target.substr(0, target.find('?'))));
    if (!path.starts_with('/') || has_dots(path)) return Error::InvalidArgument;
    return path;
}

std::string target_of(std::string_view path) {
    std::string target;
    for (const char character : path) {
        if (is_plain(character)) target.push_back(character);
        else target.append(FixedText<3>("%").hex(static_cast<u8>(character), 2).view());
    }
    return target;
}

std::string_view content_type(std::string_view path) {
    struct Type {
        std::string_view suffix, type;
    };
    static constexpr Type kTypes[] = {
        {".css", "text/css; charset=utf-8"}, {".csv", "text/csv; charset=utf-8"}, {".gif", "image/gif"},
        {".html", "text/html; charset=utf-8"}, {".jpeg", "image/jpeg"}, {".jpg", "image/jpeg"},
        {".js", "text/javascript; charset=utf-8"}, {".json", "application/json"}, {".md", "text/plain; charset=utf-8"},
        {".pdf", "application/pdf"}, {".png", "image/png"}, {".sha256", "text/plain; charset=utf-8"},
        {".svg", "image/svg+xml"}, {".txt", "text/plain; charset=utf-8"},
    };
    for (const Type& each : kTypes)
        if (path.ends_with(each.suffix)) return each.type;
    return "application/octet-stream";
}

Result<std::optional<ByteRange>> parse_range(std::string_view field, u64 size) {
    constexpr std::string_view kUnit = "bytes=";
    const std::optional<ByteRange> nothing;
    if (!field.starts_with(kUnit)) return nothing;
    field.remove_prefix(kUnit.size());
    const auto dash = field.find('-');
    if (dash == field.npos) return nothing;
    const std::string_view first = field.substr(0, dash), last = field.substr(dash + 1);
    if (first.empty()) {  // so many at the end
        const Result<u64> count = parse_position(last);
        if (!count.ok()) return nothing;
        if (*count == 0 || size == 0) return Error::OutOfRange;
        return std::optional(ByteRange{size - std::min(*count, size), size});
    }
    const Result<u64> begin = parse_position(first), end = last.empty() ? Result<u64>(size) : parse_position(last);
    if (!begin.ok() || !end.ok() || (!last.empty() && *end < *begin)) return nothing;
    if (*begin >= size) return Error::OutOfRange;
    return std::optional(ByteRange{*begin, *end < size ? *end + 1 : size});
}

std::string html_text(std::string_view text) {
    std::string safe;
    for (const char character : text) {
        switch (character) {
            case '&': safe.append("&amp;"); break;
            case '<': safe.append("&lt;"); break;
            case '>': safe.append("&gt;"); break;
            case '"': safe.append("&quot;"); break;
            default: safe.push_back(character);
        }
    }
    return safe;
}

}  // namespace eft::httpd

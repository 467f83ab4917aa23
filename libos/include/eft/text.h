// Text without allocation, locale or floating point: a buffer that is appended to, and parsing of what people type.
//
// FixedText never overruns: what does not fit is cut, and cut() says so.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>

namespace eft {

template <std::size_t N>
class FixedText {
public:
    static constexpr std::size_t kSize = N;

    constexpr FixedText() = default;
    constexpr FixedText(std::string_view text) { append(text); }

    constexpr std::string_view view() const { return {text_, size_}; }
    constexpr operator std::string_view() const { return view(); }
    // Always ends with a zero.
    constexpr const char* c_str() const { return text_; }
    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr bool cut() const { return cut_; }
    constexpr void clear() {
        size_ = 0;
        cut_ = false;
        text_[0] = 0;
    }

    constexpr FixedText& append(std::string_view text) {
        const std::size_t fits = std::min(text.size(), N - size_);
        for (std::size_t i = 0; i < fits; ++i) text_[size_ + i] = text[i];
        size_ += fits;
        text_[size_] = 0;
        if (fits < text.size()) cut_ = true;
        return *this;
    }
    constexpr FixedText& append(char character) { return append(std::string_view(&character, 1)); }
    constexpr FixedText& repeat(char character, std::size_t count) {
        for (; count > 0 && !cut_; --count) append(character);
        return *this;
    }

    // At least `width` characters, filled from the left.
    template <std::integral Number>
    constexpr FixedText& decimal(Number number, std::size_t width = 0, char fill = ' ') {
        const bool negative = number < 0;
        const u64 magnitude = negative ? u64{0} - static_cast<u64>(number) : static_cast<u64>(number);
        return digits(magnitude, 10, width, fill, negative);
    }
    constexpr FixedText& hex(u64 number, std::size_t width = 1) { return digits(number, 16, width, '0', false); }
    // 0x and all sixteen digits.
    constexpr FixedText& address(u64 number) { return append("0x").hex(number, 16); }

    // Columns of a table: the text and blanks up to `width`, or blanks and the text. What is longer stays whole.
    constexpr FixedText& left(std::string_view text, std::size_t width) {
        return append(text).repeat(' ', text.size() < width ? width - text.size() : 0);
    }
    constexpr FixedText& right(std::string_view text, std::size_t width) {
        return repeat(' ', text.size() < width ? width - text.size() : 0).append(text);
    }
    // Blanks up to this column of the present line, counted from 0; at least one if it is reached already.
    constexpr FixedText& column(std::size_t at) {
        const std::size_t line = view().rfind('\n');
        const std::size_t here = line == std::string_view::npos ? size_ : size_ - line - 1;
        return repeat(' ', here < at ? at - here : 1);
    }

private:
    constexpr FixedText& digits(u64 magnitude, unsigned base, std::size_t width, char fill, bool negative) {
        char reversed[20] = {};
        std::size_t count = 0;
        do {
            reversed[count++] = "0123456789abcdef"[magnitude % base];
            magnitude /= base;
        } while (magnitude != 0);
        const std::size_t length = count + (negative ? 1 : 0);
        const std::size_t padding = length < width ? width - length : 0;
        if (negative && fill == '0') append('-');
        repeat(fill, padding);
        if (negative && fill != '0') append('-');
        while (count > 0) append(reversed[--count]);
        return *this;
    }

    char text_[N + 1] = {};
    std::size_t size_ = 0;
    bool cut_ = false;
};

// The whole text is one number: decimal, or hexadecimal behind 0x. InvalidArgument: it is not; OutOfRange: too large.
constexpr Result<u64> parse_u64(std::string_view text) {
    unsigned base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    }
    if (text.empty()) return Error::InvalidArgument;
    u64 number = 0;
    bool too_large = false;
    for (char character : text) {
        unsigned digit = 16;
        if (character >= '0' && character <= '9') digit = static_cast<unsigned>(character - '0');
        if (character >= 'a' && character <= 'f') digit = static_cast<unsigned>(character - 'a') + 10;
        if (character >= 'A' && character <= 'F') digit = static_cast<unsigned>(character - 'A') + 10;
        if (digit >= base) return Error::InvalidArgument;
        u64 next;
        if (__builtin_mul_overflow(number, u64{base}, &next) || __builtin_add_overflow(next, u64{digit}, &next))
            too_large = true;
        else
            number = next;
    }
    if (too_large) return Error::OutOfRange;
    return number;
}

constexpr Result<u32> parse_u32(std::string_view text) {
    EFT_TRY(const u64 number, parse_u64(text));
    if (number > std::numeric_limits<u32>::max()) return Error::OutOfRange;
    return static_cast<u32>(number);
}

// Takes the next word, between blanks, off the front of `rest`. Empty: there is none.
constexpr std::string_view next_word(std::string_view& rest) {
    constexpr std::string_view kBlanks = " \t\r\n";
    rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
    const std::string_view word = rest.substr(0, rest.find_first_of(kBlanks));
    rest.remove_prefix(word.size());
    return word;
}

}  // namespace eft


#include <eft/json.h>
#include <eft/text.h>

#include <algorithm>

namespace eft {
namespace {

constexpr u32 kFirstEscapedByte = 0xdc80, kLastEscapedByte = 0xdcff;
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_high_surrogate(u32 unit) { return unit >= 0xd800 && unit <= 0xdbff; }
constexpr bool is_surrogate(u32 unit) { return unit >= 0xd800 && unit <= 0xdfff; }

void append_utf8(std::string& to, u32 code) {
    const auto last = [&](unsigned shift) { to.push_back(static_cast<char>(0x80 | (code >> shift & 0x3f))); };
    if (code < 0x80) {
        to.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        to.push_back(static_cast<char>(0xc0 | code >> 6));
        last(0);
    } else if (code < 0x1'0000) {
        to.push_back(static_cast<char>(0xe0 | code >> 12));
        last(6), last(0);
    } else {
        to.push_back(static_cast<char>(0xf0 | code >> 18));
        last(12), last(6), last(0);
    }
}

// The character at the front, and its length; length 0: that is no UTF-8 (RFC 3629, section 4).
struct Character {
    u32 code;
    std::size_t length;
};
Character first_character(std::string_view bytes) {
    const auto byte = [&](std::size_t i) { return static_cast<u8>(bytes[i]); };
    const u32 lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || bytes.size() < length) return {lead, 0};
    u32 code = lead & (0x7fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {lead, 0};
        code = code << 6 | (byte(i) & 0x3f);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x1'0000);
    if (overlong || is_surrogate(code) || code > 0x10'ffff) return {lead, 0};
    return {code, length};
}

// Controls (C0, delete, C1), line separators, and marks, embeddings and isolates of directions.
constexpr bool is_unprintable(u32 code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void append_escape(std::string& to, u32 unit) {
    FixedText<8> text;
    to.append(text.append("\\u").hex(unit, 4).view());
}

}  // namespace

Error JsonReader::refuse_at(std::size_t at, std::string_view what) {
    if (complaint_.empty()) {
        FixedText<32> place;
        complaint_.append(place.append("at ").decimal(at + 1).append(": ").view()).append(what);
        text_ = {};  // nothing can be read any more
        at_ = 0;
    }
    return Error::BadFormat;
}

void JsonReader::skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
}

bool JsonReader::take(char character) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != character) return false;
    ++at_;
    return true;
}

Result<JsonKind> JsonReader::peek() {
    skip_blanks();
    last_ = at_;
    if (at_ == text_.size()) return refuse_at(at_, "a value is missing");
    switch (const char c = text_[at_]) {
        case '{': return JsonKind::Object;
        case '[': return JsonKind::Array;
        case '"': return JsonKind::String;
        case 't':
        case 'f': return JsonKind::Bool;
        case 'n': return JsonKind::Null;
        default:
            if (c == '-' || is_digit(c)) return JsonKind::Number;
            return refuse_at(at_, "this is no value");
    }
}

Status JsonReader::begin(char bracket, std::string_view what) {
    skip_blanks();
    last_ = at_;
    if (!take(bracket)) return refuse_at(at_, what);
    first_ = true;
    return {};
}

// Whether another member or element follows.
Result<bool> JsonReader::next(char bracket) {
    const bool first = first_;
    first_ = false;
    if (take(bracket)) return false;
    if (first || take(',')) return true;
    return refuse_at(at_, bracket == '}' ? "',' or '}' is wanted" : "',' or ']' is wanted");
}

Status JsonReader::begin_object() { return begin('{', "an object is wanted: {\"NAME\": VALUE}"); }
Status JsonReader::begin_array() { return begin('[', "an array is wanted: [VALUE, VALUE]"); }
Result<bool> JsonReader::next_element() { return next(']'); }

Result<bool> JsonReader::next_member(std::string& name) {
    EFT_TRY(const bool more, next('}'));
    if (!more) return false;
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != '"') return refuse_at(at_, "a name in double quotes is wanted");
    EFT_TRY(name, string());
    if (!take(':')) return refuse_at(at_, "':' is wanted");
    return true;
}

Result<std::string> JsonReader::string() {
    skip_blanks();
    last_ = at_;
    if (!take('"')) return refuse_at(at_, "a string is wanted");
    std::string bytes;
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c == '"') {
            ++at_;
            return bytes;
        }
        if (static_cast<u8>(c) < 0x20) return refuse_at(at_, "a control character in a string; write it as \\u00XX");
        ++at_;
        if (c != '\\') bytes.push_back(c);
        else EFT_CHECK(escape(bytes));
    }
    return refuse_at(last_, "the string does not end");
}

Status JsonReader::escape(std::string& to) {
    constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    const std::size_t start = at_ - 1;
    const char letter = at_ < text_.size() ? text_[at_++] : '\0';
    if (const std::size_t which = kLetters.find(letter); which != kLetters.npos) {
        to.push_back(kMeanings[which]);
        return {};
    }
    if (letter != 'u') return refuse_at(start, "there is no such escape in a string");
    EFT_TRY(const u32 unit, four_digits());
    if (unit >= kFirstEscapedByte && unit <= kLastEscapedByte) {
        to.push_back(static_cast<char>(unit));
        return {};
    }
    if (!is_surrogate(unit)) {
        append_utf8(to, unit);
        return {};
    }
    if (is_high_surrogate(unit) && text_.substr(at_).starts_with("\\u")) {
        at_ += 2;
        EFT_TRY(const u32 low, four_digits());
        if (is_surrogate(low) && !is_high_surrogate(low)) {
            append_utf8(to, 0x1'0000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
            return {};
        }
    }
    return refuse_at(start, "half of a surrogate pair");
}

Result<u32> JsonReader::four_digits() {
    FixedText<8> digits("0x");
    digits.append(text_.substr(at_, 4));
    const Result<u64> value = parse_u64(digits);
    if (digits.size() != 6 || !value.ok()) return refuse_at(at_, "\\u wants four hexadecimal digits");
    at_ += 4;
    return static_cast<u32>(*value);
}

std::size_t JsonReader::digits() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ - start;
}

Result<std::string_view> JsonReader::number() {
    skip_blanks();
    const std::size_t start = last_ = at_;
    const auto is = [&](std::string_view any) { return at_ < text_.size() && any.find(text_[at_]) != any.npos; };
    if (is("-")) ++at_;
    const bool zero = is("0");
    const std::size_t whole = digits();
    if (whole == 0) return refuse_at(start, "a number is wanted");
    if (zero && whole > 1) return refuse_at(start, "a number does not begin with 0");
    if (is(".")) {
        ++at_;
        if (digits() == 0) return refuse_at(start, "a digit is wanted behind the point");
    }
    if (is("eE")) {
        ++at_;
        if (is("+-")) ++at_;
        if (digits() == 0) return refuse_at(start, "a digit is wanted in the exponent");
    }
    return text_.substr(start, at_ - start);
}

Status JsonReader::word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return refuse_at(at_, "this is no value");
    at_ += word.size();
    return {};
}

Result<bool> JsonReader::boolean() {
    skip_blanks();
    last_ = at_;
    const bool value = text_.substr(at_).starts_with('t');
    if (!value && !text_.substr(at_).starts_with('f')) return refuse_at(at_, "true or false is wanted");
    EFT_CHECK(word(value ? "true" : "false"));
    return value;
}

Status JsonReader::null() {
    skip_blanks();
    last_ = at_;
    return word("null");
}

Status JsonReader::end() {
    skip_blanks();
    if (at_ != text_.size()) return refuse_at(at_, "something stands behind the end");
    return complaint_.empty() ? Status() : Error::BadFormat;
}

void append_json_string(std::string& to, std::string_view bytes) {
    to.push_back('"');
    while (!bytes.empty()) {
        const Character next = first_character(bytes);
        const std::size_t length = next.length == 0 ? 1 : next.length;
        if (next.length == 0) append_escape(to, 0xdc00 + next.code);
        else if (next.code == '\n') to.append("\\n");
        else if (next.code == '\t') to.append("\\t");
        else if (next.code == '\r') to.append("\\r");
        else if (is_unprintable(next.code)) append_escape(to, next.code);
        else if (next.code == '"' || next.code == '\\') to.append({'\\', static_cast<char>(next.code)});
        else to.append(bytes.substr(0, length));
        bytes.remove_prefix(length);
    }
    to.push_back('"');
}

std::string terminal_text(std::string_view bytes) {
    std::string text;
    while (!bytes.empty()) {
        const Character character = first_character(bytes);
        const std::size_t length = std::max<std::size_t>(character.length, 1);
        FixedText<8> escape;
        if (character.length == 0) text.append(escape.append("\\x").hex(character.code, 2).view());
        else if (is_unprintable(character.code)) append_escape(text, character.code);
        else text.append(bytes.substr(0, length));
        bytes.remove_prefix(length);
    }
    return text;
}

}  // namespace eft

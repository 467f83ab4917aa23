// The JSON reader takes what is JSON and nothing else: compared with a reader that many people use.
#include <eft/json.h>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <random>

using namespace eft;

namespace {

// Any value, whatever it is.
Status skip(JsonReader& json) {
    EFT_TRY(const JsonKind kind, json.peek());
    switch (kind) {
        case JsonKind::String: return json.string().error();
        case JsonKind::Number: return json.number().error();
        case JsonKind::Bool: return json.boolean().error();
        case JsonKind::Null: return json.null();
        case JsonKind::Array:
            EFT_CHECK(json.begin_array());
            for (;;) {
                EFT_TRY(const bool more, json.next_element());
                if (!more) return {};
                EFT_CHECK(skip(json));
            }
        case JsonKind::Object: break;
    }
    EFT_CHECK(json.begin_object());
    for (std::string name;;) {
        EFT_TRY(const bool more, json.next_member(name));
        if (!more) return {};
        EFT_CHECK(skip(json));
    }
}

bool is_json(std::string_view text) {
    JsonReader json(text);
    const bool good = skip(json).ok() && json.end().ok();
    CHECK(good == json.complaint().empty());
    return good;
}

std::string read_string(std::string_view text) {
    JsonReader json(text);
    Result<std::string> string = json.string();
    return string.ok() ? *string : "refused: " + json.complaint();
}
std::string written(std::string_view bytes) {
    std::string text;
    append_json_string(text, bytes);
    return text;
}
std::string complaint(std::string_view text) {
    JsonReader json(text);
    if (skip(json).ok()) static_cast<void>(json.end());
    return json.complaint();
}

}  // namespace

TEST_CASE("what a widely used reader takes is taken, and what it refuses is refused") {
    const std::string seeds[] = {
        R"({"a": [1, -2, 3.5e+7, true, false, null, "x\n\u0041"], "b": {"c": {}}, "d": []})",
        R"({"name":"newt","n":0,"list":[{"x":1},{"y":[[]]}]})", "[]", "0", "-0.0E-1", "\"\"", "true"};
    const std::string alphabet = "{}[]:,\"\\ \t\n0123456789-+.eEtruefalsn/u/xb";
    std::mt19937 random(1);
    unsigned good = 0, bad = 0;
    for (const std::string& seed : seeds) {
        CHECK(is_json(seed));
        for (unsigned round = 0; round < 20'000; ++round) {
            std::string text = seed;
            for (unsigned changes = 1 + random() % 2; changes > 0; --changes) {
                const std::size_t at = random() % (text.size() + 1);
                const char c = alphabet[random() % alphabet.size()];
                if (random() % 3 == 0 && at < text.size()) text.erase(at, 1);
                else if (random() % 2 && at < text.size()) text[at] = c;
                else text.insert(at, 1, c);
            }
            const bool expected = nlohmann::json::accept(text);
            CHECK_MESSAGE(is_json(text) == expected, text);
            ++(expected ? good : bad);
        }
    }
    CHECK(good > 5000);
    CHECK(bad > 5000);
}

TEST_CASE("a complaint says where") {
    CHECK(complaint("{\"a\": }") == "at 7: this is no value");
    CHECK(complaint("{\"a\" 1}") == "at 6: ':' is wanted");
    CHECK(complaint("{a: 1}") == "at 2: a name in double quotes is wanted");
    CHECK(complaint("[1 2]") == "at 4: ',' or ']' is wanted");
    CHECK(complaint("[1, 2") == "at 6: ',' or ']' is wanted");
    CHECK(complaint("") == "at 1: a value is missing");
    CHECK(complaint("{} {}") == "at 4: something stands behind the end");
    CHECK(complaint("\"abc") == "at 1: the string does not end");
    CHECK(complaint("[01]") == "at 2: a number does not begin with 0");
    CHECK(complaint("[tru]") == "at 2: this is no value");
    CHECK(complaint("\"\\q\"") == "at 2: there is no such escape in a string");
}

TEST_CASE("strings: escapes, pairs, and bytes that are no UTF-8") {
    CHECK(read_string(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(read_string(R"("\u0041\u00e4\u20ac\ud83e\udd8e")") == "A\xc3\xa4\xe2\x82\xac\xf0\x9f\xa6\x8e");
    CHECK(read_string(R"("\udcff\udc80")") == "\xff\x80");
    CHECK(read_string(R"("\ud83e")") == "refused: at 2: half of a surrogate pair");
    CHECK(read_string(R"("\ud83e\u0041")") == "refused: at 2: half of a surrogate pair");
    CHECK(read_string(R"("\udd8e")") == "refused: at 2: half of a surrogate pair");
    CHECK(read_string(R"("\u12g4")") == "refused: at 4: \\u wants four hexadecimal digits");
    CHECK(read_string("\"a\nb\"") == "refused: at 3: a control character in a string; write it as \\u00XX");
    CHECK(written("a\"b\\c\n") == R"("a\"b\\c\n")");
    CHECK(written("\x1b[31m\x7f") == R"("\u001b[31m\u007f")");
    CHECK(written("\xc2\x9b") == R"("\u009b")");                // a C1 control, which a terminal obeys
    CHECK(written("\xe2\x80\xae") == R"("\u202e")");            // right-to-left override
    CHECK(written("\xff\xc3") == R"("\udcff\udcc3")");          // no UTF-8
    CHECK(written("\xc0\x80") == R"("\udcc0\udc80")");          // overlong
    CHECK(written("\xed\xa0\x80") == R"("\udced\udca0\udc80")");  // a surrogate
    CHECK(written("\xf0\x9f\xa6\x8e newt") == "\"\xf0\x9f\xa6\x8e newt\"");
}

TEST_CASE("every string of bytes survives the way there and back, and what goes to the terminal is printable") {
    std::mt19937 random(2);
    for (unsigned round = 0; round < 20'000; ++round) {
        std::string bytes(random() % 12, '\0');
        for (char& each : bytes) each = static_cast<char>(random() % 3 ? 0x80 + random() % 0x80 : random());
        const std::string text = written(bytes);
        CHECK(read_string(text) == bytes);
        for (const char c : text) CHECK((static_cast<u8>(c) >= 0x20 && c != 0x7f));
    }
}

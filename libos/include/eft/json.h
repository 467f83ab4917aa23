// JSON, read and written: strictly RFC 8259, values taken one after another from the front of the text.
//
// Who reads knows what must come, so there is no tree: after begin_object(), next_member() names a member whose value is
// read next, until it says that there is none. The first mistake ends everything: each function answers BadFormat from
// then on, and complaint() says where (counted from 1) and what.
//
// Strings are bytes. What is no UTF-8 stands in JSON as a lone surrogate, \udc80 to \udcff for the bytes 0x80 to 0xff
// (as Python's surrogateescape has it), so that every string survives the way there and back.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <string>
#include <string_view>

namespace eft {

enum class JsonKind { Object, Array, String, Number, Bool, Null };

class JsonReader {
public:
    explicit JsonReader(std::string_view text) : text_(text) {}

    // Of the value that comes next.
    Result<JsonKind> peek();

    Status begin_object();
    // False: the object has ended.
    Result<bool> next_member(std::string& name);
    Status begin_array();
    Result<bool> next_element();

    Result<std::string> string();
    // As it is written.
    Result<std::string_view> number();
    Result<bool> boolean();
    Status null();
    // Nothing but blanks is left.
    Status end();

    // About the value, or the name, that was read last.
    Error refuse(std::string_view what) { return refuse_at(last_, what); }
    const std::string& complaint() const { return complaint_; }

private:
    void skip_blanks();
    bool take(char character);
    Status begin(char bracket, std::string_view what);
    Result<bool> next(char bracket);
    Status word(std::string_view text);
    Status escape(std::string& to);
    Result<u32> four_digits();
    std::size_t digits();
    Error refuse_at(std::size_t at, std::string_view what);

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t last_ = 0;   // where the last value or name begins
    bool first_ = false;     // an object or array has just begun
    std::string complaint_;
};

// With its quotes. Control characters, and those that change the direction of text, are escaped: it goes to a terminal.
void append_json_string(std::string& to, std::string_view bytes);
// The same without quotes, for names of files: what would be escaped is \u and four digits, a byte that is no UTF-8 is \x and two.
std::string terminal_text(std::string_view bytes);

}  // namespace eft

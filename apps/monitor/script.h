// Scripts: how a program on the other end of the terminal has commands run and gets what they print, byte for byte.
//
//   request   = RS length "\n" bytes       RS is 0x1e; the length, in decimal, of the bytes: command lines, each with its
//                                          line feed; with more than kMaxScript bytes it is refused. Nothing is echoed.
//   answer    = DLE "(" output DLE ")" status "\n"       DLE is 0x10; the status is the last command's, in decimal
//   output    = what the commands print, in which each byte that a terminal would act on, DLE and ">" are written as DLE
//               and the byte with bit 6 inverted. Line feeds stay; on the line they are carriage return and line feed.
//
// So output can hold neither the end of an answer nor a prompt: a prompt within an answer says that the process of the
// prompt has been restarted, and that nothing more of this answer comes.
#pragma once

#include <string>
#include <string_view>

namespace eft::monitor {

constexpr char kScriptRequest = 0x1e;
constexpr std::size_t kMaxScript = 64 * 1024;

constexpr std::string_view kScriptBegin = "\x10(";
std::string script_end(int status);
std::string script_text(std::string_view output);

}  // namespace eft::monitor

// Scripts: how a program on the other end of the terminal has commands run and gets what they print, byte for byte.
//
//   request   = RS length "\n" bytes       RS is 0x1e; the length, in decimal, of the bytes: command lines, each with its
//                                          line feed; with more than kMaxScript bytes it is refused. Nothing is echoed.
//   answer    = DLE "(" output DLE ")" status "\n"       DLE is 0x10; the status is the last command's, in decimal
//   output    = what the commands print, in which each byte that a terminal would act on, DLE among them, is written as DLE
//               and the byte with bit 6 inverted. Line feeds stay; on the line they are carriage return and line feed.
//
// So output can hold neither the end of an answer nor an ESC. A process of the prompt that was restarted begins with
// kRestarted and perhaps a line that says why, and then prompts: nothing more of the answer before it comes.
#pragma once

#include <string>
#include <string_view>

namespace eft::monitor {

constexpr char kScriptRequest = 0x1e;
constexpr std::size_t kMaxScript = 64 * 1024;

constexpr std::string_view kRestarted = "\x1b[m\n";  // ECMA-48: the terminal's usual rendition, whatever the last process left
constexpr std::string_view kScriptBegin = "\x10(";
std::string script_end(int status);
std::string script_text(std::string_view output);

}  // namespace eft::monitor

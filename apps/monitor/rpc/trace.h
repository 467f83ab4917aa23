// What a trace record (<eft/message_trace.h>) says, in words: which call it was, what is known of its request, and what
// became of it. All by the descriptors, so that every interface in the boot archive is known.
//
// A record holds the request's tag and its first words: `...` stands for what lies behind them. Strings show as much of
// themselves as is there.
#pragma once

#include "monitor/rpc/catalogue.h"

#include <eft/abi/message.h>

#include <span>

namespace eft::monitor {

// "File.Open {path: "/readme.txt", handle: 3, start: 0}"; numbers for what nobody knows. `words` may be more than the request has,
// or fewer.
std::string request_text(const Catalogue& catalogue, Tag request, std::span<const u64> words);
// "answered", "answered: not found", "not answered", …
std::string answer_text(const Catalogue& catalogue, Tag request, u64 answer);

}  // namespace eft::monitor

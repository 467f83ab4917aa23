// What a trace record (<eft/message_trace.h>) says, in words: which call it was, what is known of its request, and what
// became of it. All by the descriptors, so that every interface in the boot archive is known.
//
// A record holds the request's tag and none of its words: how many words and capabilities there were. So it is known
// which capabilities came, and which fields did not; the values of those that came are `...`.
#pragma once

#include "monitor/rpc/catalogue.h"

#include <eft/abi/message.h>

namespace eft::monitor {

// "File.Open {path: ..., flags: ...}"; numbers for what nobody knows.
std::string request_text(const Catalogue& catalogue, Tag request);
// "answered", "answered: not found", "not answered", …
std::string answer_text(const Catalogue& catalogue, Tag request, u64 answer);

}  // namespace eft::monitor

// `service info` in words: a service's state, its last death, its capabilities, and what the dead one was asked last.
#pragma once

#include "monitor/rpc/catalogue.h"

#include <eft/idl/rs.h>

#include <string>

namespace eft::monitor {

std::string info_text(const rs::ServiceInfoView& info);
// Addresses in the program's image are "ext2+0x1234": what `./eft crash` gives functions and lines to.
std::string crash_text(const rs::CrashView& crash, std::string_view program);
// A line each.
std::string capabilities_text(const rs::TablePartView& part);
// The requests before a death, a line each, oldest first.
std::string messages_text(const Catalogue& catalogue, const rs::LastMessagesView& last);

}  // namespace eft::monitor

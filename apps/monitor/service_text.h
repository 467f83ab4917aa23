// `service info` in words: a service's state, its last death, its capabilities, and what the dead one was asked last.
#pragma once

#include "monitor/rpc/catalogue.h"

#include <eft/idl/rs.h>

#include <string>

namespace eft::monitor {

std::string info_text(const rs::ServiceInfoView& info);
// The requests before a death, a line each, oldest first.
std::string messages_text(const Catalogue& catalogue, const rs::LastMessagesView& last);

}  // namespace eft::monitor

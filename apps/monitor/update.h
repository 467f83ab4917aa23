// `service update NAME FILE`: another program for a service that stays.
#pragma once

#include "monitor/shell.h"

namespace eft::monitor {

Task<int> update_service(Shell& shell, const Arguments& given);

}  // namespace eft::monitor

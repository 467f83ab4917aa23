// The rows of the table that need code of their own.
#pragma once

#include "attack.h"

#include <span>

namespace eft::hostile {

std::span<const Case> instruction_cases();

}  // namespace eft::hostile

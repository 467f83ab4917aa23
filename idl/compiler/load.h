// From binary reflection to the model. Nothing is checked here but that the reflection itself is sound.
#pragma once

#include "model.h"

#include <optional>
#include <string>
#include <string_view>

namespace idlc {

// `input` is the name of the file that is compiled, as flatc wrote it into the reflection ("//echo.fbs"); only the part
// behind the last slash counts. Empty if the bytes are no schema; `why` then says what is wrong.
std::optional<Schema> load_schema(std::string_view bytes, std::string_view input, std::string& why);

}  // namespace idlc

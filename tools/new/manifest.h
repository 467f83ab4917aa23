// A service more in images/manifest/manifest.json.
#pragma once

#include <string>

namespace eft::fresh {

// `manifest` with `entry` behind the last one of its kind, or before all others if there is none, and with what the entry provides among
// the things that the prompt (the service `monitor`, if there is one) may connect to. The fields stand in the same
// order and layout as everywhere in the file.
std::string with_entry(const std::string& manifest, const std::string& entry);

// The first index at which no service has a device of the kind that `entry` names; 0 if it names none.
unsigned free_device_index(const std::string& manifest, const std::string& entry);

// The priority that most services of a kind ("Driver", "Server") have.
unsigned usual_priority(const std::string& manifest, const std::string& kind);

}  // namespace eft::fresh

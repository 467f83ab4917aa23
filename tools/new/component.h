// A new component, made of a template (templates/README.md): everything is worked out and checked before the first file
// is written.
#pragma once

#include "tree.h"

#include <map>
#include <string>
#include <vector>

namespace eft::fresh {

struct Component {
    std::string name, kind;                    // "server" or "driver"
    std::map<std::string, std::string> files;  // path in the tree -> contents; new ones
    std::map<std::string, std::string> changed;
    unsigned interface_id = 0;
    unsigned device_index = 0;  // of a driver
    bool with_ring = false;
};

// With a ring: a driver whose clients submit to rings; templates/driver_ring takes the place of what it has of
// templates/driver. Throws Refusal if the name cannot be had.
Component plan(const SourceTree& tree, const std::string& kind, const std::string& name, bool with_ring = false);

// Writes it. What was written is taken back if something cannot be.
void write(const SourceTree& tree, const Component& component);

// For people: what was made, and what to do next.
std::string report(const Component& component);

}  // namespace eft::fresh

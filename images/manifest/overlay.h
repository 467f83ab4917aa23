// Manifests that are another manifest with changes, so that a service's entry is written once.
//
//   {
//     "base": "../../../images/manifest/manifest.json",     relative to this file; may itself have a base
//     "without": ["ext2", "echo"],                          these services are left out
//     "change": [{"name": "hpet", "priority": 52}],         fields of an entry replaced; null takes one out
//     "add": [{"name": "client", "copies": 8, ...}]         at the end; copies are called client_0 to client_7
//   }
//
// Whatever names a service that the base does not have, or adds one that it has, is an error, so that an overlay does
// not outlive what it was written for. A file without "base" is a whole manifest and stays as it is: what a manifest may
// contain is flatc's business, not ours.
#pragma once

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace eft::manifest_overlay {

using Json = nlohmann::ordered_json;

// Its text is one line, which names the file.
struct OverlayError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The whole manifest. `read` lists the files that it was made of.
Json load(const std::string& path, std::vector<std::string>& read);

}  // namespace eft::manifest_overlay

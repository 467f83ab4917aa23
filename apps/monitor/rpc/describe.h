// An interface as text for people: its methods, and the fields of their requests and answers.
#pragma once

#include "monitor/rpc/catalogue.h"

namespace eft::monitor {

std::string interface_text(const Catalogue& catalogue, const descriptor::Service& service);
// "{amount: ulong}", with the fields of what it holds: "{leaf: {id: uint}, cargo: {Leaf: Leaf} | {Note: {text: string}}}". A
// nested table is written out once.
std::string record_text(const Catalogue& catalogue, std::string_view full_name);
// Of an error that a method answered, in words; of an interface's own one its name.
std::string error_text(const Catalogue& catalogue, const descriptor::Method& method, Error error);

}  // namespace eft::monitor

// What the first and only process of a Linux has to do that has one network card and no other files (images/front/linux.sh).
#pragma once

#include <string>

namespace eft::linux_machine {

// If it is not good, says so and ends: then the kernel stops, and so does the machine.
void check(bool good, const std::string& what);

// Those in /modules, in the order of their names: who needs another comes behind it.
void load_modules();

struct Card {
    const char* address;
    const char* gateway = nullptr;
};
// eth0, in a network of 256 addresses.
void set_up_card(const Card& card);

}  // namespace eft::linux_machine

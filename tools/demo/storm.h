// Harm to everything outside the kernel but root, the prompt and the canary by whose beats rs judges the others: each is
// killed, made to run an undefined instruction and to hang, and its calls are made to go wrong, in an order that a seed says.
#pragma once

#include "screen.h"

#include <system.h>

#include <array>
#include <random>

namespace eft::demo {

enum class Harm { Kill, Crash, Hang, Fault };
inline constexpr unsigned kHarms = 4;

class Storm {
public:
    Storm(qemu::System& system, Screen& screen, unsigned seed);

    // For the prompt: one more harm, and the end of faults that were ordered some time ago.
    std::string next();
    // Looks who has come back, and shows it.
    void look();
    // Takes back all faults.
    std::string end_of_faults();
    // Ends everything at the same moment, the prompt too, and waits until all of it is up again.
    void kill_everything();
    // Throws unless all are as they were in the beginning, or soon are.
    void wait_for_all();

    unsigned harms() const;
    // Who was harmed how often, and the slowest recovery of each.
    std::string table() const;

private:
    struct Victim {
        std::string name;
        qemu::ServiceLine seen;  // at the last look
        std::array<unsigned, kHarms> harms{};
        std::string news;      // of a harm that is not shown yet
        bool is_away = false;  // it was ended, and is not back
        long deaths = 0, slowest_us = 0;
        unsigned fault_until = 0;  // the turn at which its fault is taken back; 0: it has none
    };

    std::string harm(Victim& victim, Harm harm);
    void look_at(Victim& victim, const qemu::ServiceLine& now);

    qemu::System& system_;
    Screen& screen_;
    std::mt19937 random_;
    std::vector<Victim> victims_;
    std::vector<std::size_t> order_;  // of this round
    std::map<std::string, std::string> states_;  // in the beginning, of all services
    unsigned turn_ = 0;
};

}  // namespace eft::demo

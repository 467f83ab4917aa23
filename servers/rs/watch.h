// Heartbeats: a notification out, a counter back, never a call. A service that misses beats is a suspect, and only the
// one at fault is terminated.
//
// Not every silence is a fault. A beat counts as missed only if the suspect had the processor: it is ready and nobody of
// higher priority is, or its instruction pointer has moved, or somebody of lower priority beat meanwhile (the manifest's
// `canary` has the lowest priority for that). A suspect that is blocked waits for another: the search for the cause
// follows the chain of blocked threads to its end, which is at fault only if it misses beats, too. Nobody is at fault
// where the chain ends at a service that is being restarted, at a core server, or at one that beats.
#pragma once

#include "supervisor.h"

namespace eft::supervisor {

constexpr unsigned kMissesAllowed = 1;  // one beat may be late; the second in a row is a verdict

class Watch {
public:
    Watch(Processes& processes, Supervisor& supervisor, std::span<const Supervision> plans, std::span<ServiceRecord> records)
        : processes_(processes), supervisor_(supervisor), plans_(plans), records_(records) {}

    // After the supervisor's own tick.
    void tick();

private:
    bool due(unsigned index) const;
    void look(unsigned index);
    void ask(unsigned index);
    bool beat(unsigned index) const;
    u64 beats_below(u8 priority) const;
    u64 instruction(unsigned index) const;
    bool ready(unsigned index) const;
    bool had_processor(unsigned index) const;
    std::optional<unsigned> end_of_chain(unsigned suspect) const;
    void terminate_culprit(unsigned suspect);

    Processes& processes_;
    Supervisor& supervisor_;
    std::span<const Supervision> plans_;
    std::span<ServiceRecord> records_;
};

}  // namespace eft::supervisor

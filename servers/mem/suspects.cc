#include "suspects.h"

#include <algorithm>

namespace eft::memory {
namespace {

const Suspect* find(const State& state, u64 space, u64 page) {
    for (const Suspect& each : state.suspects)
        if (each.space == space && each.page == page) return &each;
    return nullptr;
}

// Another one takes the place of the one with the fewest deaths.
const Suspect& find_or_replace(const State& state, u64 space, u64 page) {
    if (const Suspect* known = find(state, space, page)) return *known;
    const Suspect& place = *std::ranges::min_element(state.suspects, {}, &Suspect::deaths);
    edit(place) = {space, page, 0};
    return place;
}

}  // namespace

void note_served_fault(State& state) {
    if (state.served_space == 0) return;
    const Suspect& suspect = find_or_replace(state, state.served_space, state.served_page);
    set(suspect.deaths, suspect.deaths + 1);
    set(state.has_suspects, true);
    set(state.served_space, 0);
    checkpoint();
}

bool ended_twice(const State& state, u64 space, u64 page) {
    const Suspect* suspect = find(state, space, page);
    return suspect && suspect->deaths >= 2;
}

void clear_suspect(State& state, u64 space, u64 page) {
    if (const Suspect* suspect = find(state, space, page)) edit(*suspect) = {};
    set(state.has_suspects, std::ranges::any_of(state.suspects, [](const Suspect& each) { return each.deaths != 0; }));
    checkpoint();
}

}  // namespace eft::memory

#include "overdue_history.h"

#include <algorithm>

namespace eft::supervisor {

unsigned OverdueHistory::add(u64 now, u64 window, u32 client) {
    auto place = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) { return each.used && each.client == client; });
    if (place == entries_.end()) {
        place = std::min_element(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
            return a.used != b.used ? b.used : a.time < b.time;
        });
    }
    *place = {true, client, now};
    return static_cast<unsigned>(std::count_if(entries_.begin(), entries_.end(),
                                               [&](const Entry& each) { return each.used && now - each.time < window; }));
}

}  // namespace eft::supervisor

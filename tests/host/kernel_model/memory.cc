// Address spaces: which page or table is reached at which address.
//
// `entries` has only what the machine can reach: when a table goes, so does what was below it. That a capability is
// mapped stays true until it is unmapped or the space dies.
#include "model.h"

#include <algorithm>

namespace eft::model {
namespace {

// Tables of level 1, 2 and 3 map 2 MiB, 1 GiB and 512 GiB; level 0 is a page, and a large page stands where a table of
// level 1 would.
u64 span(unsigned level) { return u64{1} << (12 + 9 * level); }
u64 start(unsigned level, u64 address) { return address / span(level) * span(level); }

}  // namespace

Error Model::map(Id id, CapId frame, u64 address, u64 how) {
    if (how >> 16) return Error::InvalidArgument;
    if (cap(frame).space) return Error::AlreadyMapped;
    const unsigned own_level = cap(frame).large ? 1 : 0;
    if (address % span(own_level) != 0 || address == 0 || address > kUserTop - span(own_level)) return Error::InvalidArgument;
    const Rights rights = how & 0xff;
    if ((rights & 2) && (rights & 4)) return Error::InvalidArgument;
    if (rights == 0 || (rights & ~cap(frame).rights)) return Error::MissingRight;
    Space& space = spaces.at(id);
    std::vector<unsigned> missing;
    for (unsigned level = 3; level > own_level; --level) {
        const auto found = space.entries.find({level, start(level, address)});
        if (found == space.entries.end()) {
            missing.push_back(level);
        } else if (cap(found->second).type == ObjectType::Frame) {
            return Error::AlreadyMapped;  // a larger page
        }
    }
    if (space.entries.contains({own_level, address})) return Error::AlreadyMapped;
    if (missing.size() > space.spare.size()) return Error::NeedMemory;
    for (const unsigned level : missing) {
        const CapId table = space.spare.back();
        space.spare.pop_back();
        space.entries[{level, start(level, address)}] = table;
        cap(table).level = level;
        cap(table).address = start(level, address);
    }
    space.entries[{own_level, address}] = frame;
    cap(frame).space = id;
    cap(frame).address = address;
    return Error::None;
}

void Model::unmap(CapId id) {
    Cap& frame = cap(id);
    Space& space = spaces.at(frame.space);
    const auto found = space.entries.find({frame.large ? 1u : 0u, frame.address});
    if (found != space.entries.end() && found->second == id) space.entries.erase(found);
    frame.space = 0;
    frame.address = 0;
}

void Model::detach(CapId id) {
    Cap& one = cap(id);
    if (one.type == ObjectType::Frame) return unmap(id);
    Space& space = spaces.at(one.space);
    if (one.level == 0) {
        std::erase(space.spare, id);
        return;
    }
    const auto found = space.entries.find({one.level, one.address});
    if (found == space.entries.end() || found->second != id) return;
    const u64 first = one.address, last = one.address + span(one.level) - 1;
    const unsigned top = one.level;
    std::erase_if(space.entries, [&](const auto& entry) {
        const auto [level, address] = entry.first;
        return level <= top && address >= first && address <= last;
    });
}

void Model::destroy_space(Id id) {
    for (auto& [number, one] : caps) {
        if (one.space != id || one.type == ObjectType::CapPage) continue;
        one.space = 0;
        one.address = 0;
        one.level = 0;
    }
    spaces.erase(id);
}

}  // namespace eft::model

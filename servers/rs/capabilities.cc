// What processes hold, for orders.h.
#include "orders.h"
#include "session_kinds.h"

#include <eft/boot_file.h>
#include <eft/invoke.h>

namespace eft::supervisor {
namespace {

constexpr unsigned kScannedSlots = 16384;  // in one step
static_assert(static_cast<u8>(rs::ObjectKind::CapPage) == static_cast<u8>(ObjectType::CapPage));

bool is_memory(ObjectType type) {
    return type == ObjectType::Untyped || type == ObjectType::Frame || type == ObjectType::PageTable || type == ObjectType::CapPage;
}

}  // namespace

void Orders::add_capabilities(Slot table, u64 slots, const PersistentPart* part) {
    for (u32 at = 1; at < std::min<u64>(slots, kScannedSlots); ++at) {
        const auto found = kernel_object::inspect(table, static_cast<Slot>(at));
        if (found.ok() && found->type != ObjectType::None) info_.add(capability(*found, at, part));
    }
}

std::string_view Orders::session_kind(std::string_view peer, Badge badge) const {
    for (const PersistentPart& part : parts_) {
        if (!part.plan || part.name() != peer) continue;
        const auto program = boot_file(program_of(*part.plan));
        std::string_view kinds = program.ok() ? noted_session_kinds(*program) : std::string_view();
        for (unsigned number = ipc::kind_number(badge); number > 1 && !kinds.empty(); --number) kinds.remove_prefix(std::min(kinds.find(' '), kinds.size() - 1) + 1);
        return ipc::kind_number(badge) == 0 ? std::string_view() : kinds.substr(0, kinds.find(' '));
    }
    return session_kind_of(peer, badge);
}

// `part` is null for those of core processes, whose configuration is root's.
rs::Capability Orders::capability(const kernel_object::CapInfo& found, u32 at, const PersistentPart* part) const {
    rs::Capability cap;
    cap.slot = at;
    cap.kind = static_cast<rs::ObjectKind>(found.type);
    cap.rights = found.rights;
    cap.data = found.data;
    for (u32 i = 0; part && i < part->named; ++i) {
        const NamedCap& named = part->page().caps[i];
        if (named.slot == at) cap.name = field_text(named.name);
    }
    if (found.type == ObjectType::Endpoint) {
        cap.peer = processes_.endpoint_name(found.id);
        cap.session = session_kind(cap.peer, Badge{found.data});
    }
    return cap;
}

Result<rs::TablePart> Orders::capabilities(ipc::Context&, Session&, const rs::TableQuery& request) {
    const PersistentPart* part = nullptr;
    Slot table = Slot::None;
    if (const u32 pid = core_pid(request.name); pid != 0) {
        table = core_.tables[pid - 1];
    } else {
        EFT_TRY(const unsigned index, ordered(request.name));
        part = &parts_[index];
        if (!part->made) return part->missing;
        table = part->table();
    }
    EFT_TRY(const u64 slots, kernel_object::table_slots(table));
    const u64 end = std::min<u64>(slots, u64{request.after} + kScannedSlots);
    rs::TablePart answer;
    capabilities_.clear();
    u64 at = u64{request.after} + 1;
    for (; at < end; ++at) {
        const auto found = kernel_object::inspect(table, static_cast<Slot>(at));
        if (!found.ok() || found->type == ObjectType::None) continue;
        if (found->type == ObjectType::Reply) ++answer.replies;
        else if (is_memory(found->type)) ++answer.memory;
        else if (!capabilities_.add(capability(*found, static_cast<u32>(at), part))) break;
    }
    answer.capabilities = capabilities_.list();
    answer.next = at < slots ? static_cast<u32>(at - 1) : 0;
    return answer;
}

Result<rs::TablePart> Orders::held(ipc::Context&, Session&, const rs::TableQuery& request) {
    EFT_TRY(const CrashDump* dump, dump_of(request.name));
    rs::TablePart answer;
    answer.left_out = dump->capabilities_left_out;
    capabilities_.clear();
    u32 last = request.after;
    for (const DumpedCapability& held : std::span(dump->capabilities).first(std::min<std::size_t>(dump->capability_count, kDumpedCapabilities))) {
        if (held.slot <= request.after) continue;
        rs::Capability cap = describe_capability(held);
        if (held.type == static_cast<u8>(ObjectType::Endpoint)) cap.session = session_kind(cap.peer, Badge{held.data});
        if (!capabilities_.add(cap)) {
            answer.next = last;
            break;
        }
        last = held.slot;
    }
    answer.capabilities = capabilities_.list();
    return answer;
}

}  // namespace eft::supervisor

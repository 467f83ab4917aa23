#include "core_servers.h"

#include <eft/invoke.h>
#include <eft/process.h>
#include <eft/text.h>

namespace eft::supervisor {
namespace {

constexpr u32 kOwnQuota = 16384;  // pages: all persistent parts are charged to rs

Result<CapHandle> take_granted(std::string_view name) {
    EFT_TRY(const Slot where, granted(name));
    return CapHandle(where);
}

Result<u64> object_id(Slot slot_of_it) {
    EFT_TRY(const kernel_object::CapInfo info, kernel_object::inspect(slot(WellKnown::Table), slot_of_it));
    return info.id;
}

}  // namespace

Status CoreServers::open() {
    EFT_TRY(CapHandle mem_control, take_granted("mem"));
    EFT_TRY(CapHandle proc_control, take_granted("proc"));
    EFT_TRY(CapHandle dev_control, take_granted("dev"));
    EFT_TRY(CapHandle names_control, take_granted("names"));
    EFT_TRY(const Slot own_space, granted("space"));
    EFT_TRY(device_list, granted("devices"));
    EFT_TRY(power, granted("power"));
    EFT_TRY(reset, granted("reset"));
    for (std::size_t i = 0; i < tables.size(); ++i) {
        FixedText<31> name("table/");
        EFT_TRY(tables[i], granted(name.append(kCoreProcesses[i])));
    }
    const Slot core[] = {mem_control.slot(), proc_control.slot(), dev_control.slot(), names_control.slot(), slot(WellKnown::Endpoint)};
    for (std::size_t i = 0; i < endpoint_ids.size(); ++i) {
        EFT_TRY(endpoint_ids[i], object_id(core[i]));
    }
    proc.transport().replace(std::move(proc_control));
    dev.transport().replace(std::move(dev_control));
    names.transport().replace(std::move(names_control));

    // A session for rs's own address space, where libos looks for it.
    memory_control.transport().replace(std::move(mem_control));
    mem::AdoptRequest adopt;
    adopt.space = ipc::CapField<ipc::kind::AddressSpace>(own_space);
    adopt.quota = kOwnQuota;
    adopt.own = true;
    EFT_TRY(mem::Space space, memory_control.adopt(adopt));
    CapHandle session(space.session.release());
    EFT_CHECK(kernel_object::move(slot(WellKnown::Table), slot(WellKnown::Memory), session.slot()));
    return_slot(session.release());
    memory.transport().replace(CapHandle(slot(WellKnown::Memory)));
    return {};
}

Result<const CoreServers::Log*> CoreServers::log_of(u32 pid) {
    if (pid == 0 || pid > logs.size()) return Error::NotFound;
    Log& log = logs[pid - 1];
    if (log.bytes == 0) {
        mem::CoreProcess process;
        process.pid = pid;
        EFT_TRY(mem::LogRing ring, memory_control.core_log(process));
        log = {CapHandle(ring.object.release()), ring.bytes};
    }
    return &log;
}

std::string_view CoreServers::endpoint_name(u64 object) const {
    for (std::size_t i = 0; i < endpoint_ids.size(); ++i) {
        if (endpoint_ids[i] == object) return kCoreServers[i];
    }
    return {};
}

}  // namespace eft::supervisor

// The interface Mem (idl/mem.fbs) over the state: what the ids and capabilities in a request are.
//
// Nothing in a request is trusted: ids and capabilities are looked up, numbers are checked where they are used.
#pragma once

#include "state.h"

#include <eft/idl/mem.h>

namespace eft::memory {

class MemServer {
public:
    explicit MemServer(State& state) : state_(state) {}

    Result<mem::Space> create_space(ipc::Context& context, const mem::SpaceRequest& request);
    Status destroy_space(ipc::Context& context, const mem::SpaceId& request);
    Status load_image(ipc::Context& context, const mem::Image& request);
    Result<mem::ThreadMade> make_thread(ipc::Context& context, mem::ThreadRequest&& request);
    Result<mem::ThreadMade> further_thread(ipc::Context& context, mem::FurtherThreadRequest&& request);
    Result<mem::Made> make_object(ipc::Context& context, const mem::KernelObjects& request);
    Status map_into(ipc::Context& context, mem::MappingInto&& request);
    Result<mem::Object> device_object(ipc::Context& context, const mem::DeviceRequest& request);
    Result<mem::PageAddresses> physical(ipc::Context& context, mem::PageQuery&& request);
    Result<mem::Archive> boot_archive(ipc::Context& context, const eft::Empty&);
    Result<mem::Space> adopt(ipc::Context& context, mem::AdoptRequest&& request);
    Result<mem::Object> create_object(ipc::Context& context, const mem::ObjectRequest& request);
    Status map(ipc::Context& context, mem::Mapping&& request);
    Status unmap(ipc::Context& context, const mem::Range& request);
    Status release(ipc::Context& context, mem::Object&& request);
    Result<mem::Usage> info(ipc::Context& context, const eft::Empty&);
    Status pin(ipc::Context& context, mem::Object&& request);
    Status unpin(ipc::Context& context, mem::Object&& request);
    Result<mem::Usage> info_of(ipc::Context& context, const mem::SpaceId& request);
    Result<mem::MemoryWords> read_memory(ipc::Context& context, const mem::MemoryQuery& request);
    Result<mem::LogRing> core_log(ipc::Context& context, const mem::CoreProcess& request);

    // A page fault that the kernel sent: the label of the answer.
    Error page_fault(Badge badge, u64 address, u64 code);

private:
    Result<Space*> find_space(u64 id);
    Space* find_key(u32 key);
    Result<Space*> own_space(const ipc::Context& context);
    Result<Object*> find_object(Slot slot);
    Result<mem::Space> open_session(Space& space);
    mem::Usage usage(const Space& space) const;

    State& state_;
    std::array<u64, mem::MemoryWords::kWordsMax> words_{};  // of the answer under way
    static_assert(mem::PageAddresses::kAddressesMax <= mem::MemoryWords::kWordsMax);
};

}  // namespace eft::memory

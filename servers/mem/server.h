// The interface Mem (idl/mem.fbs) over the state: what the ids and capabilities in a request are.
//
// Nothing in a request is trusted: ids and capabilities are looked up, numbers are checked where they are used.
//
// mem can die at any instruction. What it knows lies in its state region, in which a request's changes are undone if its
// reply did not go out (journal.h). The kernel's part of it follows the records (undone.h), or goes on to its end:
//   1  something is made: slots that are free again are emptied, blocks that are free again are revoked. A page that was made
//      in a block of its space and does not count is the next one (make_page_again)
//   2  an object gets its blocks one by one: nobody wants it before it has all, so it ends (finish_undone)
//   3  an image is loaded page by page: the request that is sent again goes on with the next page (Space::image)
//   4  a page fault: the page is not there, and the kernel sends the fault again; or it is mapped and counts from then on
//      (count_left_pages). One at which mem ended twice ends its process (suspects.h)
//   5  a space ends, or a new address space takes the place of an old one: the record says so before, and the next
//      incarnation does the rest (Space::phase, finish_undone). The answer to who asks again is that there is none
//   6  a mapping is taken away: some of its pages are gone, the record is there, and who asked for it asks again
//   7  an object's last request was answered, and its memory is not given back: it is in the list of those that end
//      (end_objects)
//   8  the first incarnation takes what root gave it, step by step: each is there or not (main.cc)
//   9  any of these repairs: they are done again
// A page or two of a space are lost to it, and charged to it until it ends, where a request does not come again (1).
#pragma once

#include "state.h"

#include <eft/idl/mem.h>

namespace eft::memory {

class MemServer {
public:
    explicit MemServer(State& state) : state_(state) {}

    Result<mem::Space> create_space(ipc::Context& context, const mem::SpaceRequest& request);
    Status destroy_space(ipc::Context& context, const mem::SpaceId& request);
    Status load_image(ipc::Context& context, mem::Image&& request);
    Result<mem::ThreadMade> make_thread(ipc::Context& context, mem::ThreadRequest&& request);
    Result<mem::ThreadMade> further_thread(ipc::Context& context, mem::FurtherThreadRequest&& request);
    Status make_replies(ipc::Context& context, mem::ReplyRequest&& request);
    Status end_threads(ipc::Context& context, const mem::SpaceId& request);
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

    // What the last request has left to do when it was answered: before the next one, or fault.
    bool has_more_to_do() const { return state_.first_ending != 0; }
    void finish_last() {
        if (!has_more_to_do() && !state_.undone) [[likely]] return;
        finish_all();
    }

    // A page fault that the kernel sent: the label of the answer.
    Error page_fault(Badge badge, u64 address, u64 code);

private:
    Result<const Space*> find_space(u64 id);
    const Space* find_key(u32 key);
    Result<const Space*> find_space(const mem::SpaceId& request);
    Result<const Space*> own_space(const ipc::Context& context);
    Result<const Object*> find_object(Slot slot);
    Result<mem::Space> open_session(const Space& space);
    Result<mem::Space> open_first_session(const Space& space);
    Result<Slot> keep(Slot received);
    mem::Usage usage(const Space& space) const;
    [[gnu::cold]] void finish_all();

    State& state_;
    std::array<u64, mem::MemoryWords::kWordsMax> words_{};  // of the answer under way
    static_assert(mem::PageAddresses::kAddressesMax <= mem::MemoryWords::kWordsMax);
};

}  // namespace eft::memory

// The interface Mem over the manager: who may ask for what, and what the capabilities in a request are.
//
// Callers are told apart by badge only. Nothing in a request is trusted: ids and capabilities are looked up, numbers
// are checked where they are used.
#pragma once

#include "manager.h"

#include <eft/idl/mem.h>

namespace eft::memory {

template <class Kernel>
class MemServer {
public:
    MemServer(Kernel& kernel, Manager<Kernel>& manager, u64 endpoint_id)
        : kernel_(kernel), manager_(manager), endpoint_id_(endpoint_id) {}

    Result<mem::Space> create_space(ipc::Context& context, const mem::SpaceRequest& request) {
        EFT_CHECK(require_control(context));
        EFT_TRY(Space * space, manager_.create_space(request.quota));
        return open_session(*space);
    }

    Result<mem::Space> adopt(ipc::Context& context, mem::AdoptRequest&& request) {
        EFT_CHECK(require_control(context));
        EFT_CHECK(require_type(request.space.slot(), ObjectType::AddressSpace));
        EFT_TRY(Space * space, manager_.adopt(request.space.slot(), request.quota));
        request.space.release();
        return open_session(*space);
    }

    Status destroy_space(ipc::Context& context, const mem::SpaceId& request) {
        EFT_CHECK(require_control(context));
        EFT_TRY(Space * space, find_space(request.id));
        manager_.destroy_space(*space);
        return {};
    }

    Status load_image(ipc::Context& context, const mem::Image& request) {
        EFT_CHECK(require_control(context));
        EFT_TRY(Space * space, find_space(request.space));
        return manager_.load_image(*space, {request.address, request.archive_offset, request.file_bytes,
                                            request.memory_bytes, request.rights});
    }

    Result<mem::ThreadMade> make_thread(ipc::Context& context, mem::ThreadRequest&& request) {
        EFT_CHECK(require_control(context));
        EFT_CHECK(require_type(request.table.slot(), ObjectType::CapTable));
        EFT_CHECK(require_type(request.exceptions.slot(), ObjectType::Endpoint));
        EFT_TRY(Space * space, find_space(request.space));
        EFT_TRY(const Slot thread, manager_.make_thread(*space, {request.table.slot(), request.exceptions.slot(),
                                                                 request.first_reply, request.replies,
                                                                 request.budget, request.period, request.ceiling}));
        mem::ThreadMade made;
        made.thread = made.thread.owning(thread);
        return made;
    }

    Result<mem::Made> make_object(ipc::Context& context, const mem::KernelObjects& request) {
        EFT_TRY(Space * space, request.space == 0 ? own_space(context) : controlled_space(context, request.space));
        EFT_TRY(const Slot object,
                manager_.make_object(*space, static_cast<ObjectType>(request.type), request.size_bits));
        mem::Made made;
        made.object = made.object.owning(object);
        return made;
    }

    Status map_into(ipc::Context& context, mem::MappingInto&& request) {
        EFT_TRY(Space * space, controlled_space(context, request.space));
        EFT_TRY(Object * object, find_object(request.object.slot()));
        return manager_.mappings().map(*space, *object,
                                       {request.offset, request.bytes, request.address, request.rights});
    }

    Result<mem::Object> device_object(ipc::Context& context, const mem::DeviceRequest& request) {
        EFT_CHECK(require_control(context));
        EFT_TRY(Object * object, manager_.objects().device(request.address, request.bytes, false));
        return answer_with(*object);
    }

    Result<mem::PageAddresses> physical(ipc::Context& context, mem::PageQuery&& request) {
        EFT_CHECK(require_control(context));
        EFT_TRY(Object * object, find_object(request.object.slot()));
        if (request.first > object->pages) return Error::OutOfRange;
        if (object->permanent) return Error::PermissionDenied;  // nothing for devices
        const u32 count = std::min<u32>(object->pages - request.first, mem::PageAddresses::kAddressesMax);
        u64* next = words_.data();
        EFT_CHECK(manager_.objects().for_pages(*object, request.first, count, [&next](Slot, u64 address) -> Status {
            *next++ = address;
            return {};
        }));
        mem::PageAddresses answer;
        answer.pages = object->pages;
        answer.addresses = {words_.data(), count};
        return answer;
    }

    Status pin(ipc::Context& context, mem::Object&& request) {
        EFT_CHECK(require_control(context));
        EFT_TRY(Object * object, find_object(request.object.slot()));
        ++object->pins;
        return {};
    }

    Status unpin(ipc::Context& context, mem::Object&& request) {
        EFT_CHECK(require_control(context));
        EFT_TRY(Object * object, find_object(request.object.slot()));
        if (object->pins == 0) return Error::WrongState;
        --object->pins;
        manager_.objects().end_if_unwanted(*object);
        return {};
    }

    Result<mem::Archive> boot_archive(ipc::Context& context, const eft::Empty&) {
        if (context.badge() != kControlSession) EFT_CHECK(space_status(context));
        EFT_TRY(mem::Object object, answer_with(manager_.archive()));
        mem::Archive archive;
        archive.object = std::move(object.object);
        archive.bytes = manager_.archive_bytes();
        return archive;
    }

    Result<mem::LogRing> core_log(ipc::Context& context, const mem::CoreProcess& request) {
        EFT_CHECK(require_control(context));
        EFT_TRY(const Object* log, manager_.core_log(request.pid));
        EFT_TRY(mem::Object object, answer_with(*log));
        mem::LogRing ring;
        ring.object = std::move(object.object);
        ring.bytes = u64{log->pages} * kPageSize;
        return ring;
    }

    Result<mem::Object> create_object(ipc::Context& context, const mem::ObjectRequest& request) {
        EFT_TRY(Space * space, own_space(context));
        EFT_TRY(Object * object, manager_.objects().create(*space, request.bytes, request.contiguous));
        Result<mem::Object> answer = answer_with(*object);
        if (!answer.ok()) {
            object->held = false;
            manager_.objects().end_if_unwanted(*object);
        }
        return answer;
    }

    Status map(ipc::Context& context, mem::Mapping&& request) {
        EFT_TRY(Space * space, own_space(context));
        EFT_TRY(Object * object, find_object(request.object.slot()));
        return manager_.mappings().map(*space, *object,
                                       {request.offset, request.bytes, request.address, request.rights});
    }

    Status unmap(ipc::Context& context, const mem::Range& request) {
        EFT_TRY(Space * space, own_space(context));
        return manager_.mappings().unmap(*space, request.address, request.bytes);
    }

    // Objects of devices belong to the control session; the archive stays.
    Status release(ipc::Context& context, mem::Object&& request) {
        EFT_TRY(Object * object, find_object(request.object.slot()));
        u32 caller = 0;
        if (context.badge() != kControlSession) {
            EFT_TRY(const Space* space, own_space(context));
            caller = space->id;
        }
        if (object->permanent || !object->held || object->owner != caller) return Error::PermissionDenied;
        object->held = false;
        manager_.objects().end_if_unwanted(*object);
        return {};
    }

    Result<mem::Usage> info(ipc::Context& context, const eft::Empty&) {
        if (context.badge() == kControlSession) return usage(nullptr);
        EFT_TRY(const Space* space, own_space(context));
        return usage(space);
    }

    Result<mem::Usage> info_of(ipc::Context& context, const mem::SpaceId& request) {
        EFT_TRY(const Space* space, controlled_space(context, request.id));
        return usage(space);
    }

    Result<mem::MemoryWords> read_memory(ipc::Context& context, const mem::MemoryQuery& request) {
        EFT_TRY(const Space* space, controlled_space(context, request.space));
        EFT_TRY(const u32 count, manager_.read_memory(*space, request.address, words_));
        mem::MemoryWords answer;
        answer.words = {words_.data(), count};
        return answer;
    }

    // A page fault that the kernel sent: the label of the answer.
    Error page_fault(Badge badge, u64 address, u64 code) {
        if (kind_of(badge) != Kind::Pager) return Error::PermissionDenied;
        return manager_.resolve_fault(id_of(badge), address, code);
    }

private:
    static Status require_control(const ipc::Context& context) {
        return context.badge() == kControlSession ? Status() : Error::PermissionDenied;
    }
    Status require_type(Slot slot, ObjectType type) {
        EFT_TRY(const auto info, kernel_.inspect(slot));
        return info.type == type ? Status() : Error::InvalidArgument;
    }

    Result<Space*> find_space(u64 id) {
        if (Space* space = manager_.spaces().find(id)) return space;
        return Error::NotFound;
    }
    Result<Space*> controlled_space(const ipc::Context& context, u64 id) {
        EFT_CHECK(require_control(context));
        return find_space(id);
    }
    Result<Space*> own_space(const ipc::Context& context) {
        if (kind_of(context.badge()) != Kind::Space) return Error::PermissionDenied;
        if (Space* space = manager_.spaces().find(id_of(context.badge()))) return space;
        return Error::StaleSession;
    }
    Status space_status(const ipc::Context& context) { return own_space(context).error(); }

    // Only what mem itself made counts: a capability to its own endpoint with the badge of an object that exists.
    Result<Object*> find_object(Slot slot) {
        EFT_TRY(const auto info, kernel_.inspect(slot));
        const Badge badge{info.data};
        if (info.type != ObjectType::Endpoint || info.id != endpoint_id_ || kind_of(badge) != Kind::Object)
            return Error::InvalidArgument;
        if (Object* object = manager_.objects().find(id_of(badge))) return object;
        return Error::NotFound;
    }

    Result<mem::Object> answer_with(const Object& object) {
        EFT_TRY(const Slot capability, manager_.objects().capability(object));
        mem::Object answer;
        answer.object = answer.object.owning(capability);
        return answer;
    }

    Result<mem::Space> open_session(Space& space) {
        const Result<Slot> session = kernel_.copy_for_sending(space.session);
        if (!session.ok()) {
            manager_.destroy_space(space);
            return session.error();
        }
        mem::Space answer;
        answer.session = answer.session.owning(*session);
        answer.id = space.id;
        return answer;
    }

    mem::Usage usage(const Space* space) {
        Store<Kernel>& store = manager_.store();
        mem::Usage answer;
        answer.quota = space ? space->quota : 0;
        answer.used = space ? space->used : 0;
        answer.free = store.buddy.free_pages();
        answer.total = store.buddy.total_pages();
        answer.slots = store.slots.used() + kernel_.slots_for_sending();
        answer.spaces = manager_.spaces().used();
        answer.objects = manager_.objects().used();
        return answer;
    }

    Kernel& kernel_;
    Manager<Kernel>& manager_;
    u64 endpoint_id_;
    std::array<u64, mem::MemoryWords::kWordsMax> words_{};  // of the answer under way
    static_assert(mem::PageAddresses::kAddressesMax <= mem::MemoryWords::kWordsMax);
};

}  // namespace eft::memory

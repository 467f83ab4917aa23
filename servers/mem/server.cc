#include "server.h"

#include "contents.h"
#include "effects.h"
#include "mappings.h"
#include "objects.h"
#include "spaces.h"
#include "suspects.h"
#include "threads.h"

#include <eft/cap.h>

#include <algorithm>

namespace eft::memory {
namespace {

Status require_type(Slot slot, ObjectType type) {
    EFT_TRY(const auto info, effects::inspect(slot));
    return info.type == type ? Status() : Error::InvalidArgument;
}

// Another capability to the object, in a slot of libos', to be sent away.
template <class Answer>
Result<Answer> answer_with(const Object& object) {
    EFT_TRY(CapHandle copy, copy_capability(object.master));
    Answer answer;
    answer.object = answer.object.owning(copy.release());
    return answer;
}

}  // namespace

Result<const Space*> MemServer::find_space(u64 id) {
    if (const Space* space = state_.spaces.find(id)) return space;
    return Error::NotFound;
}

const Space* MemServer::find_key(u32 key) {
    for (const Space& space : state_.spaces)
        if (space.id != 0 && key != 0 && space.key == key) return &space;
    return nullptr;
}

Result<const Space*> MemServer::own_space(const ipc::Context& context) {
    if (const Space* space = state_.spaces.find(ipc::session_id(context.badge()))) return space;
    return Error::StaleSession;
}

// Only what mem itself made counts: a capability to its own endpoint with the badge of an object that exists.
Result<const Object*> MemServer::find_object(Slot slot) {
    EFT_TRY(const auto info, effects::inspect(slot));
    const Badge badge{info.data};
    if (info.type != ObjectType::Endpoint || info.id != state_.endpoint_id || mem::Mem::kind_of(badge) != Kind::Object)
        return Error::InvalidArgument;
    if (const Object* object = state_.objects.find(ipc::session_id(badge))) return object;
    return Error::NotFound;
}

Result<mem::Space> MemServer::open_session(const Space& space) {
    EFT_TRY(CapHandle session, copy_capability(space.session));
    mem::Space answer;
    answer.session = answer.session.owning(session.release());
    answer.id = space.id;
    return answer;
}

// Of a new space, which ends if it cannot have one.
Result<mem::Space> MemServer::open_first_session(const Space& space) {
    auto session = open_session(space);
    if (!session.ok()) memory::destroy_space(state_, space);
    return session;
}

Result<mem::Space> MemServer::create_space(ipc::Context&, const mem::SpaceRequest& request) {
    if (const Space* lost = find_key(request.key)) {
        memory::destroy_space(state_, *lost);
        checkpoint();
    }
    EFT_TRY(const Space* space, memory::create_space(state_, request.quota));
    set(space->key, request.key);
    return open_first_session(*space);
}

// The session of one that replaces another stays, whatever fails: it is all that a core server has.
Result<mem::Space> MemServer::adopt(ipc::Context& context, mem::AdoptRequest&& request) {
    EFT_CHECK(require_type(request.space.slot(), ObjectType::AddressSpace));
    const u32 adopter = request.own ? static_cast<u32>(ipc::session_id(context.badge())) : 0;
    for (const Space& own : state_.spaces) {
        if (own.id == 0 || adopter == 0 || own.adopter != adopter) continue;
        lose_address_space(state_, own);
        EFT_TRY(const Slot kept, keep(request.space.slot()));
        return_slot(request.space.release());
        set(own.space, kept);
        return open_session(own);
    }
    EFT_TRY(const Slot kept, keep(request.space.slot()));
    return_slot(request.space.release());
    const Result<const Space*> space = adopt_space(state_, kept, request.quota);
    if (!space.ok()) {
        effects::remove(kept);
        state_.slots.give(kept);
        return space.error();
    }
    set((*space)->adopter, adopter);
    return open_first_session(**space);
}

// What came in a slot of libos' is moved to one that outlives this incarnation.
Result<Slot> MemServer::keep(Slot received) {
    EFT_TRY(const Slot kept, take_slots(state_));
    if (Status moved = effects::move(kept, received); !moved.ok()) {
        state_.slots.give(kept);
        return moved.error();
    }
    return kept;
}

Result<const Space*> MemServer::find_space(const mem::SpaceId& request) {
    const Space* space = request.id != 0 ? state_.spaces.find(request.id) : find_key(request.key);
    if (!space) return Error::NotFound;
    return space;
}

Status MemServer::destroy_space(ipc::Context&, const mem::SpaceId& request) {
    EFT_TRY(const Space* space, find_space(request));
    memory::destroy_space(state_, *space);
    return {};
}

Status MemServer::end_threads(ipc::Context&, const mem::SpaceId& request) {
    EFT_TRY(const Space* space, find_space(request));
    memory::end_threads(state_, *space);
    return {};
}

Status MemServer::load_image(ipc::Context&, mem::Image&& request) {
    EFT_TRY(const Space* space, find_space(request.space));
    const Object* object = nullptr;
    if (request.object.present()) {
        EFT_TRY(object, find_object(request.object.slot()));
    }
    return memory::load_image(state_, *space, {request.address, request.offset, request.file_bytes, request.memory_bytes, request.rights, object});
}

Result<mem::ThreadMade> MemServer::make_thread(ipc::Context&, mem::ThreadRequest&& request) {
    EFT_CHECK(require_type(request.table.slot(), ObjectType::CapTable));
    EFT_CHECK(require_type(request.exceptions.slot(), ObjectType::Endpoint));
    EFT_TRY(const Space* space, find_space(request.space));
    EFT_TRY(const Slot thread,
            memory::make_thread(state_, *space, {request.table.slot(), request.exceptions.slot(), request.first_reply, request.replies,
                                                 request.budget, request.period, request.ceiling}));
    mem::ThreadMade made;
    made.thread = made.thread.owning(thread);
    return made;
}

Status MemServer::make_replies(ipc::Context&, mem::ReplyRequest&& request) {
    EFT_CHECK(require_type(request.table.slot(), ObjectType::CapTable));
    EFT_TRY(const Space* space, find_space(request.space));
    return memory::make_replies(state_, *space, request.table.slot(), request.first, request.count);
}

Result<mem::ThreadMade> MemServer::further_thread(ipc::Context& context, mem::FurtherThreadRequest&& request) {
    EFT_CHECK(require_type(request.table.slot(), ObjectType::CapTable));
    EFT_TRY(const Space* space, own_space(context));
    EFT_TRY(const Slot thread, memory::make_further_thread(state_, *space, request.table.slot(), request.index));
    mem::ThreadMade made;
    made.thread = made.thread.owning(thread);
    return made;
}

Result<mem::Made> MemServer::make_object(ipc::Context& context, const mem::KernelObjects& request) {
    EFT_TRY(const Space* space, own_space(context));
    if (space->adopter != 0) {
        EFT_TRY(space, lasting_space(state_, *space));
    }
    EFT_TRY(const Slot object, memory::make_object(state_, *space, static_cast<ObjectType>(request.type), request.size_bits));
    mem::Made made;
    made.object = made.object.owning(object);
    return made;
}

Status MemServer::map_into(ipc::Context&, mem::MappingInto&& request) {
    EFT_TRY(const Space* space, find_space(request.space));
    EFT_TRY(const Object* object, find_object(request.object.slot()));
    return map_object(state_, *space, *object, {request.offset, request.bytes, request.address, request.rights});
}

Result<mem::Object> MemServer::device_object(ipc::Context&, const mem::DeviceRequest& request) {
    EFT_TRY(const Object* object, memory::device_object(state_, request.address, request.bytes));
    return answer_with<mem::Object>(*object);
}

Result<mem::PageAddresses> MemServer::physical(ipc::Context&, mem::PageQuery&& request) {
    EFT_TRY(const Object* object, find_object(request.object.slot()));
    if (request.first > object->pages) return Error::OutOfRange;
    if (object->permanent) return Error::PermissionDenied;  // nothing for devices
    const u32 count = std::min<u32>(object->pages - request.first, mem::PageAddresses::kAddressesMax);
    PageWalk pages(state_, *object, request.first);
    for (u32 i = 0; i < count; ++i) words_[i] = pages.next().address;
    mem::PageAddresses answer;
    answer.pages = object->pages;
    answer.addresses = {words_.data(), count};
    return answer;
}

Status MemServer::pin(ipc::Context&, mem::Object&& request) {
    EFT_TRY(const Object* object, find_object(request.object.slot()));
    set(object->pinned, true);
    return {};
}

Status MemServer::unpin(ipc::Context&, mem::Object&& request) {
    EFT_TRY(const Object* object, find_object(request.object.slot()));
    set(object->pinned, false);
    end_if_unwanted(state_, *object);
    return {};
}

Result<mem::Archive> MemServer::boot_archive(ipc::Context& context, const eft::Empty&) {
    if (const auto space = own_space(context); !space.ok()) return space.error();
    EFT_TRY(mem::Archive archive, answer_with<mem::Archive>(*state_.objects.find(state_.archive)));
    archive.bytes = state_.archive_bytes;
    return archive;
}

Result<mem::LogRing> MemServer::core_log(ipc::Context&, const mem::CoreProcess& request) {
    if (request.pid == 0 || request.pid > state_.core_logs.size()) return Error::NotFound;
    const Object* log = state_.objects.find(state_.core_logs[request.pid - 1]);
    if (!log) return Error::NotFound;
    EFT_TRY(mem::LogRing ring, answer_with<mem::LogRing>(*log));
    ring.bytes = u64{log->pages} * kPageSize;
    return ring;
}

Result<mem::Object> MemServer::create_object(ipc::Context& context, const mem::ObjectRequest& request) {
    EFT_TRY(const Space* space, own_space(context));
    EFT_TRY(const Object* object, memory::create_object(state_, *space, request.bytes, request.contiguous));
    Result<mem::Object> answer = answer_with<mem::Object>(*object);
    if (!answer.ok()) release_object(state_, *object);
    return answer;
}

Status MemServer::map(ipc::Context& context, mem::Mapping&& request) {
    EFT_TRY(const Space* space, own_space(context));
    EFT_TRY(const Object* object, find_object(request.object.slot()));
    return map_object(state_, *space, *object, {request.offset, request.bytes, request.address, request.rights});
}

Status MemServer::unmap(ipc::Context& context, const mem::Range& request) {
    EFT_TRY(const Space* space, own_space(context));
    return memory::unmap(state_, *space, request.address, request.bytes);
}

// Objects of devices belong to dev; the archive stays.
Status MemServer::release(ipc::Context& context, mem::Object&& request) {
    EFT_TRY(const Object* object, find_object(request.object.slot()));
    u32 caller = 0;
    if (mem::Mem::kind_of(context.badge()) == Kind::Space) {
        EFT_TRY(const Space* space, own_space(context));
        caller = space->id;
    }
    if (object->permanent || !object->held || object->owner != caller) return Error::PermissionDenied;
    release_object(state_, *object);
    return {};
}

Result<mem::Usage> MemServer::info(ipc::Context& context, const eft::Empty&) {
    EFT_TRY(const Space* space, own_space(context));
    return usage(*space);
}

Result<mem::Usage> MemServer::info_of(ipc::Context&, const mem::SpaceId& request) {
    EFT_TRY(const Space* space, find_space(request.id));
    return usage(*space);
}

mem::Usage MemServer::usage(const Space& space) const {
    mem::Usage answer;
    answer.quota = space.quota;
    answer.used = space.used;
    answer.free = state_.blocks.free_pages;
    answer.total = state_.blocks.total_pages;
    answer.slots = state_.slots.used() + used_scratch_slots() - 2 * state_.blocks.pairs_in_use - state_.table_pages;
    answer.spaces = state_.spaces.used();
    answer.objects = state_.objects.used();
    answer.exhausted = space.exhausted;
    if (space.context != Slot::None) answer.charged = memory::effects::charged_to(space.context).value_or(0);
    return answer;
}

Result<mem::MemoryWords> MemServer::read_memory(ipc::Context&, const mem::MemoryQuery& request) {
    EFT_TRY(const Space* space, find_space(request.space));
    EFT_TRY(const u32 count, memory::read_memory(state_, *space, request.address, words_));
    mem::MemoryWords answer;
    answer.words = {words_.data(), count};
    return answer;
}

void MemServer::finish_all() {
    if (state_.undone) finish_undone(state_);
    end_objects(state_);
}

Error MemServer::page_fault(Badge badge, u64 address, u64 code) {
    if (mem::Mem::kind_of(badge) != Kind::Pager) return Error::PermissionDenied;
    const u64 space = ipc::session_id(badge), page = page_down(address);
    if (state_.has_suspects && ended_twice(state_, space, page)) [[unlikely]] return Error::ServiceFailed;
    set_at_once(state_.served_page, page);
    set_at_once(state_.served_space, space);
    const Error error = resolve_fault(state_, space, address, code);
    set_at_once(state_.served_space, 0);
    if (state_.has_suspects) [[unlikely]] clear_suspect(state_, space, page);
    return error;
}

}  // namespace eft::memory
